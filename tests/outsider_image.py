"""An image of the outsider's performer, made of this machine's own Python: nothing is pulled."""

import io
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path

import google.protobuf
import grpc
from outsider import OUTSIDER

LEFT_OUT = {"site-packages", "test", "tests", "idlelib", "tkinter", "ensurepip", "__pycache__", "turtledemo"}
PORT = 8080


def context() -> io.BytesIO:
    """What the engine builds from: a Dockerfile and a root file system, as a tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", dereference=True) as tar:
        for path in sorted(set(_files())):
            tar.add(path, f"root{path}", recursive=False)
        tar.add(OUTSIDER, "root/outsider.py")
        tar.add("/etc/nsswitch.conf", "root/etc/nsswitch.conf")
        dockerfile = _dockerfile().encode()
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        tar.addfile(entry, io.BytesIO(dockerfile))
    out.seek(0)
    return out


def _dockerfile() -> str:
    packages = Path(grpc.__file__).parents[1]
    libraries = sysconfig.get_config_var("LIBDIR")
    return (
        "FROM scratch\n"
        "COPY root/ /\n"
        f"ENV PYTHONPATH={packages} PYTHONDONTWRITEBYTECODE=1 LD_LIBRARY_PATH={libraries}\n"
        f'ENTRYPOINT ["{_interpreter()}", "/outsider.py", "0.0.0.0:{PORT}"]\n'
    )


def _interpreter() -> Path:
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"


def _files() -> Iterator[Path]:
    standard = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    packages = Path(grpc.__file__).parents[1]
    binaries = [_interpreter()]
    for folder in (standard, packages / "grpc", Path(google.protobuf.__file__).parents[1]):
        for path in folder.rglob("*"):
            inside = path.relative_to(folder).parts
            if path.is_file() and not LEFT_OUT & set(inside) and "config-" not in str(inside):
                yield path
                if ".so" in path.suffixes:
                    binaries.append(path)
    yield packages / "typing_extensions.py"
    yield _interpreter()
    for binary in binaries:
        linked = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False).stdout
        for library in re.findall(r"(?:=> )?(/\S+) \(0x", linked):
            yield Path(library)
