"""CONTINUOUS, CONDITIONAL and AGGREGATION phases, and all five types together, over real processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import bn254
import pytest
from play import Play, Start, Witnessing

from hourglass.bus.config import BusConfig
from hourglass.bus.nats import NatsBus
from hourglass.certificate.ticks import TickScope, certificate
from hourglass.chain.codec import load_contract
from hourglass.chain.port import Trigger
from hourglass.chain.sender import TransactionSender
from hourglass.cli.demo import PRICES_CENTS, STAKES
from hourglass.cli.dev import EXAMPLES, FEED_SEED
from hourglass.errors import RevertedError
from hourglass.testing.deployment import SetName
from hourglass.testing.price_feed import serve_prices
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import ExecutionId, PhaseIndex
from hourglass.workflow.series import decode_series
from messages.requests import TickCertificate
from messages.subjects import PHASES
from messages.wire import decode

FOLDER = EXAMPLES / "price_oracle"
QUICK, BROKEN, HOURLY = (
    f"{FOLDER}/workflow.py:quick",
    f"{FOLDER}/broken.py:quick",
    f"{FOLDER}/workflow.py:oracle",
)
PACE = {"solicit_s": 0.5, "turn_s": 1.0, "gather_any_s": 0.4, "recall_s": 2.0, "resubmit_s": 0.5}
WEIGHTS: list[dict[SetName, int]] = [
    {number: stakes[index] for number, stakes in STAKES.items()} for index in range(5)
]


@pytest.fixture
async def prices() -> AsyncIterator[list[dict[str, str]]]:
    """Each operator's own feed."""
    async with serve_prices(FEED_SEED, PRICES_CENTS) as feed:
        yield [{"PRICE_FEED_URL": f"{feed}/operator-{n}"} for n in range(1, 6)]


class Ticks:
    """The ticks that were told to be certified, and the chain's clock in a hand."""

    def __init__(self, play: Play, bus: NatsBus) -> None:
        self.play = play
        self.bus = bus
        self.certified: dict[int, TickCertificate] = {}

    async def until(self, last: int, step_s: int) -> None:
        """Wait for each tick up to `last`; after each, let the chain's clock jump to the next one."""
        async with self.bus.subscribe(PHASES.name, "ticks", ("tick.>",)) as deliveries:
            async for delivery in deliveries:
                message = decode(delivery.data)
                assert isinstance(message, TickCertificate)
                await delivery.ack()
                tick = message.certified.tick
                if tick not in self.certified:
                    self.certified[tick] = message
                    if len(self.certified) == last:
                        return
                    await self.play.network.anvil.increase_time(step_s)


@asynccontextmanager
async def ticks(play: Play) -> AsyncIterator[Ticks]:
    async with NatsBus.connect(BusConfig(url=play.network.nats.url)) as bus:
        yield Ticks(play, bus)


async def test_all_five_types_run_together_in_three_overlapping_sets_with_a_broken_operator(
    start: Start, prices: list[dict[str, str]], witness: Witnessing
) -> None:
    play = await start(
        QUICK, specs={5: BROKEN}, environments=prices, operator_sets=(1, 2, 3), weights=WEIGHTS, pace=PACE
    )
    async with witness(play.network) as seen:
        execution = await play.execute(QUICK, b"ETH/USD")
        assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
        assert seen.slots_signed_twice() == []
    phases = [await play.phase(execution, index) for index in range(5)]
    series = decode_series(phases[0].result)
    agreed = int.from_bytes(phases[1].result, "big")
    assert series.ticks == 12
    assert series.count >= 1
    assert agreed > 5_000
    assert phases[2].result == f"ETH/USD={agreed}".encode()
    assert phases[4].result == phases[2].result + b" (" + phases[3].result + b")"
    assert {phase.operator_set.number for phase in phases} == {1, 2, 3}

    async def named() -> bool:
        return (await play.reasons(execution, 4)).get("operator-5") == "outvoted"

    await play.until("the broken operator to be named", named)


async def test_an_hour_of_twelve_ticks_passes_in_seconds_and_every_tick_is_provable_on_chain(
    start: Start, prices: list[dict[str, str]]
) -> None:
    play = await start(HOURLY, environments=prices, operator_sets=(1, 2, 3), pace=PACE)
    async with ticks(play) as heard:
        execution = await play.execute(HOURLY, b"ETH/USD")
        await heard.until(12, step_s=300)
    assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
    series = decode_series((await play.phase(execution, 0)).result)
    assert series.count == series.ticks == 12
    assert not series.stopped
    await _verify_on_chain(play, execution, heard)


async def _verify_on_chain(play: Play, execution: ExecutionId, heard: Ticks) -> None:
    """The contract's verifier takes each tick's certificate, and the series holds the values that they are for."""
    view = await play.phase(execution, 0)
    table = await play.chain.operator_table(view.operator_set, view.reference_timestamp)
    series = decode_series(view.result)
    verifier = load_contract("OperatorTable")
    for tick, message in heard.certified.items():
        scope = TickScope(message.slot, view.inputs_hash, table, view.consensus_threshold)
        made = bn254.certificate_of(certificate(message.certified, scope, bn254.table_of(table).backend))
        assert message.certified.value[1:] == series.values[message.certified.tick]
        data = verifier.call(
            "verifyCertificate", (str(view.operator_set.avs), view.operator_set.number), made.as_tuple()
        )
        answer = await play.network.anvil.request(
            "eth_call",
            {"to": str(play.network.deployment.operator_table), "data": "0x" + data.hex()},
            "latest",
        )
        (weights,) = verifier.answer("verifyCertificate", bytes.fromhex(answer[2:]))
        assert weights[0] > 0, f"tick {tick}"


async def test_killed_nodes_go_on_with_a_series_at_the_right_tick(
    start: Start, prices: list[dict[str, str]], witness: Witnessing
) -> None:
    play = await start(HOURLY, environments=prices, operator_sets=(1, 2, 3), pace=PACE)
    aggregator = play.network.aggregators[0].process
    async with witness(play.network) as seen, ticks(play) as heard:
        execution = await play.execute(HOURLY, b"ETH/USD")
        await heard.until(5, step_s=300)
        for process in (aggregator, play.agent(1), play.agent(2)):
            await process.kill()
        for process in (play.agent(1), play.agent(2), aggregator):
            await process.start()
        await play.network.anvil.increase_time(300)
        await heard.until(12, step_s=300)
        assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
        assert seen.slots_signed_twice() == []
    series = decode_series((await play.phase(execution, 0)).result)
    assert series.missed == ()


async def test_operators_watch_a_condition_and_a_source_opens_another(start: Start, workflows: Path) -> None:
    spec = f"{workflows / 'policies.py'}:gates"
    play = await start(spec)
    execution = await play.execute(spec, b"payload")

    async def both() -> bool:
        watched, opened = await play.phase(execution, 1), await play.phase(execution, 2)
        return (watched.status, opened.status) == (PhaseStatus.COMPLETED, PhaseStatus.CONDITIONAL_WAITING)

    await play.until("the watched phase to complete, the other to wait", both)
    sender = TransactionSender(play.chain, play.network.deployment.admin)
    with pytest.raises(RevertedError) as refused:
        await sender.send(Trigger(execution, PhaseIndex(2), b"wrong"))
    assert refused.value.error_name == "TriggerNotMet"
    await sender.send(Trigger(execution, PhaseIndex(2), b"open sesame"))
    assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
    assert (await play.phase(execution, 2)).result == b"OPEN SESAME"
