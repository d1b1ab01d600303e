"""The contract's custom errors as reasons. Pure."""

from hourglass.reasons import Reason

REASONS = {
    "PhaseNotActive": Reason.ALREADY_DECIDED,
    "ExecutionNotRunning": Reason.ALREADY_DECIDED,
    "DeadlinePassed": Reason.DEADLINE_PASSED,
    "DeadlineNotPassed": Reason.PHASE_NOT_OPEN,
    "UnknownWorkflow": Reason.UNKNOWN_NAME,
    "UnknownExecution": Reason.UNKNOWN_EXECUTION,
    "UnknownPhase": Reason.UNKNOWN_EXECUTION,
    "ThresholdNotMet": Reason.THRESHOLD_NOT_MET,
    "NoStakeSigned": Reason.THRESHOLD_NOT_MET,
    "TableStale": Reason.TABLE_STALE,
    "CertificateStale": Reason.TABLE_STALE,
    "TableMissing": Reason.TABLE_UNAVAILABLE,
    "RequiredStakeNotMet": Reason.TABLE_UNAVAILABLE,
    "ReferenceTimestampDoesNotExist": Reason.TABLE_UNAVAILABLE,
    "ResultTooLarge": Reason.RESULT_TOO_LARGE,
    "EmptyCertificate": Reason.CERTIFICATE_REJECTED,
    "InvalidMessageHash": Reason.CERTIFICATE_REJECTED,
    "InvalidReferenceTimestamp": Reason.CERTIFICATE_REJECTED,
    "InvalidRound": Reason.CERTIFICATE_REJECTED,
    "InvalidOperatorIndex": Reason.CERTIFICATE_REJECTED,
    "NonSignerIndicesNotSorted": Reason.CERTIFICATE_REJECTED,
    "VerificationFailed": Reason.CERTIFICATE_REJECTED,
    "InvalidPoint": Reason.CERTIFICATE_REJECTED,
    "AccessControlUnauthorizedAccount": Reason.UNAUTHORIZED,
}


def reason_of(error_name: str) -> Reason:
    """The reason for a custom error; TRANSACTION_REVERTED for one that is not of ours."""
    return REASONS.get(error_name, Reason.TRANSACTION_REVERTED)
