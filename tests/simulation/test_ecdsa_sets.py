"""Operator sets that sign with secp256k1 keys, on the in-memory twins: the same workflows, beside sets on BN254."""

import asyncio
from dataclasses import replace

from hourglass import Context, Series, Workflow, median
from hourglass.certificate.curves import verify_any
from hourglass.certificate.ecdsa_table import EcdsaCertificate, EcdsaOperatorTable
from hourglass.certificate.operators import OperatorTable
from hourglass.certificate.ticks import TickScope, are_signed, certificate, has_quorum
from hourglass.testing.network import MemoryNetwork, memory_network
from hourglass.workflow.execution import PhaseStatus
from hourglass.workflow.identifiers import ExecutionId, PhaseIndex, Tick
from messages.requests import TickCertificate

INTERVAL_S = 60


def on_both_curves() -> Workflow:
    """Set 1 signs on ECDSA, set 2 on BN254."""
    workflow = Workflow("both")

    @workflow.continuous(operator_set=1, threshold="66.67%", timeout=600, interval=INTERVAL_S, updates=3)
    async def watch(ctx: Context) -> int:
        return 100 + ctx.tick

    @workflow.coordination(after=[watch], operator_set=1, threshold="66.67%", timeout=60, reduce=median)
    async def agree(ctx: Context) -> int:
        return ctx.result(watch).latest or 0

    @workflow.immediate(after=[agree], operator_set=2, threshold="66.67%", timeout=60)
    async def update(ctx: Context) -> int:
        return ctx.result(agree) + 1

    return workflow


async def test_one_workflow_runs_on_sets_of_both_curves_and_every_tick_has_a_certificate() -> None:
    workflow = on_both_curves()
    watch, agree, update = workflow.phases
    async with memory_network(workflow, ecdsa_sets={1}) as network:
        execution = await network.execute()
        scope: TickScope | None = None
        for tick in (1, 2, 3):
            one = await network.certified(execution, PhaseIndex(0), Tick(tick))
            if scope is None:
                view = await network.chain.phase(execution, PhaseIndex(0))
                assert view is not None
                table = await network.chain.operator_table(view.operator_set, view.reference_timestamp)
                assert isinstance(table, EcdsaOperatorTable)
                said = next(m for m in network._published("PHASES") if isinstance(m, TickCertificate))
                scope = TickScope(said.slot, view.inputs_hash, table, view.consensus_threshold)
            made = certificate(one, scope, network.ledger.home.backend)
            assert isinstance(made, EcdsaCertificate)
            assert sum(verify_any(made, scope.table, network.ledger.home.backend)) * 3 >= 2 * 1_000
            assert has_quorum(one, scope)
            assert are_signed((one,), scope, network.ledger.home.backend, bytes(16))
            for forged in (
                replace(one, value=one.value + b"x"),
                replace(one, signature=one.signature[:-65]),
                replace(one, signature=one.signature[65:] + one.signature[:65]),
                replace(one, signers=b"\x00"),
            ):
                assert not are_signed((forged,), scope, network.ledger.home.backend, bytes(16))
            network.ledger.advance(INTERVAL_S)
        series: Series[int] = await network.result(execution, watch)
        assert dict(series.values) == {1: 101, 2: 102, 3: 103}
        assert await network.result(execution, agree) == 103
        assert await network.result(execution, update) == 104
        view = await network.chain.phase(execution, PhaseIndex(2))
        assert view is not None
        on_bn254 = await network.chain.operator_table(view.operator_set, view.reference_timestamp)
        assert isinstance(on_bn254, OperatorTable)


async def test_a_minority_that_computes_another_value_is_outvoted() -> None:
    honest, broken = Workflow("w"), Workflow("w")

    @honest.immediate(operator_set=1, threshold="66.67%", timeout=60)
    async def answer(ctx: Context) -> int:
        return 42

    @broken.immediate(operator_set=1, threshold="66.67%", timeout=60, name="answer")
    async def lie(ctx: Context) -> int:
        return 41

    async with memory_network(honest, ecdsa_sets={1}, others={3: broken}) as network:
        execution = await network.execute()
        assert await network.result(execution, answer) == 42


async def test_too_little_stake_is_no_quorum_on_this_curve_either() -> None:
    honest, broken = Workflow("w"), Workflow("w")

    @honest.immediate(operator_set=1, threshold="66.67%", timeout=30)
    async def answer(ctx: Context) -> int:
        return 42

    @broken.immediate(operator_set=1, threshold="66.67%", timeout=30, name="answer")
    async def fail(ctx: Context) -> int:
        raise RuntimeError("no feed")

    async with memory_network(honest, ecdsa_sets={1}, others={0: broken}) as network:
        execution = await network.execute()
        async with asyncio.timeout(20):
            while "handler_failed" not in network.refusals(execution) or not await _have_signed(
                network, execution, 600
            ):
                await asyncio.sleep(0.02)
        assert network.status(execution, 0) is PhaseStatus.ACTIVE
        network.ledger.advance(31)
        await network.ended(execution)
        assert network.status(execution, 0) is PhaseStatus.TIMED_OUT


async def _have_signed(network: MemoryNetwork, execution: ExecutionId, stake: int) -> bool:
    known = await network.known(execution, 0)
    return any(one["signed_weights"] == [str(stake)] for one in known.get("digests", ()))


async def test_an_aggregator_that_restarts_asks_the_journals_again() -> None:
    workflow = on_both_curves()
    async with memory_network(workflow, ecdsa_sets={1}, aggregators=2) as network:
        execution = await network.execute()
        await network.certified(execution, PhaseIndex(0), Tick(1))
        await network.restart_aggregators()
        network.ledger.advance(INTERVAL_S)
        await network.certified(execution, PhaseIndex(0), Tick(2))
        network.ledger.advance(INTERVAL_S)
        await network.certified(execution, PhaseIndex(0), Tick(3))
        network.ledger.advance(INTERVAL_S)
        assert await network.result(execution, workflow.phases[2]) == 104
