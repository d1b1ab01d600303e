"""The figures for gas are those that were measured."""

import json
from pathlib import Path

import pytest

from hourglass.chain.gas import (
    ECDSA_SIGNER,
    EXECUTE,
    NON_SIGNER,
    START,
    SUBMIT,
    execution_gas,
    submission_gas,
)

SNAPSHOT = json.loads((Path(__file__).parents[3] / "contracts" / "snapshots" / "gas.json").read_text("utf-8"))
TOLERANCE = 0.1
"""They are given as a guide."""


@pytest.mark.parametrize(
    ("figure", "measured"),
    [
        (EXECUTE, "executeWorkflow, one root phase, no payload"),
        (SUBMIT, "submitPhaseResult, last phase, all signed"),
        (SUBMIT + START, "submitPhaseResult, starts another, all signed"),
        (SUBMIT + 63 * START, "submitPhaseResult, starts 63 others"),
        (SUBMIT + NON_SIGNER, "submitPhaseResult, last phase, one new non-signer"),
        (submission_gas(0, False, 4), "submitPhaseResult, last phase, all 4 ECDSA keys signed"),
        (submission_gas(0, False, 16), "submitPhaseResult, last phase, all 16 ECDSA keys signed"),
    ],
)
def test_a_figure_is_near_what_was_measured(figure: int, measured: str) -> None:
    assert figure == pytest.approx(int(SNAPSHOT[measured]), rel=TOLERANCE)


def test_a_submission_costs_more_for_each_phase_that_it_starts_and_for_sharing_out_a_fee() -> None:
    assert submission_gas(0, False) == SUBMIT
    assert submission_gas(2, False) - submission_gas(1, False) == START
    assert submission_gas(0, True) > SUBMIT


def test_ecdsa_keys_cost_by_the_signer_and_few_of_them_less_than_one_sum() -> None:
    assert submission_gas(0, False, 5) - submission_gas(0, False, 4) == ECDSA_SIGNER
    assert submission_gas(0, False, 11) < SUBMIT < submission_gas(0, False, 12)


def test_an_execution_costs_more_for_each_further_phase_that_starts_at_once() -> None:
    assert execution_gas(1) == EXECUTE
    assert execution_gas(3) - execution_gas(2) == START
