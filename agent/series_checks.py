"""What an agent checks before it believes a certified tick, and before it signs a series of them.

An aggregator can delay, but neither invent nor leave out: every tick that it claims carries its quorum's signature, and
a tick that this agent has seen certified cannot be called missed.
"""

from collections.abc import Mapping
from itertools import pairwise

from agent.checks import (
    Evidence,
    Identity,
    Objection,
    check_membership,
    check_phase,
    check_proposer,
    check_round,
    first_objection,
    unless,
)
from hourglass.certificate.digests import series_proposal_digest
from hourglass.certificate.slots import ObservationSlot
from hourglass.certificate.ticks import CertifiedTick, TickScope, has_quorum
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Tick
from hourglass.workflow.phases import PLANS
from hourglass.workflow.series import TickValue, encode_series
from hourglass.workflow.series_end import ended_at, series_of_ticks, tick_value_of
from messages.requests import SeriesProposal, TickCertificate


def scope_of(slot: ObservationSlot, evidence: Evidence) -> TickScope:
    """What the ticks' signatures of this phase attempt commit to, by the chain's word."""
    view = evidence.view
    return TickScope(slot, view.inputs_hash, evidence.table, view.consensus_threshold)


def check_tick_certificate(message: TickCertificate, evidence: Evidence) -> Objection | None:
    """Everything but the signature."""
    return first_objection(
        (
            lambda: check_phase(message, evidence.view),
            lambda: _check_ticking(message.slot.tick, evidence),
            lambda: _check_claim(message.certified, message.slot, evidence),
        )
    )


def check_series_proposal(
    proposal: SeriesProposal,
    evidence: Evidence,
    me: Identity,
    known: Mapping[Tick, CertifiedTick],
    known_s: float,
) -> Objection | None:
    """Everything but the ticks' signatures. `known`: the certified ticks that this agent has seen itself."""
    view = evidence.view
    return first_objection(
        (
            lambda: check_phase(proposal, view),
            lambda: check_membership(evidence.table, me),
            lambda: _check_ticking(proposal.slot.tick, evidence),
            lambda: check_round(proposal.slot, evidence, known_s),
            lambda: check_proposer(
                proposal.slot,
                proposal.aggregator,
                series_proposal_digest(
                    proposal.slot,
                    proposal.operator_set,
                    proposal.inputs_hash,
                    proposal.ticks,
                    [(one.tick, one.round, one.value) for one in proposal.certified],
                ),
                proposal.signature,
                view,
            ),
            lambda: _check_order(proposal),
            lambda: _check_claims(proposal, evidence),
            lambda: _check_end(proposal, evidence),
            lambda: check_nothing_left_out(proposal, known),
        )
    )


def series_bytes(proposal: SeriesProposal) -> bytes:
    """The result that a checked proposal's ticks make. Every honest operator gets the same."""
    return encode_series(series_of_ticks(_values(proposal), Tick(proposal.ticks)))


def _values(proposal: SeriesProposal) -> dict[Tick, TickValue]:
    return {one.tick: TickValue.decode(one.value) for one in proposal.certified}


def _check_ticking(tick: Tick, evidence: Evidence) -> Objection | None:
    return unless(
        PLANS[evidence.view.phase_type].ticks and tick == 0,
        Reason.WRONG_TICK,
        f"It is about tick {tick} of a {evidence.view.phase_type.name} phase.",
    )


def _check_order(proposal: SeriesProposal) -> Objection | None:
    ticks = [one.tick for one in proposal.certified]
    rising = all(before < after for before, after in pairwise(ticks))
    return unless(
        rising and (not ticks or ticks[-1] <= proposal.ticks),
        Reason.WRONG_SERIES,
        "Its ticks are not in rising order.",
    )


def _check_claims(proposal: SeriesProposal, evidence: Evidence) -> Objection | None:
    slot, now = proposal.slot.observation_slot, evidence.view.as_of
    for one in proposal.certified:
        objection = _check_claim(one, slot, evidence)
        # Where any stake suffices one operator could sign the last tick at once, and so end the series. A certificate
        # alone is kept even so: it comes once, and this agent's endpoint may be a block behind.
        if objection is None and now < evidence.schedule.due(one.tick):
            objection = Objection(Reason.TICK_NOT_DUE, f"Tick {one.tick}; the chain says {now}.")
        if objection is not None:
            return objection
    return None


def _check_claim(one: CertifiedTick, slot: ObservationSlot, evidence: Evidence) -> Objection | None:
    schedule = evidence.schedule
    if not 1 <= one.tick <= schedule.ticks:
        return Objection(Reason.WRONG_TICK, f"The phase has no tick {one.tick}.")
    try:
        tick_value_of(one.value, schedule.ticks)
    except ValueError as error:
        return Objection(Reason.WRONG_SERIES, f"Tick {one.tick}: {error}.")
    return unless(
        has_quorum(one, scope_of(slot, evidence)),
        Reason.TICK_NOT_CERTIFIED,
        f"Tick {one.tick} has too little stake behind it.",
    )


def _check_end(proposal: SeriesProposal, evidence: Evidence) -> Objection | None:
    ends = ended_at(evidence.schedule, _values(proposal), evidence.view.as_of)
    if ends is None:
        return Objection(Reason.SERIES_NOT_OVER, f"The chain says {evidence.view.as_of}.")
    return unless(
        ends == proposal.ticks, Reason.WRONG_SERIES, f"It ends with tick {ends}, not {proposal.ticks}."
    )


def check_nothing_left_out(proposal: SeriesProposal, known: Mapping[Tick, CertifiedTick]) -> Objection | None:
    """Does it claim every tick that this agent has seen certified?"""
    claimed = {one.tick for one in proposal.certified}
    left_out = sorted(tick for tick in known if tick <= proposal.ticks and tick not in claimed)
    return unless(not left_out, Reason.TICK_LEFT_OUT, f"It calls {left_out} missed; they are certified.")
