"""A definition as one SVG file that needs nothing else: no font, no script, no style sheet from anywhere.

It brings its own paper, so it is legible on any page, and changes colours with the reader's.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.drawing import Drawing, Edge, Node, drawing_of
from hourglass.workflow.drawing_layout import Box, Layout, lay_out

CELL = 7.5
"""Width of one character at the font's size; of a wide one it is two."""
LINE_HEIGHT = 17
PADDING = 12
MARGIN = 24
TITLE_HEIGHT = 36
MAX_CELLS = 34
MAX_LINES = 4
"""Of one sentence; the rest of it is in the node's tooltip."""
ELLIPSIS = "…"
STYLE = """
    svg { --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --box: #f6f8fa; --line: #8c959f; --stand-in: #9a6700; }
    @media (prefers-color-scheme: dark) {
      svg { --paper: #0d1117; --ink: #e6edf3; --faint: #9198a1; --box: #161b22; --line: #6e7681; --stand-in: #d29922; }
    }
    .paper { fill: var(--paper); }
    text { font: 12.5px ui-monospace, Menlo, Consolas, monospace; fill: var(--faint); white-space: pre; }
    .title { font-size: 15px; font-weight: bold; fill: var(--ink); }
    .name { font-weight: bold; fill: var(--ink); }
    .node rect { fill: var(--box); stroke: var(--line); }
    .stand-in rect { stroke: var(--stand-in); stroke-dasharray: 5 3; }
    .edge { fill: none; stroke: var(--line); stroke-width: 1.4; marker-end: url(#arrow); }
    .fallback { stroke: var(--stand-in); stroke-dasharray: 5 3; marker-end: url(#arrow-stand-in); }
    #arrow path { fill: var(--line); }
    #arrow-stand-in path { fill: var(--stand-in); }
"""


def svg(definition: WorkflowDefinition) -> str:
    """The picture of a definition that `validate` accepts."""
    drawing = drawing_of(definition)
    texts = [_wrapped(node) for node in drawing.nodes]
    layout = lay_out(drawing, [_size(lines) for lines in texts])
    title = _cut(drawing.title, MAX_CELLS * 2)
    width = max(layout.width, _cells(title) * CELL * 1.25) + 2 * MARGIN
    height = layout.height + TITLE_HEIGHT + 2 * MARGIN
    size = f'width="{width:g}" height="{height:g}"'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width:g} {height:g}" role="img">',
            f"  <title>{_text(drawing.title)}</title>",
            f"  <style>{STYLE}  </style>",
            *_arrows(),
            f'  <rect class="paper" {size} rx="8"/>',
            f'  <text class="title" x="{MARGIN}" y="{MARGIN + LINE_HEIGHT}">{_text(title)}</text>',
            f'  <g transform="translate({(width - layout.width) / 2:g} {MARGIN + TITLE_HEIGHT})">',
            *_edges(layout),
            *_nodes(drawing, texts, layout),
            "  </g>",
            "</svg>",
            "",
        )
    )


def _arrows() -> Iterator[str]:
    yield "  <defs>"
    for name in ("arrow", "arrow-stand-in"):
        yield (
            f'    <marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0 0 L8 4 L0 8 z"/></marker>'
        )
    yield "  </defs>"


def _edges(layout: Layout) -> Iterator[str]:
    for edge, points in layout.routes:
        kind = "edge fallback" if edge.is_fallback else "edge"
        yield f'    <path class="{kind}" data-edge="{_ends(edge)}" d="{_curve(points)}"/>'


def _ends(edge: Edge) -> str:
    return f"{edge.source}-{edge.target}"


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """Straight down through a layer, and in an S from one to the next."""
    (x, y), *rest = points
    steps = [f"M{x:g} {y:g}"]
    for number, (to_x, to_y) in enumerate(rest):
        if number % 2:
            half = (y + to_y) / 2
            steps.append(f"C{x:g} {half:g} {to_x:g} {half:g} {to_x:g} {to_y:g}")
        else:
            steps.append(f"L{to_x:g} {to_y:g}")
        x, y = to_x, to_y
    return " ".join(steps)


def _nodes(drawing: Drawing, texts: Sequence[Sequence[str]], layout: Layout) -> Iterator[str]:
    for index, (node, lines, box) in enumerate(zip(drawing.nodes, texts, layout.boxes, strict=True)):
        yield from _node(index, node, lines, box)


def _node(index: int, node: Node, lines: Sequence[str], box: Box) -> Iterator[str]:
    names = len(_wrap(node.name))
    yield f'    <g class="node{" stand-in" if node.stands_in else ""}" data-phase="{index}">'
    yield f"      <title>{_text('; '.join((node.name, *node.lines)))}</title>"
    yield f'      <rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="6"/>'
    for number, line in enumerate(lines):
        y = box.y + PADDING + LINE_HEIGHT * (number + 0.75)
        kind = ' class="name"' if number < names else ""
        yield f'      <text{kind} x="{box.x + PADDING:g}" y="{y:g}">{_text(line)}</text>'
    yield "    </g>"


# ── Text ──────────────────────────────────────────────────────────────────────────────────────────────


def _wrapped(node: Node) -> tuple[str, ...]:
    return tuple(part for line in (node.name, *node.lines) for part in _wrap(line))


def _size(lines: Sequence[str]) -> tuple[float, float]:
    return max(map(_cells, lines)) * CELL + 2 * PADDING, len(lines) * LINE_HEIGHT + 2 * PADDING


def _wrap(text: str) -> list[str]:
    """Lines that fit a node, broken at spaces where there are any; no more than MAX_LINES."""
    lines: list[str] = []
    rest = text
    while _cells(rest) > MAX_CELLS and len(lines) < MAX_LINES - 1:
        head = _cut(rest, MAX_CELLS, ellipsis="")
        at_space = head.rfind(" ")
        if at_space > 0:
            head = head[:at_space]
        lines.append(head)
        rest = rest[len(head) :].removeprefix(" ")
    return [*lines, _cut(rest, MAX_CELLS)]


def _cut(text: str, cells: int, ellipsis: str = ELLIPSIS) -> str:
    """As much of it as fits, with an ellipsis if that is not all."""
    if _cells(text) <= cells:
        return text
    kept, room = "", cells - len(ellipsis)
    for character in text:
        room -= _cells(character)
        if room < 0:
            break
        kept += character
    return kept + ellipsis


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _text(text: str) -> str:
    """As XML's character data; controls, and what XML can't hold at all, become U+FFFD."""
    return escape("".join(one if _is_xml(one) else "\N{REPLACEMENT CHARACTER}" for one in text))


def _is_xml(character: str) -> bool:
    code = ord(character)
    return 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code >= 0x10000
