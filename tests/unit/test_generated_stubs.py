"""The committed messages of gRPC services are those of the .proto files."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def generator() -> ModuleType:
    """protos/generate.py, which is in no package."""
    spec = importlib.util.spec_from_file_location("protos_generate", ROOT / "protos" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = generator()


@pytest.mark.parametrize(("folder", "package"), GENERATOR.STUBS)
def test_the_committed_messages_are_what_protoc_makes_of_our_protos(
    folder: str, package: str, tmp_path: Path
) -> None:
    GENERATOR.write(folder, package, tmp_path)
    written = {path.name: path.read_bytes() for path in (tmp_path / package).iterdir()}
    committed = {path.name: path.read_bytes() for path in (ROOT / package).glob("*_pb2*")}
    assert written
    assert committed == written, "run `make stubs`"
