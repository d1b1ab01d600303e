"""Writes the parts of the documentation that are the code's own words, for `make docs`; a test proves them current."""

import sys
from pathlib import Path

from generators import configuration, errors, phases, reasons, reducers, triggers

DOCS = Path(__file__).parent

PAGES = {
    "reasons.md": reasons.page,
    "reference/phases.md": phases.page,
    "reference/reducers.md": reducers.page,
    "reference/triggers.md": triggers.page,
    "reference/errors.md": errors.page,
    "reference/configuration.md": configuration.settings,
    "reference/commands.md": configuration.commands,
}

if __name__ == "__main__":
    for name, write in PAGES.items():
        path = DOCS / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(write(), "utf-8")
    sys.stdout.write(f"{len(PAGES)} pages written\n")
