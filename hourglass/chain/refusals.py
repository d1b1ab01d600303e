"""The contracts' custom errors as reasons. Pure."""

from collections.abc import Sequence

from hourglass.chain.tasks import TaskStatus
from hourglass.reasons import Reason
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus

REASONS = {
    # Look-ups
    "UnknownWorkflow": Reason.UNKNOWN_NAME,
    "UnknownExecution": Reason.UNKNOWN_EXECUTION,
    "UnknownPhase": Reason.UNKNOWN_EXECUTION,
    # Definitions
    "NameLengthOutOfRange": Reason.INVALID_DEFINITION,
    "PhaseCountOutOfRange": Reason.INVALID_DEFINITION,
    "TooManyTriggers": Reason.INVALID_DEFINITION,
    "PhaseNameLengthOutOfRange": Reason.INVALID_DEFINITION,
    "DuplicatePhaseName": Reason.INVALID_DEFINITION,
    "TimeoutOutOfRange": Reason.INVALID_DEFINITION,
    "ThresholdOutOfRange": Reason.INVALID_DEFINITION,
    "MetadataTooLarge": Reason.INVALID_DEFINITION,
    "TriggerConditionNotSupported": Reason.INVALID_DEFINITION,
    "TriggerConditionMissing": Reason.INVALID_DEFINITION,
    "ContinuousMetadataMalformed": Reason.INVALID_DEFINITION,
    "IntervalOutOfRange": Reason.INVALID_DEFINITION,
    "TooManyTicks": Reason.INVALID_DEFINITION,
    "TicksDoNotFit": Reason.INVALID_DEFINITION,
    "AttemptsOutOfRange": Reason.INVALID_DEFINITION,
    "OptionNotSupported": Reason.INVALID_DEFINITION,
    "FallbackOutOfRange": Reason.INVALID_DEFINITION,
    "FallbackDependenciesDiffer": Reason.INVALID_DEFINITION,
    "FallbackShared": Reason.INVALID_DEFINITION,
    "FallbackIsDependency": Reason.INVALID_DEFINITION,
    "FallbackCycle": Reason.INVALID_DEFINITION,
    "ExecutionTimeoutOutOfRange": Reason.INVALID_DEFINITION,
    "TimeoutExceedsStaleness": Reason.INVALID_DEFINITION,
    "CurveAmbiguous": Reason.INVALID_DEFINITION,
    "DependencyOutOfRange": Reason.INVALID_DEFINITION,
    "SelfDependency": Reason.INVALID_DEFINITION,
    "DuplicateDependency": Reason.INVALID_DEFINITION,
    "DependencyCycle": Reason.INVALID_DEFINITION,
    # Trigger conditions
    "TriggerTooLarge": Reason.INVALID_DEFINITION,
    "TriggerTooDeep": Reason.INVALID_DEFINITION,
    "TriggerTooManyConditions": Reason.INVALID_DEFINITION,
    "TriggerMalformed": Reason.INVALID_DEFINITION,
    "TriggerUnknownType": Reason.INVALID_DEFINITION,
    "TriggerChildrenOutOfRange": Reason.INVALID_DEFINITION,
    "TriggerValueOutOfRange": Reason.INVALID_DEFINITION,
    "TriggerSignersOutOfRange": Reason.INVALID_DEFINITION,
    "TriggerZeroSigner": Reason.INVALID_DEFINITION,
    "TriggerDuplicateSigner": Reason.INVALID_DEFINITION,
    "TriggerRequiredOutOfRange": Reason.INVALID_DEFINITION,
    "TriggerUnknownComparison": Reason.INVALID_DEFINITION,
    "TriggerUnknownDependency": Reason.INVALID_DEFINITION,
    "TriggerTopicsOutOfRange": Reason.INVALID_DEFINITION,
    "TriggerTopicZero": Reason.INVALID_DEFINITION,
    # Starting a phase
    "TableMissing": Reason.TABLE_UNAVAILABLE,
    "TableStale": Reason.TABLE_STALE,
    "RequiredStakeNotMet": Reason.REQUIRED_STAKE_NOT_MET,
    # Triggers, ends, fees
    "PhaseNotWaiting": Reason.NOT_WAITING,
    "NotATriggerSource": Reason.UNAUTHORIZED,
    "TriggerNotMet": Reason.CONDITION_UNMET,
    "TriggerDataMalformed": Reason.TRIGGER_DATA_INVALID,
    "TriggerDataTooLarge": Reason.TRIGGER_DATA_INVALID,
    "NotTheInitiator": Reason.UNAUTHORIZED,
    "EnforcedPause": Reason.PAUSED,
    "UnexpectedValue": Reason.FEE_NOT_MET,
    # The fee vault's
    "FeeNotPaid": Reason.FEE_NOT_MET,
    "InexactTransfer": Reason.FEE_NOT_MET,
    "PriceTooHigh": Reason.FEE_NOT_MET,
    # Results
    "DeadlinePassed": Reason.DEADLINE_PASSED,
    "DeadlineNotPassed": Reason.DEADLINE_NOT_PASSED,
    "ResultTooLarge": Reason.RESULT_TOO_LARGE,
    "ThresholdNotMet": Reason.THRESHOLD_NOT_MET,
    "NoStakeSigned": Reason.THRESHOLD_NOT_MET,
    "EmptyCertificate": Reason.CERTIFICATE_REJECTED,
    "InvalidMessageHash": Reason.CERTIFICATE_REJECTED,
    "InvalidReferenceTimestamp": Reason.CERTIFICATE_REJECTED,
    "InvalidRound": Reason.CERTIFICATE_REJECTED,
    "WeightColumnsMismatch": Reason.CERTIFICATE_REJECTED,
    # The verifier's
    "CertificateStale": Reason.TABLE_STALE,
    "ReferenceTimestampDoesNotExist": Reason.TABLE_UNAVAILABLE,
    "RootDisabled": Reason.TABLE_UNAVAILABLE,
    "OperatorCountZero": Reason.TABLE_UNAVAILABLE,
    "InvalidOperatorIndex": Reason.CERTIFICATE_REJECTED,
    "NonSignerIndicesNotSorted": Reason.CERTIFICATE_REJECTED,
    "VerificationFailed": Reason.CERTIFICATE_REJECTED,
    "InvalidSignature": Reason.CERTIFICATE_REJECTED,
    "InvalidSignatureLength": Reason.CERTIFICATE_REJECTED,
    "SignersNotOrdered": Reason.CERTIFICATE_REJECTED,
    "InvalidPoint": Reason.CERTIFICATE_REJECTED,
    "InvalidProofLength": Reason.CERTIFICATE_REJECTED,
    "ECAddFailed": Reason.CERTIFICATE_REJECTED,
    "ECMulFailed": Reason.CERTIFICATE_REJECTED,
    "ECPairingFailed": Reason.CERTIFICATE_REJECTED,
    # The task mailbox's
    "EmptyCertificateSignature": Reason.CERTIFICATE_REJECTED,
    "TimestampAtCreation": Reason.TASK_TOO_NEW,
    # Roles
    "AccessControlUnauthorizedAccount": Reason.UNAUTHORIZED,
}


def reason_of(error_name: str, fields: Sequence[object] = ()) -> Reason:
    """The reason for a custom error and its fields; CALL_REFUSED for one that has none of its own."""
    match error_name, fields:
        case "PhaseNotActive", [PhaseStatus.COMPLETED]:
            return Reason.ALREADY_DECIDED
        case "ExecutionNotRunning", [ExecutionStatus.COMPLETED]:
            return Reason.ALREADY_DECIDED
        case "ExecutionNotRunning", [ExecutionStatus.CANCELLED]:
            return Reason.EXECUTION_CANCELLED
        case (("PhaseNotActive" | "ExecutionNotRunning"), _):
            return Reason.PHASE_NOT_OPEN
        case "InvalidTaskStatus", [_, TaskStatus.VERIFIED]:
            return Reason.ALREADY_DECIDED
        case "InvalidTaskStatus", [_, TaskStatus.EXPIRED]:
            return Reason.TASK_EXPIRED
        case "InvalidTaskStatus", [_, TaskStatus.NONE]:
            return Reason.TASK_UNKNOWN
        case _:
            return REASONS.get(error_name, Reason.CALL_REFUSED)
