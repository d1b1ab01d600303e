"""The performer's own process: fine handlers, and every way in which they are not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import samples

from agent.performers.port import Work
from agent.performers.python import PythonPerformer
from hourglass.errors import ConfigError, HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Attempt, ChainTime, PhaseIndex, StakeWeight, Tick
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import TickValue

WORKFLOW = """
import asyncio, os, time
from hourglass import Context, EarlyStop, Workflow, Weighed, Reducer, always, price_above, stake_weighted_median

wf = Workflow("tried")
common = dict(operator_set=1, threshold="66.67%", timeout=60)

@wf.coordination(reduce=stake_weighted_median, **common)
async def observe(ctx: Context) -> int:
    return int(os.environ.get("OBSERVES", "7"))

@wf.immediate(after=[observe], **common)
async def twice(ctx: Context) -> int:
    print("computing", flush=True)
    return 2 * ctx.result(observe) + len(ctx.payload)

@wf.immediate(**common)
async def raises(ctx: Context) -> int:
    raise RuntimeError("down")

@wf.immediate(**common)
async def wrong(ctx: Context) -> int:
    return "seven"

@wf.immediate(**common)
async def dies(ctx: Context) -> int:
    os._exit(3)

@wf.immediate(**common)
async def sleeps(ctx: Context) -> int:
    await asyncio.sleep(3600)
    return 1

@wf.immediate(**common)
async def spins(ctx: Context) -> int:
    time.sleep(3600)
    return 1

