"""Reads the conformance data."""

import json
from pathlib import Path
from typing import Any


def load(name: str) -> dict[str, Any]:
    """One file of `data/`."""
    data: dict[str, Any] = json.loads(
        (Path(__file__).parent / "conformance" / "data" / f"{name}.json").read_text("utf-8")
    )
    return data


def raw(text: str) -> bytes:
    """Bytes from 0x-hexadecimal."""
    return bytes.fromhex(text.removeprefix("0x"))
