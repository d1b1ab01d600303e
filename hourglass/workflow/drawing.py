"""What a picture of a definition shows: its phases with all that is said of them, what waits for what, and who stands
in for whom. `mermaid` writes it for a web page; `drawing_svg` draws it.

Names are their authors' own: whatever stands in them comes out as text, never as notation.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hourglass.workflow.critical_path import fallback_of
from hourglass.workflow.definition import FailurePolicy, PhaseDefinition, TriggerMode, WorkflowDefinition
from hourglass.workflow.identifiers import Address, PhaseIndex
from hourglass.workflow.phases import PLANS
from hourglass.workflow.series import decode_continuous, schedule_of
from hourglass.workflow.triggers import decode, describe

SHOWN_DIGITS = 4
"""Of a foreign AVS's address, at either end."""
BASIS_POINTS_PER_PERCENT = 100
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
PLAIN = frozenset(" .,-_/+=")
"""Beside letters and digits of ASCII: what means nothing in any notation here."""


@dataclass(frozen=True, slots=True)
class Node:
    """One phase."""

    name: str
    lines: tuple[str, ...]
    """Type and operator set first."""
    stands_in: bool
    """It starts only in another phase's place."""


@dataclass(frozen=True, slots=True)
class Edge:
    """From a phase to one that waits for it, or to its fallback."""

    source: PhaseIndex
    target: PhaseIndex
    is_fallback: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Nodes by the phases' numbers, and edges."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def drawing_of(definition: WorkflowDefinition) -> Drawing:
    """The picture of a definition that `validate` accepts."""
    fallbacks = definition.fallbacks
    title = definition.name
    if definition.execution_timeout_s:
        title += f" (at most {duration(definition.execution_timeout_s)})"
    return Drawing(
        title,
        tuple(
            Node(phase.name, tuple(_lines(phase)), index in fallbacks)
            for index, phase in enumerate(definition.phases)
        ),
        tuple(_edges(definition)),
    )


def duration(seconds: int) -> str:
    """3,690 as 1 h 1 min 30 s."""
    parts = []
    for size, unit in UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def share(basis_points: int) -> str:
    """6667 as 66.67 %; 0 as what it means."""
    if basis_points == 0:
        return "any stake"
    whole, rest = divmod(basis_points, BASIS_POINTS_PER_PERCENT)
    decimals = f".{rest:02d}".rstrip("0") if rest else ""
    return f"{whole}{decimals} % of stake"


def _edges(definition: WorkflowDefinition) -> Iterator[Edge]:
    for number, phase in enumerate(definition.phases):
        index, fallback = PhaseIndex(number), fallback_of(phase)
        # A fallback waits for the same phases as the one that it stands in for: one way to it is enough.
        if index not in definition.fallbacks:
            yield from (Edge(dependency, index, False) for dependency in phase.dependencies)
        if fallback is not None:
            yield Edge(index, fallback, True)


# ── What is said of a phase ───────────────────────────────────────────────────────────────────────────


def _lines(phase: PhaseDefinition) -> Iterator[str]:
    avs = phase.options.avs
    yield f"{phase.phase_type.name}, set {phase.operator_set_id}" + (f" of {_short(avs)}" if avs else "")
    yield f"{share(phase.consensus_threshold)}, {duration(phase.timeout_s)}"
    if phase.required_stake:
        yield f"at least {phase.required_stake} stake"
    if PLANS[phase.phase_type].ticks:
        yield _ticks(phase)
    if PLANS[phase.phase_type].gated:
        yield from _gate(phase)
    if phase.options.attempts > 1:
        yield f"up to {phase.options.attempts} attempts"
    if phase.options.on_failure is FailurePolicy.CONTINUE:
        yield "on failure: go on without it"


def _ticks(phase: PhaseDefinition) -> str:
    interval_s = decode_continuous(phase.metadata).interval_s
    ticks = schedule_of(phase.metadata, 0, phase.timeout_s).ticks
    return f"{ticks} tick{'s' if ticks != 1 else ''}, each {duration(interval_s)}"


def _gate(phase: PhaseDefinition) -> Iterator[str]:
    by = "a source" if phase.options.trigger_mode is TriggerMode.SOURCE else "its operators"
    condition = describe(decode(phase.trigger_condition, phase.dependencies))
    yield f"once {condition[:1].lower()}{condition[1:]}, says {by}"
    if phase.options.skip_if_unmet:
        yield "otherwise skipped"


def _short(address: Address) -> str:
    text = str(address)
    return f"{text[: 2 + SHOWN_DIGITS]}…{text[-SHOWN_DIGITS:]}"


# ── Mermaid ───────────────────────────────────────────────────────────────────────────────────────────


def mermaid(definition: WorkflowDefinition) -> str:
    """A Mermaid flowchart, for Markdown and https://mermaid.js.org."""
    drawing = drawing_of(definition)
    lines = ["---", f'title: "{_yaml_text(drawing.title)}"', "---", "flowchart TD"]
    for index, node in enumerate(drawing.nodes):
        label = "<br/>".join((f"<b>{_mermaid_text(node.name)}</b>", *map(_mermaid_text, node.lines)))
        opening, closing = ("([", "])") if node.stands_in else ("[", "]")
        lines.append(f'    p{index}{opening}"{label}"{closing}')
    for edge in drawing.edges:
        arrow = "-. on failure .->" if edge.is_fallback else "-->"
        lines.append(f"    p{edge.source} {arrow} p{edge.target}")
    return "\n".join(lines) + "\n"


def _is_plain(character: str) -> bool:
    return character in PLAIN or (character.isascii() and character.isalnum())


def _mermaid_text(text: str) -> str:
    """As entity codes, which Mermaid shows as the characters that they stand for, wherever one might mean anything."""
    return "".join(one if _is_plain(one) else f"#{ord(one)};" for one in text)


def _yaml_text(text: str) -> str:
    """For a double-quoted YAML scalar, which takes UTF-16 as JSON does."""
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(
        chr(unit) if unit < 128 and _is_plain(chr(unit)) else f"\\u{unit:04x}"
        for unit in (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    )
