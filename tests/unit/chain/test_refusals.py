"""Every custom error that a node may meet has a reason, and none is read from a text."""

import json
from importlib import resources

import pytest

from hourglass.chain.refusals import REASONS, reason_of
from hourglass.reasons import Reason
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus

STATUS_ERRORS = {"PhaseNotActive", "ExecutionNotRunning"}
FOR_ADMINS_ONLY = {
    "AccessControlBadConfirmation",
    "AddressEmptyCode",
    "AggregatorCountOutOfRange",
    "DuplicateAggregator",
    "ERC1967InvalidImplementation",
    "ERC1967NonPayable",
    "FailedCall",
    "InvalidInitialization",
    "NotInitializing",
    "OnlyTableUpdater",
    "TableUpdateStale",
    "TooManyTriggers",
    "UUPSUnauthorizedCallContext",
    "UUPSUnsupportedProxiableUUID",
    "ZeroAddress",
}
"""Set-up and upgrades: no node and no author's command calls these."""
NEVER_BY_US = {
    "ArrayLengthMismatch",
    "EmptyRoot",
    "ExpModFailed",
    "InvalidIndex",
    "PayloadTooLarge",
    "ReentrancyGuardReentrantCall",
}
"""Answers to calls that this project does not make, or refuses itself first; CALL_REFUSED is true of them."""


def errors_of(contract: str) -> set[str]:
    text = resources.files("hourglass.chain").joinpath("abi", f"{contract}.json").read_text("utf-8")
    return {entry["name"] for entry in json.loads(text)["abi"] if entry["type"] == "error"}


def test_every_error_of_the_state_machine_is_mapped_or_named_as_an_exception() -> None:
    unmapped = errors_of("WorkflowStateMachine") - REASONS.keys() - STATUS_ERRORS
    assert unmapped == FOR_ADMINS_ONLY | NEVER_BY_US


def test_no_reason_stands_for_an_error_that_the_contract_does_not_have() -> None:
    assert REASONS.keys() <= errors_of("WorkflowStateMachine")


@pytest.mark.parametrize("status", list(PhaseStatus))
def test_a_phase_that_is_not_active_is_decided_only_if_it_completed(status: PhaseStatus) -> None:
    expected = Reason.ALREADY_DECIDED if status is PhaseStatus.COMPLETED else Reason.PHASE_NOT_OPEN
    assert reason_of("PhaseNotActive", (int(status),)) is expected


def test_a_completed_execution_has_decided_and_a_failed_one_is_closed() -> None:
    assert reason_of("ExecutionNotRunning", (int(ExecutionStatus.COMPLETED),)) is Reason.ALREADY_DECIDED
    assert reason_of("ExecutionNotRunning", (int(ExecutionStatus.FAILED),)) is Reason.PHASE_NOT_OPEN


def test_an_unknown_error_is_a_refusal_all_the_same() -> None:
    assert reason_of("") is Reason.CALL_REFUSED
