"""Python workflows and a gRPC performer in one agent: each does its own."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import samples
from performances import phase, task, word

from agent.config import AgentConfig
from agent.performers import opening
from agent.performers.port import Work
from agent.performers.python import PythonPerformer
from agent.performers.routing import RoutingPerformer
from hourglass.errors import ConfigError
from hourglass.workflow.identifiers import PhaseIndex, StakeWeight

OURS, THEIRS = b"\x01" * 32, b"\x02" * 32


@dataclass
class Recorder:
    """Does nothing and remembers who was asked."""

    name: bytes
    definition_hashes: frozenset[bytes] = frozenset()
    asked: list[str] = field(default_factory=list)

    async def perform(self, work: Work, timeout_s: float) -> bytes:
        self.asked.append("perform")
        return self.name

    async def watch(self, work: Work, timeout_s: float) -> list[bytes] | None:
        self.asked.append("watch")
        return [self.name]

    async def reduce(self, *_: Any) -> bytes:
        self.asked.append("reduce")
        return self.name


def routed() -> tuple[Recorder, Recorder, RoutingPerformer]:
    python, foreign = Recorder(b"python", frozenset({OURS})), Recorder(b"foreign")
    return python, foreign, RoutingPerformer(python, foreign)  # type: ignore[arg-type]


@pytest.mark.parametrize(("definition", "who"), [(OURS, b"python"), (THEIRS, b"foreign")])
async def test_a_phase_goes_to_who_defines_it(definition: bytes, who: bytes) -> None:
    _, _, performer = routed()
    work = phase(definition_hash=definition)
    assert await performer.perform(work, 1) == who
    assert await performer.watch(work, 1) == [who]
    observations = [(word(1), StakeWeight(1))]
    assert await performer.reduce(definition, PhaseIndex(0), samples.phase(), observations, 1) == who


async def test_a_task_goes_to_the_grpc_performer_whatever_it_says_of_definitions() -> None:
    python, foreign, performer = routed()
    assert await performer.perform(task(b"x", definition_hash=OURS), 1) == b"foreign"
    assert (python.asked, foreign.asked) == ([], ["perform"])


# ── From the configuration ────────────────────────────────────────────────────────────────────────────

TASKS = """
from hourglass import Workflow
wf = Workflow("tasks")
@wf.task
async def answer(task) -> bytes:
    return b""
"""
PHASES = """
from hourglass import Context, Workflow
wf = Workflow("phases")
@wf.immediate(operator_set=1, threshold=6667, timeout=60)
async def one(ctx: Context) -> int:
    return 1
"""


def settings(**code: Any) -> AgentConfig:
    return AgentConfig.model_validate(
        {
            "chain": {"rpc_url": "http://127.0.0.1:1", "chain_id": 1, "state_machine": str(samples.MACHINE)},
            "bus": {},
            "operator_key": {"file": "key"},
            "bls_key": {"keystore": "bls"},
            "journal": "journal",
            "operator_sets": [{"avs": str(samples.SET.avs), "number": 1}],
            **code,
        }
    )


def test_an_agent_without_any_code_is_refused() -> None:
    with pytest.raises(ValueError, match="no code to run"):
        settings()


async def test_each_combination_opens_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "phases.py").write_text(PHASES)
    workflows = [f"{tmp_path / 'phases.py'}:wf"]
    performer = {"address": "127.0.0.1:1"}
    for code, expected in (
        ({"workflows": workflows}, "PythonPerformer"),
        ({"performer": performer}, "GrpcPerformer"),
        ({"workflows": workflows, "performer": performer}, "RoutingPerformer"),
    ):
        async with opening.open_performer(settings(**code), samples.OPERATORS[0]) as opened:
            assert type(opened).__name__ == expected


async def test_two_that_would_answer_tasks_are_refused(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(TASKS)
    workflows = [f"{tmp_path / 'tasks.py'}:wf"]
    async with PythonPerformer.start(workflows, {}) as python:
        assert python.answers_tasks
    config = settings(workflows=workflows, performer={"address": "127.0.0.1:1"})
    with pytest.raises(BaseException) as caught:
        async with opening.open_performer(config, samples.OPERATORS[0]):
            pass
    error: BaseException = caught.value
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ConfigError)
    assert "remove one" in error.detail


async def test_without_grpc_installed_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "agent.performers.grpc", None)
    with pytest.raises(ConfigError, match=r"hourglass-workflow\[grpc\]"):
        async with opening.open_performer(settings(performer={"address": "a:1"}), samples.OPERATORS[0]):
            pass
