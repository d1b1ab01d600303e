"""How commands read what they are given, and what they say of what they can't read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hourglass.cli.arguments import address_of, data_of, execution_of, payload_of, phase_of
from hourglass.errors import ConfigError
from hourglass.testing.worlds import phase
from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.identifiers import Address, ExecutionId

DEFINITION = WorkflowDefinition("w", (phase("agree"), phase("1"), phase("update")))


def said(read: Callable[[], object]) -> str:
    """What a reader refuses with."""
    with pytest.raises(ConfigError) as caught:
        read()
    return caught.value.detail


@pytest.mark.parametrize("text", ["0x" + "ab" * 32, "ab" * 32])
def test_an_execution_is_its_64_digits(text: str) -> None:
    assert execution_of(text) == ExecutionId(b"\xab" * 32)


@pytest.mark.parametrize(
    "text", ["", "0x", "0x12", "0x" + "ab" * 31, "0x" + "ab" * 33, "0x" + "zz" * 32, "latest"]
)
def test_what_has_other_digits_is_no_execution(text: str) -> None:
    assert said(lambda: execution_of(text)) == f"{text!r} is no execution id: 0x and 64 hexadecimal digits."


def test_an_address_is_its_40_digits_in_any_case() -> None:
    assert address_of("0x" + "aB" * 20) == Address(b"\xab" * 20)


@pytest.mark.parametrize("text", ["", "0x12", "ab" * 20, "0x" + "zz" * 20])
def test_what_has_other_digits_is_no_address(text: str) -> None:
    assert "is no address" in said(lambda: address_of(text))


@pytest.mark.parametrize(("text", "index"), [("agree", 0), ("0", 0), ("update", 2), ("2", 2)])
def test_a_phase_has_a_name_and_a_number(text: str, index: int) -> None:
    assert phase_of(DEFINITION, text) == index


def test_a_name_that_looks_like_a_number_is_a_name_first() -> None:
    crossed = WorkflowDefinition("w", (phase("1"), phase("0")))
    assert phase_of(crossed, "1") == 0
    assert phase_of(DEFINITION, "1") == 1


@pytest.mark.parametrize("text", ["3", "-1", "Agree", "", "٢"])
def test_a_phase_that_there_is_not_is_answered_with_those_that_there_are(text: str) -> None:
    assert said(lambda: phase_of(DEFINITION, text)).endswith("it has 'agree', '1', 'update'.")


def test_a_payload_is_text_or_hexadecimal_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "payload").write_bytes(b"\x00\xff")
    assert payload_of("ETH/USD") == b"ETH/USD"
    assert payload_of("0x00ff") == b"\x00\xff"
    assert payload_of(f"@{tmp_path / 'payload'}") == b"\x00\xff"
    assert payload_of("") == b""
    assert "--input @nowhere" in said(lambda: payload_of("@nowhere"))
    assert "--input 0xf" in said(lambda: payload_of("0xf"))


def test_data_is_hexadecimal() -> None:
    assert data_of("0x00ff", "--data") == data_of("00ff", "--data") == b"\x00\xff"
    assert data_of("0x", "--data") == b""
    assert said(lambda: data_of("price", "--data")) == "--data 'price' is not hexadecimal."
