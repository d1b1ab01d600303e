"""For every test: the recursion limit stays what it is, whichever test loads py_ecc first."""

from hourglass.chain.recursion import recursion_limit_kept

with recursion_limit_kept():
    import py_ecc as py_ecc
