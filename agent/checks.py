"""What an agent checks before it signs: columns of one-line rules, each with its own reason, cheapest first.

Agents don't trust the aggregator. A request is believed only as far as the chain says the same; a proposal only
as far as its observations carry their operators' own signatures. An `Objection` is a value, not an exception:
refusing is ordinary work.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hourglass.certificate.curves import AnyTable
from hourglass.certificate.digests import inputs_hash, proposal_digest
from hourglass.certificate.ecdsa import is_authentic, recover_signer
from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.quorum import quorum_reached
from hourglass.certificate.slots import Kind, ObservationSlot, Slot
from hourglass.chain.port import ChainView
from hourglass.reasons import Reason
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import Address, ChainId, Digest, StakeWeight, Tick
from hourglass.workflow.phases import PLANS
from hourglass.workflow.series import Schedule, schedule_of
from hourglass.workflow.turns import proposer, round_at
from messages.requests import PhaseRequest, Proposal, SeriesProposal, TickCertificate

ROUND_LOOK_AHEAD = 1
"""Rounds follow the clock; a proposer whose clock runs ahead by less than a round is still believed."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this agent is and where it works."""

    operator: Address
    chain_id: ChainId
    state_machine: Address
    mailbox: Address | None = None
    """Whose plain tasks it takes, if any."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a request or proposal is not followed."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the chain says, gathered before judging: one `ChainView`, the table that it pins, the phase's definition."""

    view: ChainView
    table: AnyTable
    phase: PhaseDefinition

    @property
    def schedule(self) -> Schedule:
        """The ticks of a CONTINUOUS phase. Raises ValueError for another type's metadata."""
        return schedule_of(self.phase.metadata, self.view.started_at, self.view.deadline)


def first_objection(rules: Iterable[Callable[[], Objection | None]]) -> Objection | None:
    """The first rule's objection that has one; later rules are not tried."""
    return next((objection for rule in rules if (objection := rule())), None)


def unless(holds: bool, reason: Reason, detail: str = "") -> Objection | None:
    """A rule of one line."""
    return None if holds else Objection(reason, detail)


def check_address(slot: ObservationSlot | Slot, me: Identity) -> Objection | None:
    """Is it for this chain and this contract? Needs no look at the chain."""
    ours = me.mailbox if slot.kind is Kind.TASK else me.state_machine
    return unless(
        slot.chain_id == me.chain_id, Reason.WRONG_CHAIN, f"It says {slot.chain_id}, this is {me.chain_id}."
    ) or unless(slot.state_machine == ours, Reason.WRONG_CONTRACT, f"It says {slot.state_machine}.")


def check_phase(
    message: PhaseRequest | Proposal | TickCertificate | SeriesProposal, view: ChainView
) -> Objection | None:
    """Is what it asks for open on-chain, and pinned as it says?"""
    return first_objection(
        (
            lambda: unless(
                view.execution_status is ExecutionStatus.RUNNING and view.status is PhaseStatus.ACTIVE,
                Reason.PHASE_NOT_OPEN,
                f"The phase is {view.status.name}, its execution {view.execution_status.name}.",
            ),
            lambda: unless(
                view.as_of <= view.deadline,
                Reason.DEADLINE_PASSED,
                f"It was {view.deadline}; the chain says {view.as_of}.",
            ),
            lambda: unless(
                message.slot.attempt == view.attempt,
                Reason.WRONG_ATTEMPT,
                f"Attempt {message.slot.attempt}; the chain is at {view.attempt}.",
            ),
            lambda: unless(
                message.operator_set == view.operator_set,
                Reason.WRONG_OPERATOR_SET,
                f"It says {message.operator_set}, the chain {view.operator_set}.",
            ),
            lambda: unless(message.inputs_hash == view.inputs_hash, Reason.INPUTS_MISMATCH),
        )
    )


def check_request(request: PhaseRequest, evidence: Evidence, me: Identity) -> Objection | None:
    """Everything that must hold before the handler runs."""
    view, table = evidence.view, evidence.table
    return first_objection(
        (
            lambda: check_phase(request, view),
            lambda: unless(
                request.reference_timestamp == view.reference_timestamp, Reason.WRONG_REFERENCE_TIMESTAMP
            ),
            lambda: unless(
                inputs_hash(request.payload, request.dependency_results, request.trigger_data)
                == view.inputs_hash,
                Reason.INPUTS_MISMATCH,
                "The payload, a dependency's result or the trigger's data was altered.",
            ),
            lambda: check_membership(table, me),
            lambda: check_tick(request.slot.tick, evidence),
        )
    )


