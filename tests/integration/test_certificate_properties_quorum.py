"""Down to a phase's threshold any signers complete it, and one signer less never does: the state machine compares
exactly, in every column, where the verifier rounds down.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio
from certificate_cases import COLUMNS, Case, Weights, palettes, secret_key, table_of
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from verifier import published

from hourglass.certificate.digests import phase_message_hash
from hourglass.certificate.operators import OperatorTable
from hourglass.certificate.quorum import quorum_reached, verifier_accepts
from hourglass.certificate.slots import Slot
from hourglass.chain.client import EvmChain, RpcRefusedError
from hourglass.chain.codec import load_contract
from hourglass.chain.config import ChainConfig
from hourglass.chain.port import ChainView, ExecuteWorkflow, RegisterWorkflow
from hourglass.chain.sender import TransactionSender
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import LOCAL_AVS, OperatorRegistration, deploy_local
from hourglass.testing.worlds import phase
from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.events import WorkflowExecutionStarted, WorkflowRegistered
from hourglass.workflow.identifiers import (
    Address,
    BasisPoints,
    ChainId,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    Round,
    StakeWeight,
    Tick,
)

THRESHOLDS = tuple(map(BasisPoints, (1, 3_333, 3_334, 5_000, 5_001, 6_666, 6_667, 9_999, 10_000)))
SET = OperatorSetId(LOCAL_AVS, 1)
MACHINE = load_contract("WorkflowStateMachine")
RESULT = b"result"
CALL_GAS = 30_000_000
EXAMPLES = 150

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, slots=True)
class Open:
    """An execution whose phases are all open, each with another threshold; no call leaves a trace."""

    anvil: Anvil
    machine: Address
    verifier: Address
    execution: ExecutionId
    phases: tuple[ChainView, ...]

    def case(self, index: int, table: OperatorTable, signers: tuple[int, ...]) -> Case:
        """A certificate of this phase's result."""
        view = self.phases[index]
        chain_id = ChainId(self.anvil.chain_id)
        slot = Slot(
            chain_id, self.machine, self.execution, PhaseIndex(index), view.attempt, Tick(0), Round(0)
        )
        message_hash = phase_message_hash(slot, SET, view.inputs_hash, RESULT)
        return Case(table, tuple(sorted(signers)), message_hash)

    async def submit(self, index: int, table: OperatorTable, signers: tuple[int, ...]) -> str:
        """`submitPhaseResult` of these signers' certificate, as if this table were published: its error, or nothing."""
        encoded = self.case(index, table, signers).certificate.encode()
        data = MACHINE.call("submitPhaseResult", self.execution, index, 0, RESULT, encoded)
        call = {"to": str(self.machine), "data": "0x" + data.hex(), "gas": hex(CALL_GAS)}
        shown = {str(self.verifier): {"stateDiff": published(table)}}
        try:
            await self.anvil.rpc.request("eth_call", call, "latest", shown)
        except RpcRefusedError as refused:
            return MACHINE.error(refused.data)[0]
        return ""

    def table(self, size: int, palette: Sequence[Weights]) -> OperatorTable:
        """In the place of the table that the phases are pinned to."""
        return table_of(size, palette, SET, self.phases[0].reference_timestamp)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Open]:
    """One operator is registered, so that phases start; every case brings its own."""
    definition = WorkflowDefinition(
        "thresholds", tuple(phase(f"phase {one}", threshold=one) for one in THRESHOLDS)
    )
    async with Anvil.start() as anvil:
        member = OperatorRegistration(Address(b"\x01" * 20), secret_key(0), {SET: (1,)})
        deployed = await deploy_local(anvil, [member], [anvil.accounts[1].address])
        config = ChainConfig(
            rpc_url=anvil.rpc_url, chain_id=anvil.chain_id, state_machine=str(deployed.state_machine)
        )
        async with EvmChain.connect(config) as chain:
            sender = TransactionSender(chain, deployed.admin, timeout_s=10)
            registered = (await sender.send(RegisterWorkflow(definition, ()))).events[0].event
            assert isinstance(registered, WorkflowRegistered)
            started = (await sender.send(ExecuteWorkflow(registered.workflow_id, b""))).events[0].event
            assert isinstance(started, WorkflowExecutionStarted)
            views = [
                await chain.phase(started.execution_id, PhaseIndex(index)) for index in range(len(THRESHOLDS))
            ]
        phases = tuple(view for view in views if view is not None)
        assert len(phases) == len(THRESHOLDS)
        yield Open(anvil, deployed.state_machine, deployed.operator_table, started.execution_id, phases)


THIRDS = [(StakeWeight(1),)]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(
    st.integers(1, 5).flatmap(lambda size: st.permutations(range(size)))
    | st.integers(1, 33).flatmap(lambda size: st.permutations(range(size))),
    st.integers(1, COLUMNS).flatmap(palettes),
    st.integers(0, len(THRESHOLDS) - 1),
)
@example(order=[0, 1, 2], palette=THIRDS, index=THRESHOLDS.index(BasisPoints(6_667)))
@example(order=[0, 1, 2], palette=THIRDS, index=THRESHOLDS.index(BasisPoints(3_333)))
async def test_signers_complete_a_phase_from_the_one_on_who_brings_the_threshold(
    running: Open, order: list[int], palette: list[Weights], index: int
) -> None:
    table = running.table(len(order), palette)
    assume(table.total_weights[0] > 0)
    for count in range(1, len(order) + 1):
        if quorum_reached(weight(table, order[:count]), table.total_weights, THRESHOLDS[index]):
            break
    assert await running.submit(index, table, tuple(order[:count])) == ""
    if count > 1:
        fewer = order[: count - 1]
        expected = "ThresholdNotMet" if weight(table, fewer)[0] else "NoStakeSigned"
        assert await running.submit(index, table, tuple(fewer)) == expected


async def test_two_thirds_round_down_to_enough_for_the_verifier_but_not_for_a_phase(running: Open) -> None:
    table, threshold = running.table(3, THIRDS), BasisPoints(6_667)
    signed = weight(table, [0, 1])
    assert verifier_accepts(signed, table.total_weights, threshold)
    assert await running.submit(THRESHOLDS.index(threshold), table, (0, 1)) == "ThresholdNotMet"
    assert await running.submit(THRESHOLDS.index(threshold), table, (0, 1, 2)) == ""


async def test_every_column_counts(running: Open) -> None:
    """Of the first column two have all, of the second the third has half."""
    palette = [
        (StakeWeight(5), StakeWeight(1)),
        (StakeWeight(5), StakeWeight(1)),
        (StakeWeight(0), StakeWeight(2)),
    ]
    table = running.table(3, palette)
    half, more = THRESHOLDS.index(BasisPoints(5_000)), THRESHOLDS.index(BasisPoints(5_001))
    assert await running.submit(half, table, (0, 1)) == ""
    assert await running.submit(more, table, (0, 1)) == "ThresholdNotMet"
    assert await running.submit(half, table, (2,)) == "NoStakeSigned"
    assert await running.submit(half, table, (0, 2)) == ""


def weight(table: OperatorTable, indices: list[int]) -> Weights:
    return table.weight_of(table.operators[index].address for index in indices)
