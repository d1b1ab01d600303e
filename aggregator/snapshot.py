"""A session as plain data for whoever watches: the status API, the console, the tests. Pure."""

from typing import Any

from aggregator.collection import Collection
from aggregator.session import PhaseSession
from aggregator.ticking import Ticking
from hourglass.certificate.operators import Member
from hourglass.certificate.ticks import indices_in
from hourglass.workflow.identifiers import Digest, Tick
from hourglass.workflow.series import TickValue


def snapshot(session: PhaseSession) -> dict[str, Any]:
    """What is known of one phase attempt. Weights are decimal strings: they exceed what JSON readers keep.

    Of a CONTINUOUS phase, `digests` and `operators` are about the slot that is being worked now, which `tick` names:
    its latest tick, or the whole series (0). `ticks` has them all.
    """
    opening, latest, decision = session.opening, session.latest, session.decision
    return {
        "execution": "0x" + opening.slot.execution_id.hex(),
        "phase": opening.slot.phase_index,
        "kind": opening.slot.kind.value,
        "name": opening.phase.name,
        "type": opening.phase.phase_type.name,
        "attempt": opening.slot.attempt,
        "waiting": opening.started.waiting,
        "operator_set": str(opening.operator_set),
        "reference_timestamp": opening.started.reference_timestamp,
        "deadline": opening.started.deadline,
        "threshold_bps": opening.phase.consensus_threshold,
        "total_weights": [str(weight) for weight in opening.table.total_weights],
        "observed_weights": _observed(latest),
        "digests": [] if latest is None else [_digest(latest, digest) for digest in latest.tally.digests],
        "decided": None if decision is None else "0x" + decision.digest.hex(),
        "result": None if decision is None else "0x" + decision.result.hex(),
        "operators": [_operator(latest, operator) for operator in opening.table.operators],
        "tick": 0 if latest is None else latest.slot.tick,
        "ticks": None if session.ticking is None else _ticks(session.ticking),
    }


def _observed(latest: Collection | None) -> list[str] | None:
    if latest is None or not latest.observes:
        return None
    return [str(weight) for weight in latest.observed_weight]


def _ticks(ticking: Ticking) -> dict[str, Any]:
    opening, schedule = ticking.opening, ticking.schedule
    size = len(opening.table.operators)
    known: list[dict[str, Any]] = []
    for tick in sorted({*ticking.certified, *ticking.given_up}):
        one = ticking.certified.get(Tick(tick))
        if one is None:
            known.append({"tick": tick, "due": schedule.due(tick), "missed": True})
            continue
        value = TickValue.decode(one.value)
        signed = [opening.table.operators[index].address for index in indices_in(one.signers, size) or ()]
        known.append(
            {
                "tick": tick,
                "due": schedule.due(tick),
                "missed": False,
                "value": "0x" + value.value.hex(),
                "stop": value.stop,
                "round": one.round,
                "signed_weights": [str(weight) for weight in opening.table.weight_of(signed)],
                "signature": "0x" + one.signature.hex(),
                "signers": [str(who) for who in signed],
            }
        )
    return {"scheduled": schedule.ticks, "interval_s": schedule.interval_s, "known": known}


def _digest(collection: Collection, digest: Digest) -> dict[str, Any]:
    return {
        "digest": "0x" + digest.hex(),
        "round": collection.candidate(digest).slot.round,
        "result": "0x" + collection.candidate(digest).result.hex(),
        "signed_weights": [str(weight) for weight in collection.tally.stake_of(digest)],
    }


def _operator(collection: Collection | None, operator: Member) -> dict[str, Any]:
    observation = signed = objection = None
    if collection is not None:
        observation = collection.observations.get(operator.address)
        tally = collection.tally
        signed = [d for d in tally.digests if operator.address in tally.signers_of(d)]
        objection = collection.objections.get(operator.address)
    return {
        "operator": str(operator.address),
        "weights": [str(weight) for weight in operator.weights],
        "observed": None if observation is None else "0x" + observation.value.hex(),
        "signed": ["0x" + digest.hex() for digest in signed or ()],
        "reason": None if objection is None else objection.code,
    }