def check_tick(tick: Tick, evidence: Evidence) -> Objection | None:
    """Is this the time for that tick? Tick 0 is the whole phase, and always."""
    if tick == 0:
        return None
    if not PLANS[evidence.view.phase_type].ticks:
        return Objection(Reason.WRONG_TICK, f"Tick {tick} of a {evidence.view.phase_type.name} phase.")
    schedule, now = evidence.schedule, evidence.view.as_of
    if tick > schedule.ticks or now < schedule.due(tick):
        return Objection(Reason.TICK_NOT_DUE, f"Tick {tick}; the chain says {now}.")
    return unless(
        now < schedule.closes(tick), Reason.TICK_MISSED, f"Tick {tick} was over at {schedule.closes(tick)}."
    )


def check_membership(table: AnyTable, me: Identity) -> Objection | None:
    """Does this operator's signature count at the pinned reference timestamp?"""
    return unless(
        table.index_of(me.operator) is not None,
        Reason.NOT_A_MEMBER,
        f"{me.operator} in set {table.operator_set} at {table.reference_timestamp}.",
    )


def check_proposal(proposal: Proposal, evidence: Evidence, me: Identity, known_s: float) -> Objection | None:
    """Everything that must hold before its observations are reduced.

    `known_s`: for how long this node has known of the slot.
    """
    view, table = evidence.view, evidence.table
    return first_objection(
        (
            lambda: check_phase(proposal, view),
            lambda: check_membership(table, me),
            lambda: unless(
                PLANS[view.phase_type].observes and PLANS[view.phase_type].ticks == (proposal.slot.tick != 0),
                Reason.WRONG_ROUND,
                "This phase takes none.",
            ),
            lambda: check_tick(proposal.slot.tick, evidence),
            lambda: check_round(proposal.slot, evidence, known_s),
            lambda: check_proposer(
                proposal.slot,
                proposal.aggregator,
                proposal_digest(
                    proposal.slot, proposal.operator_set, proposal.inputs_hash, proposal.observations
                ),
                proposal.signature,
                view,
            ),
            lambda: _check_observations(proposal, table),
            lambda: _check_observation_quorum(proposal, evidence),
        )
    )


def check_round(slot: Slot, evidence: Evidence, known_s: float) -> Objection | None:
    """Is it not for a round that is still to come, by whichever clock of this node says more?"""
    view = evidence.view
    if slot.tick == 0:
        began, length_s = view.started_at, view.deadline - view.started_at
    else:
        began, length_s = evidence.schedule.due(slot.tick), evidence.schedule.interval_s
    current = round_at(max(known_s, view.as_of - began), length_s)
    return unless(
        slot.round <= current + ROUND_LOOK_AHEAD,
        Reason.WRONG_ROUND,
        f"It is for round {slot.round}; this is round {current}.",
    )


def check_proposer(
    slot: Slot, aggregator: Address, digest: Digest, signature: bytes, view: ChainView
) -> Objection | None:
    """Is it signed by the one aggregator that may propose in its round?"""
    if not view.aggregators:
        return Objection(Reason.WRONG_PROPOSER, "The contract lists no aggregator.")
    expected = proposer(view.aggregators, slot.execution_id, slot.phase_index, slot.round, slot.tick)
    return unless(
        recover_signer(digest, signature) == expected == aggregator,
        Reason.WRONG_PROPOSER,
        f"Round {slot.round} belongs to {expected}.",
    )


def _check_observations(proposal: Proposal, table: AnyTable) -> Objection | None:
    seen: set[Address] = set()
    for observation in proposal.observations:
        objection = _check_observation(observation, proposal, table, seen)
        if objection is not None:
            return objection
        seen.add(observation.operator)
    return None


def _check_observation(
    observation: SignedObservation, proposal: Proposal, table: AnyTable, seen: set[Address]
) -> Objection | None:
    who = str(observation.operator)
    if observation.operator in seen:
        return Objection(Reason.DUPLICATE_OBSERVATION, who)
    if table.index_of(observation.operator) is None:
        return Objection(Reason.NOT_A_MEMBER, who)
    return unless(
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
    return unless(
        quorum_reached(observed, table.total_weights, evidence.view.consensus_threshold),
        Reason.NOT_ENOUGH_OBSERVATIONS,
        f"They hold {observed} of {table.total_weights}.",
    )
