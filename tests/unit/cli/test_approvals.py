"""Approvals as people hand them to each other."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourglass.cli.approvals import read_approvals
from hourglass.errors import ConfigError

APPROVALS = st.lists(st.binary(min_size=65, max_size=65), max_size=5)


def written(folder: Path, text: str) -> Path:
    path = folder / "approvals"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("approvals")


@given(APPROVALS, st.lists(st.sampled_from(["bare", "json", "indented", "quoted"]), min_size=5, max_size=5))
def test_however_each_was_written_down_they_are_read_in_their_order(
    folder: Path, approvals: list[bytes], ways: list[str]
) -> None:
    def text(approval: bytes, way: str) -> str:
        digits = "0x" + approval.hex()
        match way:
            case "bare":
                return digits
            case "quoted":
                return json.dumps(digits)
            case _:
                whole = {"phase": "release", "signer": "0x12", "approval": digits}
                return json.dumps(whole, indent=2 if way == "indented" else None)

    lines = [text(approval, way) for approval, way in zip(approvals, ways, strict=False)]
    assert read_approvals(written(folder, "\n".join(lines) + "\n\n")) == tuple(approvals)


@pytest.mark.parametrize(
    "text",
    ["{}", '{"approval": 7}', "0xzz", "signature", '"0x1"', "[1, 2", "7", '{"approval": "0x12"'],
    ids=repr,
)
def test_what_holds_no_approval_is_refused_with_the_file_s_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_approvals(written(tmp_path, text))
    assert str(tmp_path / "approvals") in caught.value.detail


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_approvals(tmp_path / "nowhere")
    assert "No such file" in caught.value.detail
