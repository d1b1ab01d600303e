"""Which backend is loaded, what it refuses, and what loading it does to the process around it."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from hourglass.bls.curve import G1_GENERATOR
from hourglass.bls.mcl import MclBackend
from hourglass.bls.signatures import default_backend


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return run.stdout.strip()


def test_mcl_is_the_default_where_its_wheel_is() -> None:
    assert default_backend().name == "mcl"


def test_without_mcl_the_reference_steps_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hourglass.bls.mcl", None)
    assert default_backend.__wrapped__().name == "py_ecc"


def test_a_library_initialised_for_the_wheel_s_own_curve_is_refused() -> None:
    answer = python(
        "from hourglass.bls import mcl, signatures\n"
        "mcl.LIBRARY.mclBn_init(0, 44)\n"
        "try:\n"
        "    mcl.MclBackend()\n"
        "except ImportError as error:\n"
        "    print(error)\n"
        "print(signatures.default_backend().name)"
    )
    refusal, fallback = answer.splitlines()
    assert "self-test" in refusal
    assert fallback == "py_ecc"


def test_loading_the_reference_leaves_the_recursion_limit_as_it_was() -> None:
    assert (
        python(
            "import sys\n"
            "before = sys.getrecursionlimit()\n"
            "import hourglass.bls.reference\n"
            "print(sys.getrecursionlimit() - before)"
        )
        == "0"
    ), "or nested JSON from outside ends the interpreter"


def test_several_threads_compute_on_one_backend_as_one_does() -> None:
    backend = MclBackend()

    def work(scalar: int) -> list[object]:
        point = backend.g1_combine([G1_GENERATOR], [scalar])
        return [backend.g1_sum([point] * count) for count in range(1, 30)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(1, 41))) == [work(scalar) for scalar in range(1, 41)]
