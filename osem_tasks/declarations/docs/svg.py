"""The data model as a picture: one SVG without scripts, fonts or files of others.

Its colours are attributes, so that it is readable where no style is applied; the style adds the
dark ones where the reader's system is dark.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from osem_tasks.declarations.docs.data_model import MARK
from osem_tasks.declarations.docs.layout import (
    CHARACTER,
    GAP_CELLS,
    LINE,
    MARK_CELLS,
    PADDING,
    SIZE,
    TITLE,
    cells,
    cut,
    layout,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.declarations.docs.data_model import DataModel
    from osem_tasks.declarations.docs.layout import Box, Layout, Route, TextLine

FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
# Class, colour in light, colour in dark, and what it colours.
_COLOURS = (
    ("page", "#ffffff", "#0d1117", "fill"),
    ("box", "#f6f8fa", "#161b22", "fill"),
    ("head", "#dbe4f0", "#1f2a3a", "fill"),
    ("name", "#0b1f3a", "#e6edf3", "fill"),
    ("text", "#24292f", "#d0d7de", "fill"),
    ("soft", "#57606a", "#9aa4af", "fill"),
    ("mark", "#0550ae", "#79c0ff", "fill"),
    ("edge", "#8c959f", "#57606a", "stroke"),
    ("l0", "#0969da", "#58a6ff", "stroke"),
    ("l1", "#9a3412", "#ffa657", "stroke"),
    ("l2", "#116329", "#56d364", "stroke"),
    ("l3", "#8250df", "#d2a8ff", "stroke"),
    ("l4", "#a40e6b", "#ff9bce", "stroke"),
    ("l5", "#5c4a00", "#e3b341", "stroke"),
)
_READ = 'role="img" aria-labelledby="title description"'
_LINES = 6
_LIGHT = {name: colour for name, colour, _, _ in _COLOURS}
_ARROW = 6


def picture(model: DataModel) -> str:
    """Return the SVG's text."""
    plan = layout(model)
    names = [entity.table.name for entity in model.entities]
    size = f'viewBox="0 0 {_number(plan.width)} {_number(plan.height)}"'
    measures = f'width="{_number(plan.width)}" height="{_number(plan.height)}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {measures} {_READ}>',
            '<title id="title">Data model</title>',
            f'<desc id="description">{_text(_description(model))}</desc>',
            MARK,
            *_style(),
            f'<rect class="page" fill="{_LIGHT["page"]}" width="100%" height="100%"/>',
            f'<g font-family="{FONT}" font-size="{SIZE}">',
            *_routes(plan, names),
            *(line for box in plan.boxes.values() for line in _box(plan, box)),
            "</g>",
            "</svg>",
            "",
        ]
    )


def _description(model: DataModel) -> str:
    tables = ", ".join(entity.table.name for entity in model.entities)
    found = [f"{one.table}.{one.attribute} refers to {one.target}" for one in model.relations]
    return f"Tables: {tables}. " + (f"References: {'; '.join(found)}." if found else "")


def _style() -> Iterator[str]:
    yield "<style>@media (prefers-color-scheme: dark) {"
    for name, _, dark, what in _COLOURS:
        # An arrow has the colour of its line.
        arrow = f" .{name}a {{ fill: {dark} }}" if what == "stroke" else ""
        yield f".{name} {{ {what}: {dark} }}{arrow}"
    yield "}</style>"


def _routes(plan: Layout, names: list[str]) -> Iterator[str]:
    for route in plan.routes:
        name = f"l{names.index(route.target.name) % _LINES}"
        points = " ".join(f"{_number(x)},{_number(y)}" for x, y in plan.points(route))
        about = f"{route.source.name}.{route.attribute} → {route.target.name}"
        yield (
            f'<polyline class="{name}" points="{points}" fill="none" stroke="{_LIGHT[name]}" '
            f'stroke-width="1.5" stroke-linejoin="round"><title>{_text(about)}</title></polyline>'
        )
        yield _arrow(plan, route, name)


def _arrow(plan: Layout, route: Route, name: str) -> str:
    x, y = plan.points(route)[-1]
    back = x - _ARROW if route.enters_left else x + _ARROW
    points = " ".join(
        f"{_number(u)},{_number(v)}" for u, v in ((x, y), (back, y - 4), (back, y + 4))
    )
    return f'<polygon class="{name}a" points="{points}" fill="{_LIGHT[name]}"/>'


def _box(plan: Layout, box: Box) -> Iterator[str]:
    x, y = plan.corner(box)
    width = plan.columns[box.place[1]]
    yield f'<g transform="translate({_number(x)} {_number(y)})">'
    yield (
        f'<rect class="box edge" width="{_number(width)}" height="{_number(box.height)}" rx="6" '
        f'fill="{_LIGHT["box"]}" stroke="{_LIGHT["edge"]}"/>'
    )
    yield (
        f'<path class="head" d="M1 7a6 6 0 0 1 6-6H{_number(width - 7)}a6 6 0 0 1 6 6V{TITLE - 4}H1z" '
        f'fill="{_LIGHT["head"]}"/>'
    )
    room = int((width - 2 * PADDING) / CHARACTER)
    yield _words("name", cut(box.name, room), PADDING, TITLE - 13, title=box.name, bold=True)
    below = TITLE + LINE - 4.0
    for line in box.lines:
        yield from _line(line, below, room, width)
        below += LINE
    if box.indexes:
        rule = below - LINE / 2
        yield (
            f'<path class="edge" d="M{PADDING} {_number(rule)}H{_number(width - PADDING)}" '
            f'stroke="{_LIGHT["edge"]}" stroke-dasharray="2 3"/>'
        )
        below += PADDING
    for line in box.indexes:
        yield _words("soft", cut(line.text, room), PADDING, below, title=line.title)
        below += LINE
    yield "</g>"


def _line(line: TextLine, y: float, room: int, width: float) -> Iterator[str]:
    """Yield the mark, the text and the type of an attribute."""
    if line.mark:
        yield _words("mark", line.mark, PADDING, y, title="")
    begin = PADDING + MARK_CELLS * CHARACTER
    left = room - MARK_CELLS - GAP_CELLS - cells(line.right)
    yield _words("text", cut(line.text, left), begin, y, title=line.title)
    right = width - PADDING - cells(line.right) * CHARACTER
    yield _words("soft", line.right, right, y, title="")


def _words(name: str, text: str, x: float, y: float, *, title: str, bold: bool = False) -> str:
    """Return a text that is as wide as was planned, whatever the font."""
    weight = ' font-weight="bold"' if bold else ""
    about = f"<title>{_text(title)}</title>" if title else ""
    width = f'textLength="{_number(cells(text) * CHARACTER)}" lengthAdjust="spacingAndGlyphs"'
    return (
        f'<text class="{name}" x="{_number(x)}" y="{_number(y)}" fill="{_LIGHT[name]}"{weight} '
        f'xml:space="preserve" {width}>{about}{_text(text)}</text>'
    )


def _text(value: str) -> str:
    """Return a text for XML, which has no control characters, halves of one, or non-characters."""
    visible = "".join(
        sign if sign == " " or (sign.isprintable() and ord(sign) not in (0xFFFE, 0xFFFF)) else "�"
        for sign in value
    )
    return escape(visible)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
