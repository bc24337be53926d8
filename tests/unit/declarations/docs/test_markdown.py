"""The page and the diagram in it: whatever the names are, they are shown as they are."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from osem_tasks.declarations.docs import markdown, mermaid
from osem_tasks.declarations.docs.data_model import data_model
from osem_tasks.schema.model import (
    Encryption,
    Index,
    Key,
    Stream,
    Table,
    TableSet,
    Throughput,
    TimeToLive,
    table,
)
from osem_tasks.schema.notes import ItemAttribute, Notes
from tests.support.examples import examples
from tests.unit.declarations.docs.models import models

if TYPE_CHECKING:
    from osem_tasks.declarations.docs.data_model import DataModel

PARSER = MarkdownIt("commonmark").enable("table")
ATTRIBUTE = re.compile(r'[A-Z]+ [A-Za-z_][A-Za-z0-9_-]*( [PF]K)?( "[^"\n]*")?')
RELATION = re.compile(r't\d+ \|\|--o\{ t\d+ : "[^"\n]+"')


def visible(text: str) -> str:
    """A text as a reader sees it: without the spaces that HTML joins."""
    return " ".join(text.split())


@examples(60)
@given(models())
def test_every_name_is_text_of_the_page(model: DataModel) -> None:
    """A reader of Markdown sees every name, and no markup comes from a name."""
    page = PARSER.render(markdown.page(model))
    plain = visible(html.unescape(re.sub(r"<[^>]*>", " ", page)))

    for entity in model.entities:
        for name in (entity.table.name, *(row.name for row in entity.rows)):
            assert visible(markdown.visible(name)) in plain
    rows = sum(len(entity.rows) for entity in model.entities)
    columns = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    assert len(columns) >= rows
    assert not re.search(r"<(script|img|em|strong|blockquote|h3|ol)\b", page)
    assert page.count("<h2>") == len(model.entities) + 1
    assert page.count("<pre>") == 1


@examples(60)
@given(models())
def test_the_diagram_is_in_mermaids_grammar(model: DataModel) -> None:
    """Every line is one of the three that an erDiagram has, with balanced braces."""
    (first, *lines), _ = mermaid.diagram(model)

    assert first == "erDiagram"
    opened = 0
    for line in map(str.strip, lines):
        if re.fullmatch(r't\d+\["[^"\n]+"\] \{', line):
            opened += 1
        elif line == "}":
            opened -= 1
        else:
            assert (ATTRIBUTE if opened else RELATION).fullmatch(line), line
    assert opened == 0


@pytest.mark.parametrize(
    "count, shown, rows",
    [
        (10, "", 100),
        (300, "keys and references only", 300),
        (1500, "none", 0),
    ],
)
def test_a_large_diagram_shows_less(count: int, shown: str, rows: int) -> None:
    """Mermaid refuses more than 50,000 characters; the page says what is left out, and has it all."""
    notes = Notes(attributes=tuple(ItemAttribute(f"attribute{n}", "S") for n in range(9)))
    tables = [replace(table(f"Table{n}", f"key{n} S"), notes=notes) for n in range(count)]

    page = markdown.page(data_model(TableSet(tuple(tables)), {}))

    drawn = page.partition("```mermaid\n")[2].removesuffix("```\n")
    assert len(drawn) <= mermaid.MOST
    assert len(re.findall(r"^ +S \w+", drawn, re.MULTILINE)) == rows
    assert ("Attributes in it:" in page) == bool(shown)
    assert f"Attributes in it: {shown}" in page or not shown
    assert page.count("| `attribute8` |") == count


def test_the_settings_that_matter() -> None:
    """Capacity, limits and projection of each index stand beside its key."""
    orders = Table(
        unmanaged=(("Replicas", ""), ("ResourcePolicy", "")),
        deletion_protection=True,
        point_in_time_recovery=True,
        recovery_period_in_days=7,
        stream=Stream("NEW_IMAGE"),
        ttl=TimeToLive("until"),
        encryption=Encryption("KMS"),
        name="Orders",
        key=Key.parse("id S"),
        billing="PROVISIONED",
        throughput=Throughput(3, 4),
        global_indexes=(
            Index("x-index", Key.parse("a S + b N, c S"), throughput=Throughput(1, 2)),
        ),
    )

    page = markdown.page(data_model(TableSet((orders,)), {}))

    row = "| `x-index` | global | `a` S, `b` N | `c` S | ALL | provisioned: 1 read, 2 write |"
    assert row in page.splitlines()
    shown = [line[2:] for line in page.splitlines() if line.startswith("- ")]
    assert shown == [
        "Capacity: provisioned: 3 read, 4 write",
        "Time to live: until",
        "Stream: NEW_IMAGE",
        "Point-in-time recovery: on, 7 days",
        "Deletion protection: on",
        "Encryption: the key aws/dynamodb of KMS",
        "Also declared: Replicas, ResourcePolicy",
    ]


@pytest.mark.parametrize(
    "names, links",
    [
        (("a.bc", "abc"), ("abc", "abc-1")),
        (("abc", "ABC", "abc-1"), ("abc", "abc-1", "abc-1-1")),
        (("abc-1", "abc", "ABC"), ("abc-1", "abc", "abc-2")),
        # The title of the page comes before the tables, the heading of the diagram after them.
        (("data-model", "diagram"), ("data-model-1", "diagram")),
    ],
)
def test_equal_links_get_numbers(names: tuple[str, ...], links: tuple[str, ...]) -> None:
    """Each link leads to the heading that GitHub gives it, whichever names the others have."""
    page = markdown.page(data_model(TableSet(tuple(table(n, "id S") for n in names)), {}))

    assert tuple(re.findall(r"\]\(#([^)]*)\)", page)) == links


@pytest.mark.parametrize(
    "note, shown",
    [
        ("One item for each order.\nNever deleted.\r\n", "One item for each order. Never deleted."),
        ("2024. is the first year", "2024. is the first year"),
        ("می\u200cخواهم 👩\u200d👧", "می\u200cخواهم 👩\u200d👧"),
        ("left\u202eright", "left\\u202eright"),
    ],
)
def test_a_note_is_one_paragraph(note: str, shown: str) -> None:
    """Its lines are joined, joiners stay in their words, and it becomes no list."""
    noted = Table(name="Orders", key=Key.parse("id S"), notes=Notes(text=note))

    page = PARSER.render(markdown.page(data_model(TableSet((noted,)), {})))

    assert f"<p>{shown}</p>" in page
