"""The demo's workflow, over real processes, a real bus and a real chain."""

from pathlib import Path

from play import Start

from hourglass.cli.dev import EXAMPLES, FEED_SEED
from hourglass.testing.price_feed import NOISE_CENTS, SERIES_CENTS, serve_prices
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus

WORKFLOW = f"{EXAMPLES}/price_agreement/workflow.py:oracle"
BROKEN = f"{EXAMPLES}/price_agreement/broken.py:oracle"


async def test_operators_agree_on_a_price_and_the_contract_holds_the_update(start: Start) -> None:
    async with serve_prices(FEED_SEED) as feed:
        environments = [{"PRICE_FEED_URL": f"{feed}/operator-{n}"} for n in range(1, 6)]
        play = await start(WORKFLOW, specs={5: BROKEN}, environments=environments)
        execution = await play.execute(WORKFLOW, b"ETH/USD")
        assert await play.until_ended(execution) is ExecutionStatus.COMPLETED

        agreed = int.from_bytes((await play.phase(execution, 0)).result, "big", signed=True)
        assert abs(agreed - SERIES_CENTS[0]) <= NOISE_CENTS
        assert (
            await play.phase(execution, 1)
        ).result == f"ETH/USD={agreed // 100}.{agreed % 100:02d}".encode()

        async def named() -> bool:
            reasons = await play.reasons(execution, 1)
            return reasons.get("operator-5") == "outvoted"

        await play.until("the broken operator to be named", named)
        assert (await play.reasons(execution, 0)).get("operator-5") == "outvoted"


async def test_a_phase_completes_while_a_minority_is_missing(start: Start, workflows: Path) -> None:
    spec = f"{workflows / 'single.py'}:single"
    play = await start(spec)
    await play.agent(4).kill()
    await play.agent(5).kill()
    execution = await play.execute(spec, b"quiet")
    assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
    assert (await play.phase(execution, 0)).result == b"QUIET"


async def test_a_phase_without_a_quorum_times_out_on_chain(start: Start, workflows: Path) -> None:
    spec = f"{workflows / 'single.py'}:single"
    play = await start(spec)
    await play.agent(1).kill()
    execution = await play.execute(spec, b"too few")
    await play.until_signed(execution, 0, 4)
    assert (await play.phase(execution, 0)).status is PhaseStatus.ACTIVE

    await play.network.anvil.increase_time(601)
    assert await play.until_ended(execution) is ExecutionStatus.FAILED
    assert (await play.phase(execution, 0)).status is PhaseStatus.TIMED_OUT

    async def named() -> bool:
        return (await play.reasons(execution, 0)).get("operator-1") == "no_answer"

    await play.until("the silent operator to be named", named)
