"""Says at a node's start which secrets everybody on its machine may read. Such a node runs all the same.

It is no refusal: Docker hands out secrets with mode 0444 in containers that have no other users.
"""

from collections.abc import Iterator
from pathlib import Path

import structlog
from pydantic import BaseModel

from hourglass.secret_files import is_exposed

log = structlog.get_logger(__name__)

SECRETS = frozenset({"file", "password_file", "api_key_file", "client_key_file", "credentials_file"})
"""Settings that name a file with an open secret."""


def warn_of_exposed_secrets(settings: BaseModel) -> None:
    """One warning for each such file."""
    for path in sorted(set(_secrets(settings))):
        try:
            warned = is_exposed(path) and not _is_sealed(path)
        except OSError:
            continue  # whoever needs the file will say what is wrong with it
        if warned:
            log.warning(
                "everybody on this machine may read a secret", file=str(path), advice=f"chmod o-rwx {path}"
            )


def _secrets(settings: BaseModel) -> Iterator[Path]:
    for name, value in settings:
        for one in value if isinstance(value, tuple) else (value,):
            match one:
                case BaseModel():
                    yield from _secrets(one)
                case Path() if name in SECRETS:
                    yield one


def _is_sealed(path: Path) -> bool:
    """A keystore, which is encrypted."""
    with path.open("rb") as file:
        return file.read(1) == b"{"
