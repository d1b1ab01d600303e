"""What went wrong, as an exit code."""

import pytest

from hourglass.cli.output import Exit, exit_code
from hourglass.errors import (
    BusError,
    ChainError,
    ConfigError,
    DefinitionError,
    HourglassError,
    RevertedError,
    SignerError,
)
from hourglass.reasons import Reason


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError(Reason.INVALID_CONFIG), Exit.USAGE),
        (DefinitionError("the phase"), Exit.USAGE),
        (ChainError(Reason.CHAIN_UNREACHABLE), Exit.UNREACHABLE),
        (BusError(Reason.BUS_UNREACHABLE), Exit.UNREACHABLE),
        (SignerError(Reason.SIGNER_UNREACHABLE), Exit.UNREACHABLE),
        (SignerError(Reason.SIGNER_REFUSED), Exit.USAGE),
        (RevertedError(Reason.FEE_NOT_MET, "FeeNotPaid"), Exit.USAGE),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_the_user_can_correct_is_told_apart_from_what_can_t_be_reached(
    error: HourglassError, code: Exit
) -> None:
    """A contract that refuses was reached."""
    assert exit_code(error) is code
