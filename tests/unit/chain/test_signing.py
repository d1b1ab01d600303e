"""Signing must not change the process it happens in."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "hourglass.chain.signing",
        "hourglass.chain.client",
        "hourglass.testing.deployment",
        "hourglass.bls.reference",
    ],
)
def test_loading_it_leaves_the_recursion_limit_alone(module: str) -> None:
    code = (
        "import json, sys; before = sys.getrecursionlimit();"
        f"import {module}; assert sys.getrecursionlimit() == before;"
        "\ntry:\n    json.loads('[' * 200_000)\nexcept RecursionError:\n    print('refused')"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert finished.stdout == "refused\n", finished.stderr
