"""The child process that loads the AVS's workflows and runs their handlers.

It is started as a script, not as a module of `agent`: nothing of `agent`, `aggregator` or `messages` is imported
here, so the author's own modules of those names are found, and are his. Requests come and answers go as length-prefixed
msgpack on two pipes of their own; what handlers print goes to the agent's log. It ends when its pipe closes.
"""

import asyncio
import importlib
import importlib.util
import os
import struct
import sys
import traceback
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import msgpack

from hourglass.errors import HandlerError, HourglassError
from hourglass.reasons import Reason
from hourglass.workflow.authoring import Workflow
from hourglass.workflow.context import Context, EarlyStop
from hourglass.workflow.identifiers import Address, StakeWeight
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.reducers import Weighed
from hourglass.workflow.series import TickValue
from hourglass.workflow.tasks import TaskContext
from hourglass.workflow.values import BYTES, INT

LENGTH = struct.Struct(">I")
Message = dict[str, Any]


def load(spec: str) -> Workflow:
    """A workflow from "module:name" or "path/to/file.py:name"; without a name, the only one there."""
    where, _, name = spec.rpartition(":")
    if not where:
        where, name = name, ""
    module = _load_file(Path(where).resolve()) if where.endswith(".py") else importlib.import_module(where)
    if not name:
        found = {key: value for key, value in vars(module).items() if isinstance(value, Workflow)}
        if len(found) != 1:
            raise TypeError(f"write {spec}:NAME, one of its workflows: {', '.join(sorted(found)) or 'none'}")
        return next(iter(found.values()))
    workflow = getattr(module, name)
    if not isinstance(workflow, Workflow):
        raise TypeError(f"{spec} is no Workflow")
    return workflow


def _load_file(path: Path) -> ModuleType:
    # First, so that the author's own modules win over anything installed.
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Registered, so that what the handlers define can be pickled and found by its name.
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


def describe(workflow: Workflow) -> Message:
    """The definition as plain values; the agent hashes it, sparing every worker the ABI library's import."""
    if workflow.task_handler is not None and not workflow.phases:
        return {"takes_tasks": True}
    definition = workflow.compile()
    return {
        "takes_tasks": workflow.task_handler is not None,
        "name": definition.name,
        "phases": [
            [
                phase.name,
                int(phase.phase_type),
                phase.timeout_s,
                list(phase.dependencies),
                phase.trigger_condition,
                phase.operator_set_id,
                phase.metadata,
                str(phase.required_stake),
                phase.consensus_threshold,
                [
                    bytes(phase.options.avs or b""),
                    phase.options.max_attempts,
                    int(phase.options.on_failure),
                    phase.options.fallback_phase,
                    int(phase.options.trigger_mode),
                    phase.options.skip_if_unmet,
                ],
            ]
            for phase in definition.phases
        ],
        "execution_timeout": definition.execution_timeout_s,
    }


async def perform(workflow: Workflow, request: Message) -> bytes:
    """Run one handler; of a CONTINUOUS phase, its observation of one tick."""
    phase = workflow.phases[request["phase"]]
    stop = False
    try:
        value = await phase.handler(_context(workflow, request))
    except EarlyStop as wish:
        stop, value = True, wish.value
    except Exception as error:
        traceback.print_exc()
        raise HandlerError(Reason.HANDLER_FAILED, f"{type(error).__name__}: {error}"[:200]) from error
    encoded: bytes = phase.value_type.encode(value)
    if phase.phase_type is PhaseType.CONTINUOUS:
        return TickValue(stop, encoded).encode()
    if stop:
        raise HandlerError(Reason.HANDLER_FAILED, "It raised EarlyStop, which is for CONTINUOUS phases.")
    return encoded


async def perform_task(workflow: Workflow, request: Message) -> bytes:
    """Run the handler of plain tasks."""
    if workflow.task_handler is None:
        raise HandlerError(Reason.UNKNOWN_WORKFLOW, f"Workflow {workflow.name!r} has no handler of tasks.")
    context = TaskContext(
        task_hash=request["execution"],
        payload=request["payload"],
        operator=Address(request["operator"]),
        deadline=request["deadline"],
    )
    try:
        value = await workflow.task_handler(context)
    except Exception as error:
        traceback.print_exc()
        raise HandlerError(Reason.HANDLER_FAILED, f"{type(error).__name__}: {error}"[:200]) from error
    return BYTES.encode(value)


