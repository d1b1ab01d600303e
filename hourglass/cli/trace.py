"""Reads what `hourglass logs` and `hourglass debug` tell: the chain's events, aggregators' memories, nodes' logs."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hourglass.chain.port import Chain, LoggedEvent
from hourglass.chain.trail import MAX_RANGE
from hourglass.cli.arguments import data_of
from hourglass.cli.network import NetworkConfig, paying_account
from hourglass.cli.status import ask
from hourglass.cli.timeline import Entry, entries_of_answers, entry_of_event, entry_of_line
from hourglass.errors import ConfigError
from hourglass.reasons import Reason
from hourglass.workflow.events import WorkflowExecutionStarted
from hourglass.workflow.identifiers import WORD_BYTES, BlockNumber, ExecutionId, WorkflowId

if TYPE_CHECKING:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.tasks import TaskView
    from hourglass.workflow.definition import RegisteredWorkflow

NODE_LOGS = ("*/log.jsonl", "run/*/*/log.jsonl")
"""Where nodes that were started together keep their logs, from the network's file: of `hourglass dev`, of DevKit."""


@dataclass(slots=True)
class Trace:
    """Everything that a chain says of one state machine, up to a block."""

    chain: Chain
    names: dict[str, str]
    events: list[LoggedEvent] = field(default_factory=list)
    _times: dict[BlockNumber, int] = field(default_factory=dict)

    async def read(self) -> BlockNumber:
        """Read all there is; the newest block's number. Raises ChainError."""
        head, first = await self.chain.head(), await self.chain.start_block()
        for start in range(first, head.number + 1, MAX_RANGE):
            end = min(head.number, start + MAX_RANGE - 1)
            self.events += await self.chain.events(BlockNumber(start), BlockNumber(end))
        return head.number

    def forget(self, first_removed: BlockNumber) -> None:
        """What happened from this block on never happened."""
        self.events = [one for one in self.events if one.block < first_removed]
        self._times = {block: time for block, time in self._times.items() if block < first_removed}

    async def time_of(self, block: BlockNumber) -> int:
        """A block's timestamp. Raises ConfigError(UNKNOWN_NAME) if a reorg removed it meanwhile."""
        if block not in self._times:
            found = await self.chain.block(block)
            if found is None:
                raise ConfigError(Reason.UNKNOWN_NAME, f"Block {block} was replaced meanwhile; ask again.")
            self._times[block] = found.timestamp
        return self._times[block]

    async def entries(self, events: Iterable[LoggedEvent]) -> list[Entry]:
        """As the timeline has them."""
        return [entry_of_event(one, await self.time_of(one.block), self.names) for one in events]

    def executions_of(self, workflow_id: WorkflowId) -> list[ExecutionId]:
        """The executions of one version of a workflow, oldest first."""
        return [
            one.event.execution_id
            for one in self.events
            if isinstance(one.event, WorkflowExecutionStarted) and one.event.workflow_id == workflow_id
        ]

    def workflow_of(self, execution_id: ExecutionId) -> WorkflowId:
        """Raises ConfigError(UNKNOWN_NAME) for an execution that the chain does not have."""
        for one in self.events:
            if isinstance(one.event, WorkflowExecutionStarted) and one.event.execution_id == execution_id:
                return one.event.workflow_id
        raise ConfigError(Reason.UNKNOWN_NAME, f"The chain has no execution 0x{execution_id.hex()}.")


async def find_workflow(chain: Chain, network: NetworkConfig, text: str) -> "RegisteredWorkflow":
    """By its id, or by the name under which the network's own account registered it: then the newest version.

    Raises ConfigError(UNKNOWN_NAME).
    """
    if text.startswith("0x"):
        raw = data_of(text, "--workflow-id")
        found = await chain.workflow(WorkflowId(raw)) if len(raw) == WORD_BYTES else None
    else:
        found = await chain.latest_workflow(paying_account(network).address, text)
    if found is None:
        raise ConfigError(
            Reason.UNKNOWN_NAME,
            f"The chain has no workflow {text!r}: give its id, 0x and 64 hexadecimal digits, or the name under "
            "which the network's own account registered it.",
        )
    return found


async def find_task(chain: "EvmChain", network: NetworkConfig, named: ExecutionId) -> "TaskView | None":
    """The plain task of this hash; None if the network's mailbox, if it names one, has none."""
    from hourglass.chain.mailbox import open_mailbox
    from hourglass.chain.tasks import TaskHash

    mailbox = await open_mailbox(chain, network.chain)
    return None if mailbox is None else await mailbox.task(TaskHash(named))


async def remembered(network: NetworkConfig, execution_id: ExecutionId) -> list[list[dict[str, Any]]]:
    """What each aggregator that answers remembers of the execution's phase attempts."""
    asked = [asyncio.to_thread(ask, url, execution_id) for url in network.aggregators]
    return [known for known in await asyncio.gather(*asked) if known is not None]


async def answers_as_entries(network: NetworkConfig, executions: Iterable[ExecutionId]) -> list[Entry]:
    """The answers that aggregators hold, each once however many hold it."""
    entries: dict[Entry, None] = {}
    for execution_id in executions:
        for phases in await remembered(network, execution_id):
            entries.update(dict.fromkeys(entries_of_answers(execution_id, phases, network.names)))
    return list(entries)


def log_files(network_file: Path, named: Sequence[Path]) -> list[Path]:
    """The logs that were named, else those beside the network's file. Raises ConfigError for one that is not there."""
    for path in named:
        if not path.is_file():
            raise ConfigError(Reason.INVALID_CONFIG, f"--log {path}: there is no such file.")
    folder = network_file.resolve().parent
    return list(named) or sorted(path for pattern in NODE_LOGS for path in folder.glob(pattern))


def lines_as_entries(files: Iterable[Path]) -> list[Entry]:
    """What nodes wrote about executions, in their JSON logs; anything else in these files is passed over."""
    entries = []
    for path in files:
        node = path.parent.name if path.name == "log.jsonl" else path.stem
        for line in path.read_text("utf-8", errors="replace").splitlines():
            entry = entry_of_line(line, node)
            if entry is not None:
                entries.append(entry)
    return entries
