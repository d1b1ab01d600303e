"""Reading the code's own words: docstrings below attributes and constants, which Python drops when it runs."""

import ast
import inspect
from collections.abc import Iterable, Sequence
from itertools import pairwise
from types import ModuleType

NOTE = "<!-- Written by docs/generate.py from the code: change the code, then run `make docs`. -->\n\n"


def attribute_words(owner: ModuleType | type) -> dict[str, str]:
    """What stands as a string below each assignment of a class or module, by name; one line each."""
    body = ast.parse(inspect.getsource(owner)).body
    match body:
        case [ast.ClassDef(body=inside)]:
            body = inside
        case _:
            pass
    words = {}
    for statement, following in pairwise(body):
        match statement, following:
            case (
                ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)),
                ast.Expr(ast.Constant(str(text))),
            ):
                words[name] = one_line(text)
            case _:
                pass
    return words


def one_line(text: str | None) -> str:
    """A docstring in one line, paragraphs and all."""
    return " ".join((text or "").split())


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table and the empty line after it."""
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(_cell(one) for one in row)} |" for row in rows),
        "",
    ]


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", "<br>")


def linked(module_file: str) -> str:
    """A link from docs/reference to a file of the project."""
    return f"[{module_file.rpartition('/')[2]}](../../{module_file})"
