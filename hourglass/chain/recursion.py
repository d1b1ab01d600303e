"""Keeps the recursion limit while libraries are loaded that raise it.

web3 and eth-account load py_ecc, which raises the whole process' limit to 100,000. Left so, deeply nested JSON from an
endpoint ends the interpreter (stack overflow) instead of raising RecursionError.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def recursion_limit_kept() -> Iterator[None]:
    """Whatever is imported inside, the limit afterwards is the one before."""
    limit = sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
