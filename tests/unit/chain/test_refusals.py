"""Every custom error that a node may meet has a reason, and none is read from a text."""

import json
from importlib import resources

import pytest

from hourglass.chain.refusals import REASONS, reason_of
from hourglass.chain.tasks import TaskStatus
from hourglass.reasons import Reason
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus

STATUS_ERRORS = {"PhaseNotActive", "ExecutionNotRunning"}
FOR_ADMINS_ONLY = {
    "AccessControlBadConfirmation",
    "AddressEmptyCode",
    "AggregatorCountOutOfRange",
    "DuplicateAggregator",
    "EcdsaVerifierAlreadySet",
    "ERC1967InvalidImplementation",
    "ERC1967NonPayable",
    "ExpectedPause",
    "FailedCall",
    "GasRateOutOfRange",
    "InvalidInitialization",
    "NoContract",
    "NotAContract",
    "NotAnEcdsaVerifier",
    "NotInitializing",
    "OnlyTableUpdater",
    "ProtocolBpsOutOfRange",
    "TableUpdateStale",
    "UUPSUnauthorizedCallContext",
    "UUPSUnsupportedProxiableUUID",
    "ZeroAddress",
}
"""Set-up and upgrades: no node and no author's command calls these."""
NEVER_BY_US = {
    "ArrayLengthMismatch",
    "EmptyRoot",
    "ExpModFailed",
    "IndexOutOfBounds",
    "InvalidIndex",
    "OptionCountMismatch",
    "PayloadTooLarge",
    "ReentrancyGuardReentrantCall",
    "TriggerFactsMismatch",
    # Of the vault: what the state machine alone calls, and what operators take out with tools of their own.
    "AlreadyClaimed",
    "AlreadyOpen",
    "AlreadySettled",
    "EmptyShare",
    "EscrowSpent",
    "EtherRefused",
    "InvalidOperatorProof",
    "InvalidRecipient",
    "NoPhases",
    "NotASigner",
    "NotSettled",
    "NothingToWithdraw",
    "OtherCurve",
    "OtherSigners",
    "OnlyMachine",
    "PoolExceeded",
    "SafeERC20FailedOperation",
    "TooMuchHeld",
    "UnknownEscrow",
    "UnknownSigningKey",
}
"""Answers to calls that this project does not make, or refuses itself first; CALL_REFUSED is true of them."""


def all_errors(contract: str = "WorkflowStateMachine") -> set[str]:
    """Of the state machine, and of all that it calls."""
    data = resources.files("hourglass.chain").joinpath("abi", f"{contract}.json").read_text("utf-8")
    return {entry["name"] for entry in json.loads(data)["abi"] if entry["type"] == "error"}


CREATORS_ONLY = {
    "ExecutorOperatorSetNotRegistered",
    "ExecutorOperatorSetTaskConfigNotSet",
    "FeeAlreadyRefunded",
    "InvalidAddressZero",
    "InvalidConsensusType",
    "InvalidConsensusValue",
    "InvalidCurveType",
    "InvalidFeeReceiver",
    "InvalidFeeSplit",
    "InvalidOperatorSetOwner",
    "InvalidTaskCreator",
    "OnlyOwner",
    "OnlyRefundCollector",
    "PayloadIsEmpty",
    "TaskSLAExceedsMaximum",
}
"""Of the task mailbox: what creating, configuring and refunding meets. No node does."""


def test_every_error_that_submitting_a_task_s_result_may_end_in_is_mapped_too() -> None:
    own = all_errors("TaskMailbox") - all_errors("OperatorTable") - all_errors("EcdsaOperatorTable")
    assert own - all_errors() - CREATORS_ONLY - REASONS.keys() == {"InvalidTaskStatus"}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (TaskStatus.VERIFIED, Reason.ALREADY_DECIDED),
        (TaskStatus.EXPIRED, Reason.TASK_EXPIRED),
        (TaskStatus.NONE, Reason.TASK_UNKNOWN),
    ],
)
def test_a_task_that_takes_no_result_says_why(status: TaskStatus, reason: Reason) -> None:
    assert reason_of("InvalidTaskStatus", (int(TaskStatus.CREATED), int(status))) is reason


def test_every_error_that_a_call_may_end_in_is_mapped_or_named_as_an_exception() -> None:
    unmapped = all_errors() - REASONS.keys() - STATUS_ERRORS
    assert unmapped == FOR_ADMINS_ONLY | NEVER_BY_US


def test_no_reason_stands_for_an_error_that_no_contract_has() -> None:
    assert REASONS.keys() <= all_errors() | all_errors("TaskMailbox")


@pytest.mark.parametrize("status", list(PhaseStatus))
def test_a_phase_that_is_not_active_is_decided_only_if_it_completed(status: PhaseStatus) -> None:
    expected = Reason.ALREADY_DECIDED if status is PhaseStatus.COMPLETED else Reason.PHASE_NOT_OPEN
    assert reason_of("PhaseNotActive", (int(status),)) is expected


def test_a_completed_execution_has_decided_and_a_failed_one_is_closed() -> None:
    assert reason_of("ExecutionNotRunning", (int(ExecutionStatus.COMPLETED),)) is Reason.ALREADY_DECIDED
    assert reason_of("ExecutionNotRunning", (int(ExecutionStatus.FAILED),)) is Reason.PHASE_NOT_OPEN
    assert reason_of("ExecutionNotRunning", (int(ExecutionStatus.CANCELLED),)) is Reason.EXECUTION_CANCELLED


def test_an_unknown_error_is_a_refusal_all_the_same() -> None:
    assert reason_of("") is Reason.CALL_REFUSED
