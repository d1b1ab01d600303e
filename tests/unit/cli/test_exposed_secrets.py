"""Secrets that everybody on the machine may read are said at the start, and nothing else is."""

from pathlib import Path

import pytest
from pydantic import BaseModel
from structlog.testing import capture_logs

from hourglass.chain.account import KeyConfig
from hourglass.cli.exposed_secrets import warn_of_exposed_secrets


class Inner(BaseModel):
    """A part of the settings."""

    password_file: Path | None = None
    keystore: Path | None = None


class Settings(BaseModel):
    """Some of each."""

    key: KeyConfig
    parts: tuple[Inner, ...] = ()


def warned(settings: BaseModel) -> list[str]:
    """The names of the files that were warned of."""
    with capture_logs() as logs:
        warn_of_exposed_secrets(settings)
    assert "5ec2e7" not in str(logs)
    return [Path(entry["file"]).name for entry in logs if entry["log_level"] == "warning"]


def test_open_secrets_for_everybody_are_named_once(tmp_path: Path) -> None:
    for name in ("key", "password", "keystore"):
        (tmp_path / name).write_text("5ec2e7")
        (tmp_path / name).chmod(0o644)
    part = Inner(password_file=tmp_path / "password", keystore=tmp_path / "keystore")
    assert warned(Settings(key=KeyConfig(file=tmp_path / "key"), parts=(part, part))) == ["key", "password"]


@pytest.mark.parametrize(
    ("mode", "expected"), [(0o600, []), (0o640, []), (0o660, []), (0o604, ["key"]), (0o602, ["key"])]
)
def test_the_owner_and_a_group_may_read_them(tmp_path: Path, mode: int, expected: list[str]) -> None:
    (tmp_path / "key").write_text("5ec2e7")
    (tmp_path / "key").chmod(mode)
    assert warned(Settings(key=KeyConfig(file=tmp_path / "key"))) == expected


def test_a_keystore_is_encrypted_and_a_missing_file_is_another_s_concern(tmp_path: Path) -> None:
    (tmp_path / "key").write_text('{"crypto": "5ec2e7"}')
    (tmp_path / "key").chmod(0o644)
    assert warned(Settings(key=KeyConfig(file=tmp_path / "key"))) == []
    assert warned(Settings(key=KeyConfig(file=tmp_path / "nowhere"))) == []
