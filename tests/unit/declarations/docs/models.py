"""Data models with any notes, whose names are as odd as DynamoDB allows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from osem_tasks.declarations.docs.data_model import DataModel, data_model
from osem_tasks.schema.model import Table, TableSet
from osem_tasks.schema.notes import TYPES, ItemAttribute, Notes, Pattern
from tests.support.strategies import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

# What Markdown, Mermaid, HTML or XML would read as more than text, among any other texts.
HOSTILE = (
    "a|b",
    "`",
    "``x` `",
    '"',
    "<script>alert(1)</script>",
    "]]>",
    "&amp;",
    "a\nb",
    "\x00\x1b[31m",
    "```",
    "%%{init}%%",
    "}",
    "#quot;",
    " ",
    "__proto__",
    "# h",
    "- x",
    "1. x",
    "==",
    "-->",
    "名" * 60,
    "e\u0301",
    "\ufffe",
    "\u202e",
    "x" * 255,
)
TEXTS = st.sampled_from(HOSTILE) | st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@st.composite
def models(draw: st.DrawFn) -> DataModel:
    """Up to five tables with notes about their attributes, each other, and their indexes."""
    found = draw(st.lists(tables(), min_size=1, max_size=5, unique_by=lambda one: one.name))
    names = [table.name for table in found]
    return data_model(TableSet(tuple(_noted(draw, table, names) for table in found)), {})


def _noted(draw: st.DrawFn, table: Table, names: Sequence[str]) -> Table:
    keys = {attribute.name: attribute.type for attribute in table.attributes}
    own = draw(st.lists(TEXTS, max_size=4, unique=True))
    attributes = tuple(
        ItemAttribute(
            name,
            keys.get(name) or draw(st.sampled_from(TYPES)),
            draw(st.booleans()),
            draw(st.sampled_from(["", *names])),
            draw(st.just("") | TEXTS),
        )
        for name in dict.fromkeys(
            (*own, *draw(st.lists(st.sampled_from(sorted(keys)), max_size=2)))
        )
    )
    indexes = [index.name for index in (*table.global_indexes, *table.local_indexes)]
    patterns = tuple(
        Pattern(name, draw(st.sampled_from(["", *indexes])), draw(st.just("") | TEXTS))
        for name in draw(st.lists(TEXTS, max_size=2, unique=True))
    )
    return replace(table, notes=Notes(draw(st.just("") | TEXTS), attributes, patterns))
