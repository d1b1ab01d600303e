"""The pages that `docs/generate.py` writes: one module per kind of source, each function a page's whole text."""
