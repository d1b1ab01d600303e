"""`hourglass workflow trigger`: what is refused before any network is asked."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hourglass.cli.app import app
from hourglass.errors import ConfigError

EXECUTION = "0x" + "ab" * 32


@pytest.fixture
def network(tmp_path: Path) -> str:
    """One that nothing answers for."""
    (tmp_path / "key").write_text("11" * 32, "utf-8")
    path = tmp_path / "network.yaml"
    path.write_text(
        f"chain: {{rpc_url: 'http://127.0.0.1:1', chain_id: 7, state_machine: '0x{'11' * 20}'}}\n"
        f"key: {{file: {tmp_path / 'key'}}}\n",
        "utf-8",
    )
    return str(path)


def refused(network: str, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["workflow", *arguments, "-n", network])
    assert isinstance(result.exception, ConfigError), result.output
    return result.exception.detail


@pytest.mark.parametrize("other", [("--price", "1"), ("--approvals", "file")], ids=" ".join)
def test_complete_data_leaves_no_room_for_parts(network: str, other: tuple[str, str]) -> None:
    said = refused(network, "trigger", EXECUTION, "gate", "--data", "0x", *other)
    assert "leave --price and --approvals out" in said


@pytest.mark.parametrize(
    "command", [("trigger", "0x12", "gate"), ("approve", "0x12", "gate"), ("cancel", "0x12")]
)
def test_an_execution_must_be_one(network: str, command: tuple[str, ...]) -> None:
    assert refused(network, *command) == "'0x12' is no execution id: 0x and 64 hexadecimal digits."


@pytest.mark.parametrize(
    "command", [("trigger", EXECUTION, "gate"), ("approve", EXECUTION, "gate"), ("cancel", EXECUTION)]
)
def test_a_key_must_be_there(network: str, command: tuple[str, ...]) -> None:
    assert "nowhere" in refused(network, *command, "--key", "nowhere")
