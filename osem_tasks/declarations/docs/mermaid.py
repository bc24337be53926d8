"""The data model as an entity relationship diagram of Mermaid.

Entities have ids of our own and their names as labels, and a name that Mermaid's grammar does not
have stands in the attribute's comment: so any name that DynamoDB allows can be shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from osem_tasks.declarations.docs.data_model import PARTITION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from osem_tasks.declarations.docs.data_model import DataModel, Row

# What Mermaid draws at most, by its own default and that of GitHub: characters of a diagram.
MOST = 50_000
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# Mermaid reads these in a quoted text; it has entities for them, by their numbers.
_SPECIAL = re.compile(r'["#;<>&`\\{}%]')


def diagram(model: DataModel) -> tuple[list[str], str]:
    """Return the lines of the diagram, and what it shows of the attributes if not all of them fit."""
    choices: tuple[tuple[str, Callable[[Row], bool]], ...] = (
        ("", lambda _: True),
        ("keys and references only", lambda row: bool(row.role or row.refers_to)),
    )
    for shown, kept in choices:
        lines = list(_lines(model, kept))
        if sum(map(len, lines)) + len(lines) <= MOST:
            return lines, shown
    return list(_lines(model, lambda _: False)), "none"


def _lines(model: DataModel, kept: Callable[[Row], bool]) -> Iterator[str]:
    yield "erDiagram"
    ids = {entity.table.name: f"t{number}" for number, entity in enumerate(model.entities, 1)}
    for entity in model.entities:
        yield f'    {ids[entity.table.name]}["{label(entity.table.name)}"] {{'
        yield from (f"        {_attribute(row)}" for row in entity.rows if kept(row))
        yield "    }"
    for relation in model.relations:
        source, target = ids[relation.table], ids[relation.target]
        yield f'    {target} ||--o{{ {source} : "{label(relation.attribute)}"'


def label(text: str) -> str:
    """Return a text as it may stand between quotation marks."""
    visible = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
    # Mermaid cannot draw a text without anything to be seen.
    visible = visible if visible.strip() else visible.replace(" ", "␣")
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", visible)


def _attribute(row: Row) -> str:
    plain = _WORD.fullmatch(row.name)
    name = row.name if plain else re.sub(r"[^A-Za-z0-9_-]", "_", f"_{row.name}")
    key = " PK" if row.role else " FK" if row.refers_to else ""
    notes = [] if plain else [label(row.name)]
    if row.role and row.role != PARTITION:
        notes.append(row.role)
    comment = f' "{", ".join(notes)}"' if notes else ""
    return f"{row.type} {name}{key}{comment}"
