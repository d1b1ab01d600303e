"""Reads files that hold secrets, and never shows what is in them."""

import os
import stat
from pathlib import Path

from hourglass.errors import ConfigError
from hourglass.reasons import Reason

MAX_BYTES = 1024 * 1024
POSIX = os.name == "posix"


def read_sealed(path: Path) -> bytes:
    """A file whose secret is encrypted: a keystore. Raises ConfigError(KEY_UNUSABLE), naming the file only."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(Reason.KEY_UNUSABLE, f"{path}: {error.strerror}.") from error
    if len(data) > MAX_BYTES:
        raise ConfigError(Reason.KEY_UNUSABLE, f"{path} is far too large for a key.")
    return data


def read_open(path: Path) -> str:
    """The text of a file whose secret lies open: a password, an API key, a key in digits; without white space around.

    Raises ConfigError(KEY_UNUSABLE) as `read_sealed`.
    """
    data = read_sealed(path)
    try:
        return data.decode("utf-8").strip()
    except UnicodeDecodeError:
        # Without the cause: it holds the data.
        raise ConfigError(Reason.KEY_UNUSABLE, f"{path} is no text.") from None


def is_exposed(path: Path) -> bool:
    """May everybody on this machine read or write the file? Its group may: supervisors hand secrets over that way."""
    return POSIX and bool(path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))
