"""Pictures of definitions say what is in them, hold whatever an author calls things, and overlap nothing."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourglass.workflow.definition import (
    FailurePolicy,
    PhaseDefinition,
    PhaseOptions,
    TriggerMode,
    WorkflowDefinition,
)
from hourglass.workflow.drawing import drawing_of, duration, mermaid, share
from hourglass.workflow.drawing_layout import Box, Layout, lay_out, layers_of
from hourglass.workflow.drawing_svg import MAX_CELLS, svg
from hourglass.workflow.identifiers import Address, BasisPoints, PhaseIndex
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import encode_continuous
from hourglass.workflow.triggers import approved_by, encode, price_above
from hourglass.workflow.validation import validate

SVG = "{http://www.w3.org/2000/svg}"
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=16)
"""At most 64 bytes, as the contract asks."""
FOREIGN = Address.parse("0x" + "fa" * 20)


def phase(
    name: str, *after: int, kind: PhaseType = PhaseType.IMMEDIATE, **changes: object
) -> PhaseDefinition:
    fields: dict[str, object] = {
        "timeout_s": 60,
        "trigger_condition": b"",
        "operator_set_id": 1,
        "metadata": b"",
        "required_stake": 0,
        "consensus_threshold": BasisPoints(6_667),
        "options": PhaseOptions(),
    }
    fields.update(changes)
    return PhaseDefinition(name, kind, dependencies=tuple(map(PhaseIndex, after)), **fields)  # type: ignore[arg-type]


def standing_in(index: int, **options: object) -> PhaseOptions:
    return PhaseOptions(on_failure=FailurePolicy.FALLBACK, fallback_phase=PhaseIndex(index), **options)  # type: ignore[arg-type]


def watching() -> WorkflowDefinition:
    """Every kind of phase, and everything that a phase may have."""
    definition = WorkflowDefinition(
        "watch",
        (
            phase(
                "prices",
                kind=PhaseType.CONTINUOUS,
                timeout_s=3_600,
                metadata=encode_continuous(300, 12, "median"),
                consensus_threshold=BasisPoints(0),
            ),
            phase("agree", 0, kind=PhaseType.COORDINATION, options=standing_in(2, max_attempts=3)),
            phase("agree otherwise", 0, options=PhaseOptions(avs=FOREIGN)),
            phase(
                "act",
                1,
                kind=PhaseType.CONDITIONAL,
                trigger_condition=encode(price_above(5_000)),
                options=PhaseOptions(
                    trigger_mode=TriggerMode.SOURCE, skip_if_unmet=True, on_failure=FailurePolicy.CONTINUE
                ),
            ),
            phase("sum up", 0, 3, kind=PhaseType.AGGREGATION, required_stake=700),
        ),
        execution_timeout_s=7_200,
    )
    validate(definition)
    return definition


@st.composite
def definitions(draw: st.DrawFn) -> WorkflowDefinition:
    """Any names, any dependencies among earlier phases, a fallback here and there."""
    names = draw(st.lists(NAMES, min_size=1, max_size=8, unique=True))
    phases: list[PhaseDefinition] = []
    for index, name in enumerate(names):
        usable = [one for one in range(index) if not any(_stands_in(phases, one))]
        after = draw(st.lists(st.sampled_from(usable), unique=True)) if usable else []
        free = [
            one
            for one in range(index)
            if phases[one].options.on_failure is FailurePolicy.FAIL_EXECUTION
            and not any(_needed(phases, index))
        ]
        wanted = draw(st.booleans())
        if free and wanted:
            primary = draw(st.sampled_from(free))
            after = list(phases[primary].dependencies)
            phases[primary] = phase(phases[primary].name, *after, options=standing_in(index))
        phases.append(phase(name, *after))
    definition = WorkflowDefinition(draw(NAMES), tuple(phases))
    validate(definition)
    return definition


def _stands_in(phases: Sequence[PhaseDefinition], index: int) -> list[bool]:
    return [
        one.options.on_failure is FailurePolicy.FALLBACK and one.options.fallback_phase == index
        for one in phases
    ]


def _needed(phases: Sequence[PhaseDefinition], index: int) -> list[bool]:
    return [index in one.dependencies for one in phases]


# ── What is said ──────────────────────────────────────────────────────────────────────────────────────


def test_a_phase_s_type_set_threshold_timeout_ticks_attempts_and_condition_are_said() -> None:
    said = {node.name: node.lines for node in drawing_of(watching()).nodes}
    assert said == {
        "prices": ("CONTINUOUS, set 1", "any stake, 1 h", "12 ticks, each 5 min"),
        "agree": ("COORDINATION, set 1", "66.67 % of stake, 1 min", "up to 3 attempts"),
        "agree otherwise": ("IMMEDIATE, set 1 of 0xFafa…FaFA", "66.67 % of stake, 1 min"),
        "act": (
            "CONDITIONAL, set 1",
            "66.67 % of stake, 1 min",
            "once the price is above 5000, says a source",
            "otherwise skipped",
            "on failure: go on without it",
        ),
        "sum up": ("AGGREGATION, set 1", "66.67 % of stake, 1 min", "at least 700 stake"),
    }


def test_there_is_a_way_from_every_dependency_and_a_dashed_one_to_every_fallback() -> None:
    edges = {(edge.source, edge.target, edge.is_fallback) for edge in drawing_of(watching()).edges}
    assert edges == {(0, 1, False), (1, 2, True), (1, 3, False), (0, 4, False), (3, 4, False)}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (3_600, "1 h"),
        (90_061, "1 d 1 h 1 min 1 s"),
    ],
)
def test_a_duration_is_exact(seconds: int, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("points", "said"),
    [(0, "any stake"), (1, "0.01 % of stake"), (6_650, "66.5 % of stake"), (10_000, "100 % of stake")],
)
def test_a_share_of_stake_has_no_more_decimals_than_it_needs(points: int, said: str) -> None:
    assert share(points) == said


# ── Mermaid ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_flowchart_of_a_workflow() -> None:
    assert mermaid(watching()) == (
        '---\ntitle: "watch \\u0028at most 2 h\\u0029"\n---\nflowchart TD\n'
        '    p0["<b>prices</b><br/>CONTINUOUS, set 1<br/>any stake, 1 h<br/>12 ticks, each 5 min"]\n'
        '    p1["<b>agree</b><br/>COORDINATION, set 1<br/>66.67 #37; of stake, 1 min<br/>up to 3 attempts"]\n'
        '    p2(["<b>agree otherwise</b><br/>IMMEDIATE, set 1 of 0xFafa#8230;FaFA<br/>66.67 #37; of stake, 1 min"])\n'
        '    p3["<b>act</b><br/>CONDITIONAL, set 1<br/>66.67 #37; of stake, 1 min<br/>'
        "once the price is above 5000, says a source<br/>otherwise skipped<br/>"
        'on failure#58; go on without it"]\n'
        '    p4["<b>sum up</b><br/>AGGREGATION, set 1<br/>66.67 #37; of stake, 1 min<br/>at least 700 stake"]\n'
        "    p0 --> p1\n    p1 -. on failure .-> p2\n    p1 --> p3\n    p0 --> p4\n    p3 --> p4\n"
    )


TEXT = r"[A-Za-z0-9 .,\-_/+=#;]*"
LABEL = rf'"<b>(?P<name>{TEXT})</b>(?:<br/>{TEXT})+"'
NODE = re.compile(rf"    p\d+(?:\[{LABEL}\]|\(\[{LABEL.replace('?P<name>', '?P<other>')}\]\))")
EDGE = re.compile(r"    p\d+ (?:-->|-\. on failure \.->) p\d+")
TITLE = re.compile(r'title: "((?:[A-Za-z0-9 .,\-_/+=]|\\u[0-9a-f]{4})*)"')


@given(definitions())
def test_whatever_a_name_holds_the_notation_stays_the_notation_and_the_name_is_read_back(
    definition: WorkflowDefinition,
) -> None:
    first, title, second, chart, *lines = mermaid(definition).splitlines()
    assert (first, second, chart) == ("---", "---", "flowchart TD")
    named = TITLE.fullmatch(title)
    assert named is not None
    units = named[1].encode("ascii").decode("unicode_escape")
    assert units.encode("utf-16", "surrogatepass").decode("utf-16") == definition.name
    nodes = [found for line in lines if (found := NODE.fullmatch(line))]
    assert [_from_entities(node["name"] or node["other"]) for node in nodes] == [
        one.name for one in definition.phases
    ]
    edges = [line for line in lines if EDGE.fullmatch(line)]
    assert len(edges) == len(drawing_of(definition).edges)
    assert len(lines) == len(nodes) + len(edges), "and nothing else"


def _from_entities(text: str) -> str:
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)


# ── SVG ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Drawn:
    """What stands in an SVG file."""

    titles: list[str]
    texts: dict[int, list[str]]
    edges: list[tuple[str, bool]]


def drawn(text: str) -> Drawn:
    root = Xml.fromstring(text)
    groups = [one for one in root.iter(f"{SVG}g") if one.get("data-phase") is not None]
    return Drawn(
        [root.findtext(f"{SVG}title") or "", *(one.findtext(f"{SVG}title") or "" for one in groups)],
        {
            int(one.get("data-phase", "")): [line.text or "" for line in one.iter(f"{SVG}text")]
            for one in groups
        },
        [
            (one.get("data-edge", ""), "fallback" in one.get("class", ""))
            for one in root.iter(f"{SVG}path")
            if one.get("data-edge")
        ],
    )


def test_the_svg_shows_every_phase_with_all_that_is_said_and_every_way() -> None:
    found = drawn(svg(watching()))
    nodes = drawing_of(watching()).nodes
    assert {index: " ".join(lines) for index, lines in found.texts.items()} == {
        index: " ".join((node.name, *node.lines)) for index, node in enumerate(nodes)
    }
    assert found.edges == [("0-1", False), ("1-2", True), ("1-3", False), ("0-4", False), ("3-4", False)]


def test_the_svg_needs_nothing_from_anywhere_and_knows_light_and_dark() -> None:
    text = svg(watching())
    addresses = re.findall(r"[a-z]+://[^\"' ]*", text)
    assert addresses == ["http://www.w3.org/2000/svg"], "a name space, which nobody fetches"
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"<script|<image|@import|href", text)


@given(definitions())
def test_whatever_a_name_holds_the_svg_is_well_formed_and_says_the_name(
    definition: WorkflowDefinition,
) -> None:
    found = drawn(svg(definition))
    assert found.titles[0] == _visible(definition.name)
    for index, one in enumerate(definition.phases):
        assert found.titles[index + 1].startswith(_visible(one.name) + "; ")
        said = "".join(found.texts[index]).replace(" ", "")
        assert said.startswith(_visible(one.name).replace(" ", "")[:16])


def _visible(name: str) -> str:
    """A name as XML can hold it: controls and the two non-characters have a stand-in."""
    return re.sub("[\x00-\x1f\ufffe\uffff]", "\N{REPLACEMENT CHARACTER}", name)


@pytest.mark.parametrize("odd", ["\x00", "\x1f", "\ud800", "\ufffe", "\uffff"], ids=ascii)
def test_what_xml_can_not_hold_has_a_stand_in(odd: str) -> None:
    found = drawn(svg(WorkflowDefinition(f"a{odd}b", (phase("only"),))))
    assert found.titles[0] == "a\N{REPLACEMENT CHARACTER}b"


@given(st.text(st.sampled_from("abc 界"), min_size=1, max_size=64).map(lambda text: f"x{text}x"))
def test_a_long_name_is_broken_into_lines_that_fit_and_loses_no_letter(name: str) -> None:
    lines = drawn(svg(WorkflowDefinition("w", (phase(name),)))).texts[0][:-2]
    assert "".join(lines).replace(" ", "") == name.replace(" ", "")
    assert all(len(line) + line.count("界") <= MAX_CELLS for line in lines)


def test_a_name_s_mark_up_is_text() -> None:
    name = '</text><script>alert("&amp;")</script>'
    found = svg(WorkflowDefinition(name, (phase(name),)))
    assert "<script" not in found
    assert drawn(found).titles == [name, f"{name}; IMMEDIATE, set 1; 66.67 % of stake, 1 min"]
    assert html.escape(name, quote=False) in found


def test_a_long_condition_is_cut_in_the_picture_and_whole_in_its_tooltip() -> None:
    signers = [Address(bytes([number]) * 20) for number in range(1, 33)]
    gated = phase("gate", kind=PhaseType.CONDITIONAL, trigger_condition=encode(approved_by(*signers)))
    found = drawn(svg(WorkflowDefinition("w", (gated,))))
    assert found.texts[0][-1].endswith("…")
    assert len(found.texts[0]) <= 8
    assert str(signers[-1]) in found.titles[1]


# ── Where things stand ────────────────────────────────────────────────────────────────────────────────


def laid_out(definition: WorkflowDefinition) -> Layout:
    drawing = drawing_of(definition)
    return lay_out(drawing, [(100.0 + 10 * index, 50.0 + 7 * index) for index in range(len(drawing.nodes))])


@given(definitions())
def test_a_phase_stands_below_everything_that_it_waits_for(definition: WorkflowDefinition) -> None:
    boxes = laid_out(definition).boxes
    for edge in drawing_of(definition).edges:
        above, below = boxes[edge.source], boxes[edge.target]
        assert above.y + above.height < below.y


@given(definitions())
def test_a_phase_stands_no_deeper_than_its_longest_path_needs(definition: WorkflowDefinition) -> None:
    drawing = drawing_of(definition)
    layers = layers_of(drawing)
    for index, layer in enumerate(layers):
        above = [layers[edge.source] for edge in drawing.edges if edge.target == index]
        assert layer == (1 + max(above) if above else 0)


def test_phases_stand_where_their_ways_do_not_cross() -> None:
    rows = WorkflowDefinition("w", (phase("a"), phase("b"), phase("after b", 1), phase("after a", 0)))
    a, b, after_b, after_a = laid_out(rows).boxes
    assert (a.x < b.x) == (after_a.x < after_b.x)


@given(definitions())
def test_no_two_boxes_overlap_and_all_are_within_the_picture(definition: WorkflowDefinition) -> None:
    layout = laid_out(definition)
    for number, box in enumerate(layout.boxes):
        assert box.x >= 0
        assert box.x + box.width <= layout.width + 1e-6
        assert box.y + box.height <= layout.height
        assert not any(_overlap(box, other) for other in layout.boxes[number + 1 :])


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@given(definitions())
def test_every_way_goes_from_a_phase_s_bottom_to_another_s_top_and_runs_past_the_boxes_between(
    definition: WorkflowDefinition,
) -> None:
    layout = laid_out(definition)
    for edge, points in layout.routes:
        source, target = layout.boxes[edge.source], layout.boxes[edge.target]
        assert points[0] == (source.x + source.width / 2, source.y + source.height)
        assert points[-1] == (target.x + target.width / 2, target.y)
        for (x, top), (_, bottom) in zip(points[2:-1:2], points[3:-1:2], strict=True):
            for box in layout.boxes:
                in_this_layer = top <= box.y < bottom
                assert not (in_this_layer and box.x <= x <= box.x + box.width), "through a box"
