"""Where the nodes of a drawing stand: in layers, each below all that it waits for, in an order with few crossings.

It is Sugiyama's method in its plainest form: an edge that passes layers gets a waypoint in each, so that it runs
between the nodes there; then each layer is sorted by where its neighbours stand, down and up a few times.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from hourglass.workflow.drawing import Drawing, Edge

SWEEPS = 4
"""Down and up; more hardly ever changes a graph of at most 64 nodes."""
NODE_GAP = 28
LAYER_GAP = 48
WAYPOINT_WIDTH = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A node's rectangle; sizes and places in pixels, from the top left."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The boxes by node, and each edge's way from its source's bottom to its target's top."""

    boxes: tuple[Box, ...]
    routes: tuple[tuple[Edge, tuple[tuple[float, float], ...]], ...]
    """Its points come in pairs, one for each layer that it leaves or passes, and at the end the target's."""
    width: float
    height: float


@dataclass(slots=True)
class _Item:
    """A node, or a waypoint of an edge."""

    layer: int
    width: float
    height: float
    above: list["_Item"] = field(default_factory=list)
    below: list["_Item"] = field(default_factory=list)
    place: int = 0
    x: float = 0.0

    @property
    def middle(self) -> float:
        """Its centre's x."""
        return self.x + self.width / 2


def lay_out(drawing: Drawing, sizes: Sequence[tuple[float, float]]) -> Layout:
    """Place nodes of these widths and heights."""
    depths = layers_of(drawing)
    nodes = [_Item(depth, *size) for depth, size in zip(depths, sizes, strict=True)]
    chains = [_chain(nodes[edge.source], nodes[edge.target]) for edge in drawing.edges]
    rows: list[list[_Item]] = [[] for _ in range(max(depths) + 1)]
    for item in (*nodes, *(item for chain in chains for item in chain[1:-1])):
        rows[item.layer].append(item)
    _sort(rows)
    width = max(sum(item.width for item in row) + NODE_GAP * (len(row) - 1) for row in rows)
    heights = [max(item.height for item in row) for row in rows]
    tops = [sum(heights[:layer]) + LAYER_GAP * layer for layer in range(len(rows))]
    for row in rows:
        _spread(row, width)
    boxes = tuple(Box(one.x, tops[one.layer], one.width, one.height) for one in nodes)
    routes = tuple(
        (edge, _route(chain, tops, heights)) for edge, chain in zip(drawing.edges, chains, strict=True)
    )
    return Layout(boxes, routes, width, tops[-1] + heights[-1])


def layers_of(drawing: Drawing) -> tuple[int, ...]:
    """Each node's layer, from 0: one more than the deepest from which an edge leads to it."""
    sources: list[list[int]] = [[] for _ in drawing.nodes]
    for edge in drawing.edges:
        sources[edge.target].append(edge.source)
    layers: dict[int, int] = {}

    def layer(index: int) -> int:
        if index not in layers:
            layers[index] = 1 + max(map(layer, sources[index]), default=-1)
        return layers[index]

    return tuple(layer(index) for index in range(len(drawing.nodes)))


def _chain(source: _Item, target: _Item) -> list[_Item]:
    """The two and a waypoint in every layer between them, tied to each other."""
    between = [_Item(layer, WAYPOINT_WIDTH, 0.0) for layer in range(source.layer + 1, target.layer)]
    chain = [source, *between, target]
    for upper, lower in pairwise(chain):
        upper.below.append(lower)
        lower.above.append(upper)
    return chain


def _sort(rows: list[list[_Item]]) -> None:
    for row in rows:
        _number(row)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            row.sort(key=_mean_above if down else _mean_below)
            _number(row)


def _number(row: Iterable[_Item]) -> None:
    for place, item in enumerate(row):
        item.place = place


def _mean_above(item: _Item) -> float:
    return _mean(item.above, item)


def _mean_below(item: _Item) -> float:
    return _mean(item.below, item)


def _mean(neighbours: Sequence[_Item], item: _Item) -> float:
    places = [one.place for one in neighbours] or [item.place]
    return sum(places) / len(places)


def _spread(row: Sequence[_Item], width: float) -> None:
    """Side by side, the whole row in the middle."""
    x = (width - sum(item.width for item in row) - NODE_GAP * (len(row) - 1)) / 2
    for item in row:
        item.x = x
        x += item.width + NODE_GAP


def _route(
    chain: Sequence[_Item], tops: Sequence[float], heights: Sequence[float]
) -> tuple[tuple[float, float], ...]:
    *through, target = chain
    points = []
    for item in through:
        # A node that is lower than its row is left straight down, past its neighbours.
        points.append((item.middle, tops[item.layer] + item.height))
        points.append((item.middle, tops[item.layer] + heights[item.layer]))
    points.append((target.middle, tops[target.layer]))
    return tuple(points)