@wf.coordination(reduce=Reducer("broken", lambda seen: 1 // 0), **common)
async def unreducible(ctx: Context) -> int:
    return 1

@wf.immediate(**common)
async def secrets(ctx: Context) -> str:
    return ",".join(sorted(os.environ))

@wf.continuous(interval=5, updates=3, **common)
async def ticks(ctx: Context) -> int:
    if ctx.tick == 2:
        raise EarlyStop(20)
    return 10 * ctx.tick

async def see(ctx: Context) -> int:
    return 5_001

async def sign(ctx: Context) -> list[bytes]:
    return [b"first", b"second"]

@wf.conditional(when=price_above(5_000), watch=see, **common)
async def watched(ctx: Context) -> bytes:
    return ctx.trigger_data or b"nothing"

@wf.conditional(when=always(), watch=sign, **common)
async def approved(ctx: Context) -> int:
    return 1

@wf.immediate(**common)
async def stops(ctx: Context) -> int:
    raise EarlyStop(1)
"""
PHASES = (
    "observe",
    "twice",
    "raises",
    "wrong",
    "dies",
    "sleeps",
    "spins",
    "unreducible",
    "secrets",
    "ticks",
    "watched",
    "approved",
    "stops",
)
Start = Callable[..., Any]


def word(value: int) -> bytes:
    return value.to_bytes(32, "big", signed=True)


def work(performer: PythonPerformer, phase: str, **results: int) -> Work:
    (definition,) = performer.definition_hashes
    return Work(
        definition_hash=definition,
        execution_id=samples.EXECUTION,
        phase_index=PhaseIndex(PHASES.index(phase)),
        attempt=Attempt(1),
        tick=Tick(0),
        phase_name=phase,
        phase_type=PhaseType.IMMEDIATE,
        metadata=b"",
        payload=b"abc",
        results=tuple((PhaseIndex(PHASES.index(name)), word(value)) for name, value in results.items()),
        trigger_data=None,
        operator=samples.OPERATORS[0],
        deadline=ChainTime(0),
    )


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def begin(
            source: str = WORKFLOW, name: str = "tried.py", **environment: str
        ) -> PythonPerformer:
            (tmp_path / name).write_text(source)
            spec = f"{tmp_path / name}:wf"
            return await stack.enter_async_context(PythonPerformer.start((spec,), environment))

        yield begin


async def reason_of(performer: PythonPerformer, phase: str, timeout_s: float = 10.0) -> Reason:
    with pytest.raises(HandlerError) as caught:
        await performer.perform(work(performer, phase), timeout_s)
    return caught.value.reason


async def test_handlers_compute_from_their_inputs_side_by_side(start: Start) -> None:
    performer = await start(OBSERVES="41")
    async with asyncio.TaskGroup() as group:
        seen = group.create_task(performer.perform(work(performer, "observe"), 10))
        double = group.create_task(performer.perform(work(performer, "twice", observe=20), 10))
    assert seen.result() == word(41)
    assert double.result() == word(43)


async def test_reducers_run_there_too_and_weigh(start: Start) -> None:
    performer = await start()
    (definition,) = performer.definition_hashes
    seen = [(word(1), StakeWeight(10)), (word(5), StakeWeight(3)), (b"no integer", StakeWeight(99))]
    assert await performer.reduce(definition, PhaseIndex(0), samples.phase(), seen, 10) == word(1)
    with pytest.raises(HandlerError) as caught:
        await performer.reduce(definition, PhaseIndex(7), samples.phase(), seen, 10)
    assert caught.value.reason is Reason.REDUCER_FAILED


@pytest.mark.parametrize(
    ("phase", "reason"),
    [
        ("raises", Reason.HANDLER_FAILED),
        ("wrong", Reason.HANDLER_WRONG_TYPE),
        ("dies", Reason.PERFORMER_CRASHED),
        ("twice", Reason.HANDLER_FAILED),
    ],
)
async def test_a_failure_has_its_reason_and_the_next_call_works(
    start: Start, phase: str, reason: Reason
) -> None:
    performer = await start()
    assert await reason_of(performer, phase) is reason
    assert await performer.perform(work(performer, "observe"), 10) == word(7)


@pytest.mark.parametrize("phase", ["sleeps", "spins"])
async def test_a_handler_that_hangs_is_ended_and_the_next_call_works(start: Start, phase: str) -> None:
    performer = await start()
    assert await reason_of(performer, phase, timeout_s=0.3) is Reason.HANDLER_TIMED_OUT
    assert await performer.perform(work(performer, "observe"), 10) == word(7)


async def test_a_definition_that_was_not_loaded_is_an_unknown_workflow(start: Start) -> None:
    performer = await start()
    with pytest.raises(HandlerError) as caught:
        await performer.reduce(bytes(32), PhaseIndex(0), samples.phase(), [], 10)
    assert caught.value.reason is Reason.UNKNOWN_WORKFLOW


async def test_the_agent_s_environment_does_not_reach_the_handlers(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATOR_PASSWORD", "hidden")
    performer = await start(GIVEN="1")
    names = (await performer.perform(work(performer, "secrets"), 10)).decode().split(",")
    assert "GIVEN" in names
    assert "OPERATOR_PASSWORD" not in names


@pytest.mark.parametrize(
    ("source", "words"), [("wf = 1", "no Workflow"), ("import nothing_of_that_name", "nothing_of_that_name")]
)
async def test_a_workflow_that_does_not_load_is_told_at_the_start(
    start: Start, source: str, words: str
) -> None:
    with pytest.raises((ConfigError, ExceptionGroup)) as caught:
        await start(source)
    assert words in str(_first(caught.value))


async def test_the_author_s_modules_may_be_named_like_this_project_s(start: Start, tmp_path: Path) -> None:
    for name in ("agent", "messages", "aggregator", "workflow", "python"):
        (tmp_path / f"{name}.py").write_text(f"WHO = 'the author\\'s {name}'")
    performer = await start(
        """
import agent, messages, aggregator, workflow, python
from hourglass import Context, Workflow

wf = Workflow("shadows")

@wf.immediate(operator_set=1, threshold="66.67%", timeout=60)
async def whose(ctx: Context) -> str:
    return "; ".join(module.WHO for module in (agent, messages, aggregator, workflow, python))
""",
        "mine.py",
    )
    import agent
    import messages

    (definition,) = performer.definition_hashes
    said = await performer.perform(work(performer, "observe"), 10)
    assert said.decode().startswith("the author's agent; the author's messages")
    assert agent.__doc__ is not None, "ours is ours"
    assert "One operator's process" in agent.__doc__
    assert messages.__doc__ is not None
    assert definition


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def test_a_tick_s_observation_carries_the_wish_to_stop(start: Start) -> None:
    performer = await start()
    for tick, expected in ((1, TickValue(False, word(10))), (2, TickValue(True, word(20)))):
        asked = replace(work(performer, "ticks"), tick=Tick(tick))
        assert TickValue.decode(await performer.perform(asked, 10)) == expected


async def test_ticks_are_reduced_by_their_values_and_rubbish_is_left_out(start: Start) -> None:
    performer = await start()
    observations = [
        (TickValue(False, word(1)).encode(), StakeWeight(1)),
        (TickValue(True, word(3)).encode(), StakeWeight(5)),
        (b"\x07", StakeWeight(100)),
        (word(9), StakeWeight(100)),
    ]
    (definition,) = performer.definition_hashes
    assert await performer.reduce(
        definition, PhaseIndex(PHASES.index("ticks")), samples.phase(), observations, 10
    ) == word(3)


async def test_only_a_series_can_be_stopped_early(start: Start) -> None:
    assert await reason_of(await start(), "stops") is Reason.HANDLER_FAILED


async def test_a_watch_gives_a_value_approvals_or_nothing(start: Start) -> None:
    performer = await start()
    assert await performer.watch(work(performer, "watched"), 10) == [word(5_001)]
    assert await performer.watch(work(performer, "approved"), 10) == [b"first", b"second"]
    assert await performer.watch(work(performer, "twice"), 10) is None


async def test_what_opened_the_gate_reaches_the_handler(start: Start) -> None:
    performer = await start()
    asked = replace(work(performer, "watched"), trigger_data=b"key")
    assert await performer.perform(asked, 10) == b"key"
