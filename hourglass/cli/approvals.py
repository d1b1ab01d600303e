"""Files of approvals, as people collect them from each other: one MULTI_SIG signature after another."""

import json
from collections.abc import Iterator
from pathlib import Path

from hourglass.errors import ConfigError
from hourglass.reasons import Reason


def read_approvals(path: Path) -> tuple[bytes, ...]:
    """The approvals in a file: each is 0x and hexadecimal digits, or what `workflow approve -o json` prints.

    Raises ConfigError(INVALID_CONFIG).
    """
    try:
        return tuple(map(_approval, _entries(path.read_text("utf-8"))))
    except OSError as error:
        raise ConfigError(Reason.INVALID_CONFIG, f"--approvals {path}: {error.strerror}.") from error
    except ValueError as error:
        raise ConfigError(Reason.INVALID_CONFIG, f"--approvals {path}: {error}.") from error


def _entries(text: str) -> Iterator[object]:
    """One after another, whatever white space is between them."""
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        if rest.startswith("0x"):
            entry: object = rest.split(None, 1)[0]
            end = len(str(entry))
        else:
            entry, end = decoder.raw_decode(rest)
        yield entry
        rest = rest[end:].lstrip()


def _approval(entry: object) -> bytes:
    match entry:
        case str(text) | {"approval": str(text)}:
            return bytes.fromhex(text.removeprefix("0x"))
        case _:
            raise ValueError(f"{entry!r} holds no approval")
