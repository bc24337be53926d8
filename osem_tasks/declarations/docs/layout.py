"""Where the boxes and lines of the picture are: a grid of tables with gutters for the lines.

A line runs in the gutters alone, so that it crosses no box. All lines to one table share their
lanes. Lengths are in user units of SVG, which are pixels at full size.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osem_tasks.declarations.docs.data_model import PARTITION, SORT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osem_tasks.declarations.docs.data_model import DataModel, Entity

SIZE, LINE = 13, 20
# A character of the widest of the usual monospaced fonts.
CHARACTER = 7.9
PADDING, TITLE = 12, 34
MARGIN, LANE, GUTTER = 24, 9, 26
# The most characters of a line; a longer one is cut, and its title has all of it.
MOST, LEAST = 46, 16
# What stands before an attribute's name, and between its name and its type.
MARK_CELLS, GAP_CELLS = 3, 2
MOST_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line in a box: a mark, a text, what stands at the right, and all of it as a title."""

    mark: str
    text: str
    right: str
    title: str
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A table in the picture. ``lines`` are its attributes, ``indexes`` stand below a rule."""

    name: str
    lines: tuple[TextLine, ...]
    indexes: tuple[TextLine, ...]
    place: tuple[int, int] = (0, 0)

    @property
    def width(self) -> float:
        """The width that its texts need."""
        texts = [cells(self.name), *map(_cells_of, (*self.lines, *self.indexes))]
        return min(max((*texts, LEAST)), MOST) * CHARACTER + 2 * PADDING

    @property
    def height(self) -> float:
        """The height of the title and all lines."""
        rule = PADDING if self.indexes else 0
        return TITLE + (len(self.lines) + len(self.indexes)) * LINE + rule + PADDING

    def line_at(self, attribute: str) -> float:
        """Return where the line of an attribute is, below the box's top."""
        number = next(n for n, line in enumerate(self.lines) if line.attribute == attribute)
        return TITLE + (number + 0.5) * LINE


@dataclass(frozen=True, slots=True)
class Route:
    """A line from an attribute to the table that it refers to."""

    source: Box
    attribute: str
    target: Box

    @property
    def leaves_left(self) -> bool:
        """Whether it leaves its box at the left: for a column before its own, or for its own."""
        return self.target.place[1] <= self.source.place[1]

    @property
    def enters_left(self) -> bool:
        """Whether it comes to its target from the left."""
        return self.target.place[1] >= self.source.place[1]

    @property
    def gutters(self) -> tuple[int, int]:
        """The vertical gutters in which it leaves and arrives; gutter n is left of column n."""
        (_, source), (_, target) = self.source.place, self.target.place
        return source + (not self.leaves_left), target + (not self.enters_left)


@dataclass(slots=True)
class Lanes:
    """The lanes of one gutter, one for each table to which lines run there."""

    of: dict[str, int] = field(default_factory=dict)

    def take(self, target: str) -> None:
        """Have a lane for the lines to ``target``."""
        self.of.setdefault(target, len(self.of))

    @property
    def width(self) -> float:
        """The width of the gutter."""
        return GUTTER + max(0, len(self.of) - 1) * LANE + (GUTTER / 2 if self.of else 0)

    def offset(self, target: str) -> float:
        """Return where the lane of ``target`` is in the gutter."""
        return GUTTER * 0.75 + self.of[target] * LANE


