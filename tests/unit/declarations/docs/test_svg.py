"""The picture: well-formed, readable, and with nothing over anything else."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from hypothesis import example, given

from osem_tasks.declarations.docs import svg
from osem_tasks.declarations.docs.data_model import data_model
from osem_tasks.declarations.docs.layout import cells, cut, layout
from osem_tasks.schema.model import TableSet, table
from tests.support.examples import examples
from tests.unit.declarations.docs.models import TEXTS, models

if TYPE_CHECKING:
    from osem_tasks.declarations.docs.data_model import DataModel
    from osem_tasks.declarations.docs.layout import Layout

SVG = "{http://www.w3.org/2000/svg}"
Area = tuple[float, float, float, float]


def areas(plan: Layout) -> list[Area]:
    """Left, top, right and bottom of every box."""
    found = []
    for box in plan.boxes.values():
        x, y = plan.corner(box)
        found.append((x, y, x + plan.columns[box.place[1]], y + box.height))
    return found


def crosses(one: Area, other: Area) -> bool:
    """Whether two areas have more than an edge in common."""
    (a, b, c, d), (e, f, g, h) = one, other
    return a < g and e < c and b < h and f < d


def mutual(count: int) -> DataModel:
    """Tables each of which refers to each of them, itself as well."""
    names = [f"Table{number}" for number in range(count)]
    references = {f"of{name}": f"S -> {name}" for name in names}
    return data_model(
        TableSet(tuple(table(name, "id S", notes={"attributes": references}) for name in names)), {}
    )


@examples(60)
@given(models())
def test_it_is_one_readable_document(model: DataModel) -> None:
    """XML without scripts or anything from elsewhere, with a title and every table in the words."""
    text = svg.picture(model)
    root = ET.fromstring(text)

    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {
        "svg",
        "title",
        "desc",
        "style",
        "rect",
        "g",
        "polyline",
        "polygon",
        "path",
        "text",
    }
    assert root.findtext(f"{SVG}title") == "Data model"
    titles = {title.text for title in root.iter(f"{SVG}title")}
    assert {entity.table.name for entity in model.entities} <= titles
    assert "prefers-color-scheme: dark" in text
    assert not [name for element in root.iter() for name in element.attrib if "href" in name]
    assert "url(" not in "".join(style.text or "" for style in root.iter(f"{SVG}style"))


@examples(60)
@given(models())
def test_texts_stay_in_their_boxes(model: DataModel) -> None:
    """However long a name is: it is as wide as was planned, and ends before the box does."""
    root = ET.fromstring(svg.picture(model))

    for box in root.iter(f"{SVG}g"):
        frame = box.find(f"{SVG}rect")
        if frame is None or not box.get("transform"):
            continue
        width, height = float(frame.attrib["width"]), float(frame.attrib["height"])
        for text in box.iter(f"{SVG}text"):
            end = float(text.attrib["x"]) + float(text.attrib["textLength"])
            assert end <= width - 4
            assert float(text.attrib["y"]) <= height


@examples(60)
@given(models())
def test_nothing_covers_anything(model: DataModel) -> None:
    """Boxes lie apart and within the picture, and no line crosses one."""
    plan = layout(model)
    boxes = areas(plan)

    assert not any(crosses(a, b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])
    assert all(x >= 0 and y >= 0 and u <= plan.width and v <= plan.height for x, y, u, v in boxes)
    for route in plan.routes:
        for (x, y), (u, v) in pairwise(plan.points(route)):
            line = (min(x, u) + 0.1, min(y, v) - 0.1, max(x, u) - 0.1, max(y, v) + 0.1)
            assert not any(crosses(line, box) for box in boxes)


def parts(plan: Layout, target: str) -> list[Area]:
    """The straight parts of all lines to a table, a hair thick."""
    return [
        (min(x, u) - 0.1, min(y, v) - 0.1, max(x, u) + 0.1, max(y, v) + 0.1)
        for route in plan.routes
        if route.target.name == target
        for (x, y), (u, v) in pairwise(plan.points(route))
    ]


def along(one: Area, other: Area) -> bool:
    """Whether two parts that meet run in the same direction, so that they look like one."""
    (a, b, c, d), (e, f, g, h) = one, other
    return crosses(one, other) and (c - a > d - b) == (g - e > h - f)


@examples(60)
@given(models())
@example(mutual(2))
@example(mutual(6))
def test_lines_to_two_tables_share_no_part(model: DataModel) -> None:
    """They may cross, and a reader still sees where each of them goes."""
    plan = layout(model)
    lines = [parts(plan, name) for name in plan.boxes]

    for number, some in enumerate(lines):
        for others in lines[number + 1 :]:
            assert not any(along(one, other) for one in some for other in others)


@given(TEXTS)
def test_a_cut_text_fits(text: str) -> None:
    """A text is whole, or its beginning and an ellipsis; wide characters count twice."""
    found = cut(text, 10)

    assert cells(found) <= 10
    assert found == text or (found.endswith("…") and text.startswith(found[:-1]))
