"""A session as plain data for whoever watches: the status API, the console, the tests. Pure."""

from typing import Any

from aggregator.session import PhaseSession
from hourglass.certificate.operators import Operator
from hourglass.workflow.identifiers import Digest


def snapshot(session: PhaseSession) -> dict[str, Any]:
    """What is known of one phase attempt. Weights are decimal strings: they exceed what JSON readers keep."""
    opening, tally = session.opening, session.tally
    decision = session.decision
    return {
        "execution": "0x" + opening.slot.execution_id.hex(),
        "phase": opening.slot.phase_index,
        "name": opening.phase.name,
        "type": opening.phase.phase_type.name,
        "attempt": opening.slot.attempt,
        "operator_set": str(opening.operator_set),
        "reference_timestamp": opening.started.reference_timestamp,
        "deadline": opening.started.deadline,
        "threshold_bps": opening.phase.consensus_threshold,
        "total_weights": [str(weight) for weight in opening.table.total_weights],
        "observed_weights": [str(weight) for weight in session.observed_weight] if session.observes else None,
        "digests": [_digest(session, digest) for digest in tally.digests],
        "decided": None if decision is None else "0x" + decision.digest.hex(),
        "result": None if decision is None else "0x" + decision.result.hex(),
        "operators": [_operator(session, operator) for operator in opening.table.operators],
    }


def _digest(session: PhaseSession, digest: Digest) -> dict[str, Any]:
    return {
        "digest": "0x" + digest.hex(),
        "round": session.candidate(digest).slot.round,
        "result": "0x" + session.candidate(digest).result.hex(),
        "signed_weights": [str(weight) for weight in session.tally.stake_of(digest)],
    }


def _operator(session: PhaseSession, operator: Operator) -> dict[str, Any]:
    observation = session.observations.get(operator.address)
    signed = [d for d in session.tally.digests if operator.address in session.tally.signers_of(d)]
    objection = session.objections.get(operator.address)
    return {
        "operator": str(operator.address),
        "weights": [str(weight) for weight in operator.weights],
        "observed": None if observation is None else "0x" + observation.value.hex(),
        "signed": ["0x" + digest.hex() for digest in signed],
        "reason": None if objection is None else objection.code,
    }