@dataclass(frozen=True, slots=True)
class Layout:
    """The boxes by name, their columns and rows, and the lines between them."""

    boxes: Mapping[str, Box]
    routes: tuple[Route, ...]
    columns: tuple[float, ...]
    rows: tuple[float, ...]
    vertical: tuple[Lanes, ...]
    horizontal: tuple[Lanes, ...]

    @property
    def width(self) -> float:
        """The width of the picture."""
        return 2 * MARGIN + sum(self.columns) + sum(lanes.width for lanes in self.vertical)

    @property
    def height(self) -> float:
        """The height of the picture."""
        return 2 * MARGIN + sum(self.rows) + sum(lanes.width for lanes in self.horizontal)

    def corner(self, box: Box) -> tuple[float, float]:
        """Return the box's upper left corner."""
        row, column = box.place
        x = MARGIN + sum(self.columns[:column]) + _widths(self.vertical[: column + 1])
        return x, MARGIN + sum(self.rows[:row]) + _widths(self.horizontal[: row + 1])

    def points(self, route: Route) -> list[tuple[float, float]]:
        """Return the corners of a line."""
        (x, y), (u, v) = self.corner(route.source), self.corner(route.target)
        # Lines of two boxes that leave, or arrive, at the same height would run into one another.
        apart = -2 if route.leaves_left else 4
        start = y + route.source.line_at(route.attribute) + apart
        end = v + TITLE / 2 + (-5 if route.enters_left else 5)
        begin = x if route.leaves_left else x + self.columns[route.source.place[1]]
        arrive = u if route.enters_left else u + self.columns[route.target.place[1]]
        first, last = (self._lane_x(gutter, route) for gutter in route.gutters)
        if route.gutters[0] == route.gutters[1]:
            return [(begin, start), (first, start), (first, end), (arrive, end)]
        across = self._lane_y(route.source.place[0], route)
        turns = [(first, start), (first, across), (last, across), (last, end)]
        return [(begin, start), *turns, (arrive, end)]

    def _lane_x(self, gutter: int, route: Route) -> float:
        before = MARGIN + sum(self.columns[:gutter]) + _widths(self.vertical[:gutter])
        return before + self.vertical[gutter].offset(route.target.name)

    def _lane_y(self, gutter: int, route: Route) -> float:
        before = MARGIN + sum(self.rows[:gutter]) + _widths(self.horizontal[:gutter])
        return before + self.horizontal[gutter].offset(route.target.name)


def layout(model: DataModel) -> Layout:
    """Return the picture of a model."""
    count = len(model.entities)
    columns = min(MOST_COLUMNS, max(1, math.ceil(math.sqrt(count * 1.2))))
    boxes = {
        entity.table.name: _box(entity, divmod(number, columns))
        for number, entity in enumerate(model.entities)
    }
    routes = tuple(
        Route(boxes[one.table], one.attribute, boxes[one.target]) for one in model.relations
    )
    rows = math.ceil(count / columns)
    vertical = tuple(Lanes() for _ in range(columns + 1))
    horizontal = tuple(Lanes() for _ in range(rows + 1))
    for route in routes:
        for gutter in route.gutters:
            vertical[gutter].take(route.target.name)
        if route.gutters[0] != route.gutters[1]:
            horizontal[route.source.place[0]].take(route.target.name)
    return Layout(
        boxes=boxes,
        routes=routes,
        columns=tuple(_widest(boxes, number) for number in range(columns)),
        rows=tuple(_highest(boxes, number) for number in range(rows)),
        vertical=vertical,
        horizontal=horizontal,
    )


def cells(text: str) -> int:
    """Return how many characters of a monospaced font a text is wide."""
    return sum(_cells(sign) for sign in text)


def cut(text: str, most: int) -> str:
    """Return a text of ``most`` cells at most, which ends in an ellipsis if it was longer."""
    if cells(text) <= most:
        return text
    while cells(text) > most - 1:
        text = text[:-1]
    return f"{text}…"


def _cells(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1


def _cells_of(line: TextLine) -> int:
    return sum(map(cells, (line.text, line.right))) + (MARK_CELLS + GAP_CELLS) * bool(line.right)


def _widths(gutters: Sequence[Lanes]) -> float:
    return sum(lanes.width for lanes in gutters)


def _widest(boxes: Mapping[str, Box], column: int) -> float:
    return max((box.width for box in boxes.values() if box.place[1] == column), default=0)


def _highest(boxes: Mapping[str, Box], row: int) -> float:
    return max(box.height for box in boxes.values() if box.place[0] == row)


def _box(entity: Entity, place: tuple[int, int]) -> Box:
    marks = {PARTITION: "PK", SORT: "SK"}
    lines = tuple(
        TextLine(
            mark=marks.get(row.role, "→" if row.refers_to else ""),
            text=row.name,
            right=f"{row.type}{'?' if row.optional else ''}",
            title=" ".join(
                filter(None, (row.name, row.type, row.role, row.refers_to and f"→ {row.refers_to}"))
            ),
            attribute=row.name,
        )
        for row in entity.rows
    )
    table = entity.table
    indexes = tuple(
        TextLine("", index.name, "", f"{kind} index {index.name}: {index.key}")
        for kind, found in (("global", table.global_indexes), ("local", table.local_indexes))
        for index in found
    )
    return Box(table.name, lines, indexes, place)
