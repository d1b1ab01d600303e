"""Each file of data beside it is read by a conformance test, and all thirteen are there."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = (
    "abi_identifiers",
    "bn254_hash_to_g1_rfc9380_svdw",
    "bn254_hash_to_g1_try_and_increment",
    "bn254_keys_and_signatures",
    "bn254_keystores",
    "certificates_end_to_end",
    "digests_and_typehashes",
    "ecdsa_certificates",
    "operator_info_tree",
    "performer_wire",
    "ponos_signing_bytes",
    "seed_workflow_encodings",
    "stake_threshold",
)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_there_and_some_test_reads_it(name: str) -> None:
    assert (HERE / "data" / f"{name}.json").stat().st_size > 0
    readings = (f'load("{name}")', f'_load("{name}.json")')
    tests = [path for path in HERE.glob("test_*.py") if path != Path(__file__)]
    assert any(reading in path.read_text("utf-8") for path in tests for reading in readings), (
        f"nobody reads {name}"
    )


def test_no_other_file_lies_there_unread() -> None:
    others = {path.stem for path in (HERE / "data").iterdir()} - set(FILES)
    tests = "".join(path.read_text("utf-8") for path in HERE.glob("test_*.py") if path != Path(__file__))
    assert {name for name in others if name not in tests} == set()
