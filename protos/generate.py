"""Writes the messages of gRPC services from our own .proto files, for `make stubs`; a test proves them current."""

import sys
from pathlib import Path

from grpc_tools import protoc

PROTOS = Path(__file__).parent
ROOT = PROTOS.parent

STUBS = (("cerberus", "hourglass/cerberus/wire"), ("performer", "agent/performers/wire"))
"""A folder of .proto files here, and the package that their stubs go to."""


def write(folder: str, package: str, root: Path) -> None:
    """The stubs of one folder, below this root. Raises RuntimeError if protoc refuses a file."""
    # Mapped, so that stubs import each other by the package's full name.
    paths = [
        f"--proto_path={package}={PROTOS / folder}",
        f"--proto_path={Path(protoc.__file__).parent / '_proto'}",
    ]
    outputs = [f"--{kind}_out={root}" for kind in ("python", "pyi")]
    files = [f"{package}/{path.name}" for path in sorted((PROTOS / folder).glob("*.proto"))]
    if protoc.main(["protoc", *paths, *outputs, *files]):
        raise RuntimeError(f"protoc refuses protos/{folder}")


if __name__ == "__main__":
    for folder, package in STUBS:
        write(folder, package, ROOT)
    sys.stdout.write(f"messages of {len(STUBS)} services written\n")