async def watch(workflow: Workflow, request: Message) -> list[bytes] | None:
    """Run what the author gave to watch the phase's condition with: one value, or a MULTI_SIG's approvals."""
    phase = workflow.phases[request["phase"]]
    if phase.watch is None:
        return None
    try:
        seen = await phase.watch(_context(workflow, request))
    except Exception as error:
        traceback.print_exc()
        raise HandlerError(Reason.HANDLER_FAILED, f"{type(error).__name__}: {error}"[:200]) from error
    match seen:
        case list():
            return [BYTES.encode(one) for one in seen]
        case bytes():
            return [seen]
        case _:
            return [INT.encode(seen)]


def _context(workflow: Workflow, request: Message) -> Context:
    return Context(
        workflow_name=workflow.name,
        execution_id=request["execution"],
        phase_index=request["phase"],
        attempt=request["attempt"],
        tick=request["tick"],
        payload=request["payload"],
        results=dict(request["results"]),
        trigger_data=request["trigger_data"],
        operator=Address(request["operator"]),
        deadline=request["deadline"],
    )


def reduce(workflow: Workflow, request: Message) -> bytes:
    """Run one reducer. An observation that is no value of the phase's type is left out: it cannot be counted."""
    phase = workflow.phases[request["phase"]]
    if phase.reducer is None:
        raise HandlerError(Reason.REDUCER_FAILED, f"Phase {phase.name!r} has no reducer.")
    observations = []
    for raw, weight in request["observations"]:
        try:
            value = TickValue.decode(raw).value if phase.phase_type is PhaseType.CONTINUOUS else raw
            observations.append(Weighed(phase.value_type.decode(value), StakeWeight(int(weight))))
        except ValueError:
            continue
    try:
        reduced = phase.reducer.reduce(observations)
    except Exception as error:
        raise HandlerError(Reason.REDUCER_FAILED, f"{type(error).__name__}: {error}"[:200]) from error
    encoded: bytes = phase.value_type.encode(reduced)
    return encoded


async def answer(workflows: list[Workflow], request: Message) -> Message:
    """One request's answer; never raises."""
    try:
        workflow = workflows[request["workflow"]]
        match request["kind"]:
            case "reduce":
                value: object = reduce(workflow, request)
            case "watch":
                value = await watch(workflow, request)
            case "task":
                value = await perform_task(workflow, request)
            case _:
                value = await perform(workflow, request)
    except HourglassError as error:
        return {"id": request["id"], "reason": error.reason.code, "detail": error.detail}
    except Exception as error:
        # One handler's odd value must not take the others' process along.
        traceback.print_exc()
        detail = f"{type(error).__name__}: {error}"[:200]
        return {"id": request["id"], "reason": Reason.HANDLER_FAILED.code, "detail": ascii(detail)}
    return {"id": request["id"], "value": value}


async def serve(requests: int, answers: int, specs: list[str]) -> None:
    """Load, say what was loaded, and answer requests side by side until the pipe closes."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(requests, "rb", 0))

    def send(message: Message) -> None:
        data: bytes = msgpack.packb(message, use_bin_type=True)
        data = LENGTH.pack(len(data)) + data
        while data:
            data = data[os.write(answers, data) :]

    async def work(request: Message) -> None:
        send(await answer(workflows, request))

    try:
        workflows = [load(spec) for spec in specs]
        send({"loaded": [describe(workflow) for workflow in workflows]})
    except Exception as error:
        traceback.print_exc()
        send({"failed": f"{type(error).__name__}: {error}"})
        return
    async with asyncio.TaskGroup() as group:
        tasks: dict[int, asyncio.Task[None]] = {}
        while (request := await _receive(reader)) is not None:
            if request["kind"] == "cancel":
                task = tasks.pop(request["id"], None)
                if task is not None:
                    task.cancel()
                continue
            task = group.create_task(work(request))
            tasks[request["id"]] = task
            task.add_done_callback(partial(_forget, tasks, request["id"]))
        for task in tasks.values():
            task.cancel()


def _forget(tasks: dict[int, asyncio.Task[None]], which: int, _: asyncio.Task[None]) -> None:
    tasks.pop(which, None)


async def _receive(reader: asyncio.StreamReader) -> Message | None:
    try:
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        request: Message = msgpack.unpackb(await reader.readexactly(length), raw=False)
    except asyncio.IncompleteReadError:
        return None
    return request


if __name__ == "__main__":
    # The folder of this very script holds the agent's own modules: the author's code must not find them.
    sys.path[:] = [
        entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent
    ]
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
