"""Why a phase attempt timed out, from every mixture of answers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import DEADLINE, EXECUTION, OPERATORS, SET, STARTED_AT, THRESHOLD, WEIGHTS

from hourglass.certificate.quorum import missing_stake, quorum_reached
from hourglass.cli.timeouts import Answers, Cause, TimedOut, answers_of, explain
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, PhaseIndex, StakeWeight

NAMES = {str(who): f"operator-{number}" for number, who in enumerate(OPERATORS, start=1)}
A, B = "0x" + "aa" * 32, "0x" + "bb" * 32
STRANGER = Address(b"\x99" * 20)


def facts(**changes: Any) -> TimedOut:
    made = {
        "execution_id": EXECUTION,
        "phase_index": PhaseIndex(0),
        "phase_name": "agree",
        "attempt": 1,
        "operator_set": SET,
        "threshold": THRESHOLD,
        "started_at": STARTED_AT,
        "deadline": DEADLINE,
        "told_at": DEADLINE,
        "waiting": False,
        "weights": {who: (StakeWeight(weight),) for who, weight in zip(OPERATORS, WEIGHTS, strict=True)},
    }
    return TimedOut(**{**made, **changes})


def answers(
    signed: dict[str, list[int]], reasons: dict[int, Reason] | None = None, first: float | None = None
) -> Answers:
    return Answers(
        {digest: frozenset(OPERATORS[number] for number in who) for digest, who in signed.items()},
        {OPERATORS[number]: reason.code for number, reason in (reasons or {}).items()},
        first,
        None,
    )


def test_a_silent_operator_is_named_with_the_stake_that_was_short() -> None:
    told = explain(facts(), answers({A: [1, 2, 3]}, {4: Reason.HANDLER_FAILED}, 1.5), names=NAMES)
    assert told.cause is Cause.SILENCE
    assert told.signed == OPERATORS[1:4]
    assert told.silent == OPERATORS[:1]
    assert dict(told.refused) == {OPERATORS[4]: "handler_failed"}
    assert (told.stake_signed, told.stake_total, told.stake_short) == (520, 1_000, 147)
    assert told.first_attestation_s == 1.5
    assert told.sentence == (
        "operator-1 (40.0 % of the stake) never answered; 52.0 % signed, 66.67 % was needed: 147 of 1000 short."
    )


def test_the_reason_that_cost_the_most_stake_is_the_cause_and_its_advice_the_next_step() -> None:
    reasons = {0: Reason.UNKNOWN_WORKFLOW, 3: Reason.HANDLER_FAILED, 4: Reason.HANDLER_FAILED}
    told = explain(facts(), answers({A: [1, 2]}, reasons), names=NAMES)
    assert told.cause is Cause.REFUSALS
    assert told.sentence.startswith("operator-1 (40.0 % of the stake) did not count: unknown_workflow, ")
    assert told.advice == Reason.UNKNOWN_WORKFLOW.advice


def test_different_results_are_disagreement_only_where_together_they_would_have_sufficed() -> None:
    told = explain(facts(), answers({A: [0], B: [1, 2, 3]}))
    assert told.cause is Cause.DISAGREEMENT
    assert (told.signed, told.outvoted) == (OPERATORS[1:4], OPERATORS[:1])
    assert "2 different results" in told.sentence
    assert explain(facts(), answers({A: [1], B: [2]})).cause is Cause.SILENCE


def test_enough_stake_without_a_transaction_is_the_aggregators_matter() -> None:
    told = explain(facts(), answers({A: [0, 1, 2]}))
    assert told.cause is Cause.TOO_LATE
    assert told.stake_short == 0


def test_a_gate_that_stayed_shut_is_no_operators_fault() -> None:
    told = explain(facts(waiting=True), answers({}, {0: Reason.CONDITION_UNMET}))
    assert told.cause is Cause.GATE_STAYED_SHUT
    assert "within 10 min" in told.sentence


def test_where_nobody_remembers_nothing_is_said_of_anybody() -> None:
    told = explain(facts(), None, {OPERATORS[4]: "handler_failed"})
    assert told.cause is Cause.NOBODY_REMEMBERS
    assert told.signed == told.silent == told.outvoted == ()
    assert dict(told.refused) == {OPERATORS[4]: "handler_failed"}, "its own log says so"
    assert "restarts forgets" in told.advice


def test_an_aggregators_word_stands_above_an_operators_log_and_a_signature_above_both() -> None:
    logged = {OPERATORS[0]: "performer_crashed", OPERATORS[1]: "handler_failed", STRANGER: "handler_failed"}
    told = explain(facts(), answers({A: [1]}, {0: Reason.HANDLER_TIMED_OUT}), logged)
    assert dict(told.refused) == {OPERATORS[0]: "handler_timed_out"}


def test_stake_is_of_the_column_that_was_furthest_from_its_threshold() -> None:
    second = (10, 10, 10, 10, 960)
    weights = {
        who: (StakeWeight(first), StakeWeight(other))
        for who, first, other in zip(OPERATORS, WEIGHTS, second, strict=True)
    }
    told = explain(facts(weights=weights), answers({A: [0, 1, 2, 3]}))
    assert (told.stake_signed, told.stake_total, told.stake_short) == (40, 1_000, 627)


@given(st.lists(st.sampled_from(["A", "B", "refuses", "silent"]), min_size=5, max_size=5))
def test_whoever_is_in_the_set_is_accounted_for_once_and_stake_adds_up(said: list[str]) -> None:
    heard = answers(
        {
            digest: [n for n, word in enumerate(said) if word == letter]
            for digest, letter in ((A, "A"), (B, "B"))
            if letter in said
        },
        {n: Reason.HANDLER_FAILED for n, word in enumerate(said) if word == "refuses"},
    )
    told = explain(facts(), heard)
    groups = [told.signed, told.outvoted, tuple(told.refused), told.silent]
    assert sorted(who for group in groups for who in group) == sorted(OPERATORS)
    signed = StakeWeight(sum(WEIGHTS[OPERATORS.index(who)] for who in told.signed))
    assert told.stake_signed == signed
    assert told.stake_short == missing_stake(signed, told.stake_total, THRESHOLD)
    assert (told.cause is Cause.TOO_LATE) == quorum_reached([signed], [told.stake_total], THRESHOLD)
    assert told.advice
    assert told.sentence.endswith(".")


# ── What the status APIs say ──────────────────────────────────────────────────────────────────────────


def snapshot(attempt: int = 1, phase: int = 0, **operators: Any) -> dict[str, Any]:
    return {
        "execution": "0x" + EXECUTION.hex(),
        "phase": phase,
        "attempt": attempt,
        "operators": [
            {"operator": str(OPERATORS[int(name[1:])]), "signed": [], "reason": None, **said}
            for name, said in operators.items()
        ],
        "journey": {"first attestation": 2.0 + attempt, "last attestation": 4.0},
    }


def test_another_attempt_phase_or_execution_says_nothing_of_this_one() -> None:
    assert answers_of([snapshot(attempt=2), snapshot(phase=1)], facts()) is None
    assert answers_of([{**snapshot(), "execution": "0x" + "00" * 32}], facts()) is None
    assert answers_of([], facts()) is None


def test_aggregators_that_heard_different_operators_are_joined() -> None:
    first = snapshot(o0={"signed": [A]}, o1={"reason": "handler_failed"})
    second = snapshot(o1={"signed": [A]}, o2={"reason": "handler_failed"}, o3={"reason": "no_answer"})
    second["journey"] = {"first attestation": 1.0}
    joined = answers_of([first, second], facts())
    assert joined is not None
    assert joined.signers == {A: frozenset(OPERATORS[:2])}
    assert joined.reasons == {OPERATORS[2]: "handler_failed"}, "one aggregator has the other's signature"
    assert (joined.first_attestation_s, joined.last_attestation_s) == (1.0, 4.0)


def test_an_aggregator_that_keeps_no_times_is_no_obstacle() -> None:
    bare = snapshot(o0={"signed": [A]})
    del bare["journey"]
    joined = answers_of([bare], facts())
    assert joined is not None
    assert joined.first_attestation_s is None


@pytest.mark.parametrize("cause", [one for one in Cause if one is not Cause.REFUSALS])
def test_every_cause_says_what_to_do(cause: Cause) -> None:
    assert cause.advice.endswith(".")
