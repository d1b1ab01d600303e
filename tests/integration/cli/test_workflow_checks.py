"""What `workflow validate` learns from a network, also from one that is stale, paused, poor or old."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from vaults import PRICES, open_vault, set_schedule

from hourglass.chain.client import EvmChain, Rpc, RpcRefusedError
from hourglass.chain.gas import EXECUTE, START, submission_gas
from hourglass.chain.operator_sets import operator_set_state
from hourglass.chain.port import SetPaused
from hourglass.chain.transactions import GAS_CAP
from hourglass.cli.workflow_checks import Answers, Question
from hourglass.errors import RevertedError
from hourglass.reasons import Reason
from hourglass.testing.worlds import (
    FOREIGN,
    FOREIGN_AVS,
    HOME,
    NO_SET,
    OTHER_SET,
    STRANGER,
    TWO_PHASES,
    WEIGHTS,
    World,
    anvil_world,
    phase,
)
from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.identifiers import OperatorSetId
from hourglass.workflow.review import Severity


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with anvil_world() as opened:
        yield opened


def evm(world: World) -> EvmChain:
    assert isinstance(world.chain, EvmChain)
    return world.chain


async def asked(world: World, definition: WorkflowDefinition = TWO_PHASES, **changes: Any) -> Answers:
    return await replace(Question(evm(world), definition, (), world.admin.address), **changes).ask()


def errors(answers: Answers) -> list[tuple[int | None, str]]:
    return [(one.phase, one.rule) for one in answers.findings if one.severity is Severity.ERROR]


def withouts(world: World, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """The endpoint knows no such method any more."""
    request = Rpc.request

    async def refusing(self: Rpc, asked_for: str, *parameters: Any) -> Any:
        if asked_for == method:
            raise RpcRefusedError({"code": -32601, "message": "the method does not exist"})
        return await request(self, asked_for, *parameters)

    monkeypatch.setattr(Rpc, "request", refusing)


# ── Operator sets ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_set_s_newest_table_is_read_with_its_rows(world: World) -> None:
    state = await operator_set_state(evm(world), HOME)
    assert state.total_weights == (sum(WEIGHTS),)
    assert state.table is not None
    assert [one.weights for one in state.table.operators] == [(weight,) for weight in WEIGHTS]
    assert state.table.reference_timestamp == state.reference_timestamp
    assert state.fresh_until is None
    await world.republish(HOME, [(1,)] * len(WEIGHTS), 300)
    later = await operator_set_state(evm(world), HOME)
    assert later.total_weights == (5,)
    assert later.reference_timestamp is not None
    assert later.fresh_until == later.reference_timestamp + 300


async def test_a_set_that_nobody_configured_has_no_table(world: World) -> None:
    nobody = await operator_set_state(evm(world), OperatorSetId(world.avs, NO_SET))
    assert (nobody.reference_timestamp, nobody.table, nobody.total_weights) == (None, None, ())


async def test_a_verifier_that_keeps_only_the_root_is_asked_for_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def only_the_root(*_: Any) -> None:
        raise RevertedError(Reason.CALL_REFUSED, "unknown")

    monkeypatch.setattr(EvmChain, "operator_table", only_the_root)
    state = await operator_set_state(evm(world), HOME)
    assert (state.table, state.total_weights) == (None, (sum(WEIGHTS),))


async def test_each_phase_s_set_is_its_avs_s(world: World) -> None:
    definition = WorkflowDefinition(
        "w", (phase("home"), phase("other", operator_set=OTHER_SET), phase("foreign", avs=FOREIGN_AVS))
    )
    answers = await asked(world, definition)
    assert answers.operator_sets == (HOME, OperatorSetId(world.avs, OTHER_SET), FOREIGN)
    assert errors(answers) == []


# ── Roles, pause, refusals ────────────────────────────────────────────────────────────────────────────


async def test_whoever_has_the_role_may_register_and_whoever_has_not_is_told(world: World) -> None:
    assert errors(await asked(world)) == []
    refused = await asked(world, creator=STRANGER.address)
    assert errors(refused) == [(None, "AccessControlUnauthorizedAccount")], "once, and not as a refusal again"
    assert refused.costs.register_gas is None


async def test_without_anybody_to_register_it_the_rest_is_answered(world: World) -> None:
    answers = await asked(world, creator=None)
    assert [
        one.rule for one in answers.findings if one.severity is Severity.WARNING and one.phase is None
    ] == ["no_creator"]
    assert answers.costs.register_gas is None
    assert len(answers.submission_gas) == 2


async def test_a_paused_state_machine_takes_nothing(world: World) -> None:
    await world.send(SetPaused(True))
    assert errors(await asked(world)) == [(None, "EnforcedPause")]


async def test_what_can_be_registered_and_not_started_is_told_apart(world: World) -> None:
    await world.republish(HOME, [(1,)] * len(WEIGHTS), 700)
    await world.advance(200)
    answers = await asked(world)
    assert errors(answers) == [(0, "TableStale")]
    assert answers.costs.register_gas is not None
    assert answers.costs.execute_gas is None


async def test_a_refusal_that_no_rule_here_foresaw_is_the_contract_s_own(world: World) -> None:
    answers = await asked(world, triggers=tuple(STRANGER.address for _ in range(33)))
    assert errors(answers) == [(None, "TooManyTriggers")]


# ── Gas ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_gas_is_what_it_would_be(world: World) -> None:
    answers = await asked(world)
    assert answers.costs.register_gas is not None
    assert answers.costs.execute_gas is not None
    assert 100_000 < answers.costs.execute_gas < answers.costs.register_gas < GAS_CAP
    assert answers.submission_gas == (submission_gas(1, False), submission_gas(0, False))
    assert answers.costs.prices is None


async def test_an_endpoint_that_can_t_rehearse_is_asked_for_what_it_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsed = await asked(world)
    assert rehearsed.costs.register_gas is not None
    withouts(world, monkeypatch, "eth_simulateV1")
    answers = await asked(world)
    assert errors(answers) == []
    assert answers.costs.register_gas == pytest.approx(rehearsed.costs.register_gas, rel=0.05)
    assert answers.costs.execute_gas == EXECUTE
    two_roots = await asked(world, WorkflowDefinition("w", (phase("one"), phase("two"))))
    assert two_roots.costs.execute_gas == EXECUTE + START
    refused = await asked(world, triggers=tuple(STRANGER.address for _ in range(33)))
    assert errors(refused) == [(None, "TooManyTriggers")]


# ── Money ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_vault_s_prices_are_told_and_paid_in_the_rehearsal(world: World) -> None:
    await open_vault(evm(world), world.admin)
    answers = await asked(world)
    assert errors(answers) == []
    assert answers.costs.prices is not None
    assert (answers.costs.prices.register, answers.costs.prices.execute) == (
        PRICES.workflow_fee,
        2 * PRICES.phase_fee,
    )
    assert answers.costs.execute_gas is not None
    assert answers.submission_gas == (submission_gas(1, True), submission_gas(0, True))


async def test_a_price_that_nobody_can_tell_is_an_error(world: World) -> None:
    vault = await open_vault(evm(world), world.admin)
    no_pricer = evm(world).state_machine
    await set_schedule(vault, world.admin, replace(PRICES, pricer=no_pricer))
    (error,) = [one for one in (await asked(world)).findings if one.severity is Severity.ERROR]
    assert error.text.startswith("The fee vault's price would be refused")
