"""The error tree.

    HourglassError
    ├── DefinitionError (ValueError)    the author's: a workflow that cannot be
    ├── ConfigError (ValueError)        the user's: a setting or key that cannot be used
    ├── DecodeError (ValueError)        a peer's: bytes that are no message
    ├── RefusedError                    a peer's: a request or answer that must not be followed
    ├── PointError (ValueError)         whoever sent the point
    ├── ChainError (ConnectionError)    the world's: the chain does not answer
    │   └── RevertedError               the contract's answer is no
    ├── BusError (ConnectionError)      the world's: the bus does not answer
    ├── HandlerError (RuntimeError)     the author's: a handler that failed
    └── SignerError (RuntimeError)      ours to stop at: the signer must not or cannot sign

Expected outcomes (duplicate, late, not a member) are values, not exceptions. An exception is for a caller
that can do nothing locally.
"""

from hourglass.reasons import Reason


class HourglassError(Exception):
    """Anything this project raises on purpose.

    `reason` is from the closed list; `detail` holds this case's particulars and no secrets. The text is
    one sentence of what happened, the particulars, and what to do next.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        particulars = f" {self.detail}" if self.detail else ""
        return f"{self.reason.summary}{particulars} → {self.reason.advice}"


class DefinitionError(HourglassError, ValueError):
    """A workflow definition that can never run. `detail` names the phase and what is wrong with it.

    `rule` is the contract's custom error for the same, empty where only Python could see it.
    """

    def __init__(self, detail: str, rule: str = "") -> None:
        super().__init__(Reason.INVALID_DEFINITION, detail)
        self.rule = rule


class ConfigError(HourglassError, ValueError):
    """A configuration or key that cannot be used."""


class DecodeError(HourglassError, ValueError):
    """Bytes from outside that are no message of ours."""


class RefusedError(HourglassError):
    """A request or answer that must not be followed."""


class PointError(HourglassError, ValueError):
    """A curve point from outside that is invalid."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.INVALID_POINT, detail)


class ChainError(HourglassError, ConnectionError):
    """The chain did not answer, or its answer cannot be believed."""


class RevertedError(ChainError):
    """A call or transaction that the contract refuses. `error_name` is its custom error, if known."""

    def __init__(self, reason: Reason, error_name: str, detail: str = "") -> None:
        super().__init__(reason, detail or error_name)
        self.error_name = error_name


class BusError(HourglassError, ConnectionError):
    """The bus did not take or give a message."""


class HandlerError(HourglassError, RuntimeError):
    """A handler that raised, hung, crashed or returned the wrong thing."""


class SignerError(HourglassError, RuntimeError):
    """The signer refuses, or its journal or key is unavailable."""
