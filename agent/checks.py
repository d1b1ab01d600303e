"""What an agent checks before it signs: columns of one-line rules, each with its own reason, cheapest first.

Agents don't trust the aggregator. A request is believed only as far as the chain says the same; a proposal only
as far as its observations carry their operators' own signatures. An `Objection` is a value, not an exception:
refusing is ordinary work.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hourglass.certificate.digests import inputs_hash, proposal_digest
from hourglass.certificate.ecdsa import is_authentic, recover_signer
from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.operators import OperatorTable
from hourglass.certificate.quorum import quorum_reached
from hourglass.certificate.slots import ObservationSlot, Slot
from hourglass.chain.port import ChainView
from hourglass.reasons import Reason
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import Address, ChainId, Round, StakeWeight
from hourglass.workflow.phases import PLANS
from hourglass.workflow.turns import proposer, round_at
from messages.requests import PhaseRequest, Proposal

ROUND_LOOK_AHEAD = 1
"""Rounds follow the clock; a proposer whose clock runs ahead by less than a round is still believed."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this agent is and where it works."""

    operator: Address
    chain_id: ChainId
    state_machine: Address


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a request or proposal is not followed."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the chain says, gathered before judging: one `ChainView` and the table that it pins."""

    view: ChainView
    table: OperatorTable


def _first(rules: Iterable[Callable[[], Objection | None]]) -> Objection | None:
    return next((objection for rule in rules if (objection := rule())), None)


def _unless(holds: bool, reason: Reason, detail: str = "") -> Objection | None:
    return None if holds else Objection(reason, detail)


def check_address(slot: ObservationSlot | Slot, me: Identity) -> Objection | None:
    """Is it for this chain and this contract? Needs no look at the chain."""
    return _unless(
        slot.chain_id == me.chain_id, Reason.WRONG_CHAIN, f"It says {slot.chain_id}, this is {me.chain_id}."
    ) or _unless(
        slot.state_machine == me.state_machine, Reason.WRONG_CONTRACT, f"It says {slot.state_machine}."
    )


def check_phase(message: PhaseRequest | Proposal, view: ChainView) -> Objection | None:
    """Is what it asks for open on-chain, and pinned as it says?"""
    return _first(
        (
            lambda: _unless(
                view.execution_status is ExecutionStatus.RUNNING and view.status is PhaseStatus.ACTIVE,
                Reason.PHASE_NOT_OPEN,
                f"The phase is {view.status.name}, its execution {view.execution_status.name}.",
            ),
            lambda: _unless(
                view.as_of <= view.deadline,
                Reason.DEADLINE_PASSED,
                f"It was {view.deadline}; the chain says {view.as_of}.",
            ),
            lambda: _unless(
                message.slot.attempt == view.attempt and message.slot.tick == 0,
                Reason.WRONG_ATTEMPT,
                f"Attempt {message.slot.attempt}; the chain is at {view.attempt}.",
            ),
            lambda: _unless(
                message.operator_set == view.operator_set,
                Reason.WRONG_OPERATOR_SET,
                f"It says {message.operator_set}, the chain {view.operator_set}.",
            ),
            lambda: _unless(message.inputs_hash == view.inputs_hash, Reason.INPUTS_MISMATCH),
        )
    )


def check_request(request: PhaseRequest, evidence: Evidence, me: Identity) -> Objection | None:
    """Everything that must hold before the handler runs."""
    view, table = evidence.view, evidence.table
    return _first(
        (
            lambda: check_phase(request, view),
            lambda: _unless(
                request.reference_timestamp == view.reference_timestamp, Reason.WRONG_REFERENCE_TIMESTAMP
            ),
            lambda: _unless(
                inputs_hash(request.payload, request.dependency_results) == view.inputs_hash,
                Reason.INPUTS_MISMATCH,
                "The payload or a dependency's result was altered.",
            ),
            lambda: check_membership(table, me),
        )
    )


def check_membership(table: OperatorTable, me: Identity) -> Objection | None:
    """Does this operator's signature count at the pinned reference timestamp?"""
    return _unless(
        table.index_of(me.operator) is not None,
        Reason.NOT_A_MEMBER,
        f"{me.operator} in set {table.operator_set} at {table.reference_timestamp}.",
    )


def check_proposal(
    proposal: Proposal, evidence: Evidence, me: Identity, elapsed_s: float
) -> Objection | None:
    """Everything that must hold before its observations are reduced.

    `elapsed_s` is the time since the phase started, by whichever clock of this node says more.
    """
    view, table = evidence.view, evidence.table
    return _first(
        (
            lambda: check_phase(proposal, view),
            lambda: check_membership(table, me),
            lambda: _unless(PLANS[view.phase_type].observes, Reason.WRONG_ROUND, "This phase takes none."),
            lambda: _check_round(proposal.slot.round, view, elapsed_s),
            lambda: _check_proposer(proposal, view),
            lambda: _check_observations(proposal, table),
            lambda: _check_observation_quorum(proposal, evidence),
        )
    )


def _check_round(round: Round, view: ChainView, elapsed_s: float) -> Objection | None:
    current = round_at(elapsed_s, view.deadline - view.started_at)
    return _unless(
        round <= current + ROUND_LOOK_AHEAD,
        Reason.WRONG_ROUND,
        f"It is for round {round}; this is round {current}.",
    )


def _check_proposer(proposal: Proposal, view: ChainView) -> Objection | None:
    slot = proposal.slot
    if not view.aggregators:
        return Objection(Reason.WRONG_PROPOSER, "The contract lists no aggregator.")
    expected = proposer(view.aggregators, slot.execution_id, slot.phase_index, slot.round)
    signer = recover_signer(
        proposal_digest(slot, proposal.operator_set, proposal.inputs_hash, proposal.observations),
        proposal.signature,
    )
    return _unless(
        signer == expected == proposal.aggregator,
        Reason.WRONG_PROPOSER,
        f"Round {slot.round} belongs to {expected}.",
    )


def _check_observations(proposal: Proposal, table: OperatorTable) -> Objection | None:
    seen: set[Address] = set()
    for observation in proposal.observations:
        objection = _check_observation(observation, proposal, table, seen)
        if objection is not None:
            return objection
        seen.add(observation.operator)
    return None


def _check_observation(
    observation: SignedObservation, proposal: Proposal, table: OperatorTable, seen: set[Address]
) -> Objection | None:
    who = str(observation.operator)
    if observation.operator in seen:
        return Objection(Reason.DUPLICATE_OBSERVATION, who)
    if table.index_of(observation.operator) is None:
        return Objection(Reason.NOT_A_MEMBER, who)
    return _unless(
        is_authentic(
            observation, proposal.slot.observation_slot, proposal.operator_set, proposal.inputs_hash
        ),
        Reason.FORGED_OBSERVATION,
        who,
    )


def _check_observation_quorum(proposal: Proposal, evidence: Evidence) -> Objection | None:
    table = evidence.table
    indices = (table.index_of(observation.operator) for observation in proposal.observations)
    members = [table.operators[index] for index in indices if index is not None]
    observed = tuple(
        StakeWeight(sum(member.weights[column] for member in members))
        for column in range(len(table.total_weights))
    )
    return _unless(
        quorum_reached(observed, table.total_weights, evidence.view.consensus_threshold),
        Reason.NOT_ENOUGH_OBSERVATIONS,
        f"They hold {observed} of {table.total_weights}.",
    )
