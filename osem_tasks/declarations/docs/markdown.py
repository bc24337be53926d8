"""The data model as a page of Markdown, which any forge or generator of sites shows."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

from osem_tasks.declarations.docs import mermaid
from osem_tasks.declarations.docs.data_model import MARK, PARTITION, SORT, primary_pattern
from osem_tasks.declarations.docs.settings import capacity, settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from osem_tasks.declarations.docs.data_model import DataModel, Entity, Row
    from osem_tasks.schema.model import Index, Table
    from osem_tasks.schema.notes import Pattern

NONE = "–"
# The dot of a list's number, which has nine digits at most.
_NUMBERED = "|".join(rf"(?<=^\d{{{digits}}})[.)]" for digits in range(1, 10))
# What Markdown, or the HTML in it, would read as more than text.
_SPECIAL = re.compile(rf"([\\`*\[\]<>|#&~!$]|^[-+=]|{_NUMBERED}|\b_+|_+\b)")
# Signs without a width that belong to the words of some languages, and to emoji.
_JOINERS = "\u200c\u200d"
# A heading's link as GitHub makes it: other characters go, a space becomes a hyphen.
_NO_SLUG = re.compile(r"[^\w\- ]")


def page(model: DataModel, picture: str = "") -> str:
    """Return the page; ``picture`` is the path of the SVG, relative to the page, if there is one."""
    links = _links(model)
    lines = [MARK, "", "# Data model", "", _counts(model), ""]
    if picture:
        lines += [f"![Tables and how they refer to each other](<{picture}>)", ""]
    lines += _overview(model, links)
    for entity in model.entities:
        lines += ["", *_entity(entity, links)]
    drawn, attributes = mermaid.diagram(model)
    lines += ["", "## Diagram", ""]
    if attributes:
        lines += [f"Attributes in it: {attributes}, because Mermaid draws no more.", ""]
    lines += ["```mermaid", *drawn, "```"]
    return "\n".join(lines) + "\n"


def text(value: str) -> str:
    """Return a text that Markdown shows as it is, on one line of a table: a line break is a space."""
    plain = visible(" ".join(value.split()), besides=_JOINERS)
    return _SPECIAL.sub(lambda found: "".join(f"\\{sign}" for sign in found[0]), plain)


def code(value: str) -> str:
    """Return a name as code, whatever its characters; in a table a pipe needs a backslash."""
    shown = visible(value).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    edge = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def visible(value: str, besides: str = "") -> str:
    """Show line breaks and other control characters as Python writes them, but those of ``besides``."""
    return "".join(
        sign if sign.isprintable() or sign in besides else ascii(sign)[1:-1] for sign in value
    )


def _counts(model: DataModel) -> str:
    tables = [entity.table for entity in model.entities]
    indexes = sum(len(table.indexes) for table in tables)
    patterns = sum(len(entity.notes.patterns) for entity in model.entities)
    found = [_counted(len(tables), "table"), _counted(indexes, "index", "indexes")]
    if patterns:
        found.append(_counted(patterns, "access pattern"))
    return f"{', '.join(found)}. Names stand without the environment's prefix."


def _counted(number: int, noun: str, many: str = "") -> str:
    return f"{number} {noun if number == 1 else many or f'{noun}s'}"


def _links(model: DataModel) -> dict[str, str]:
    """Return the link to each table's heading; a taken one gets a number, as GitHub gives it."""
    # The page's title stands before the tables, the diagram's heading after them.
    taken = {"data-model"}
    links = {}
    for entity in model.entities:
        slug = link = _NO_SLUG.sub("", entity.table.name.lower()).replace(" ", "-")
        numbers = count(1)
        while link in taken:
            link = f"{slug}-{next(numbers)}"
        taken.add(link)
        links[entity.table.name] = link
    return links


def table_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table of Markdown, whose cells are Markdown; a column without any is left out."""
    found = list(map(list, rows))
    kept = [n for n in range(len(head)) if any(cells[n] for cells in found)]
    lines = [list(head), ["---"] * len(head), *found]
    return [f"| {' | '.join(cells[n] for n in kept)} |" for cells in lines]


def _linked(name: str, links: dict[str, str]) -> str:
    return f"[{text(name)}](#{links[name]})" if name in links else text(name)


def _overview(model: DataModel, links: dict[str, str]) -> list[str]:
    rows = [
        (
            _linked(entity.table.name, links),
            _key(entity.table),
            ", ".join(code(index.name) for index in entity.table.indexes) or NONE,
            text(entity.notes.text) or NONE,
        )
        for entity in model.entities
    ]
    return table_of(("table", "key", "indexes", "holds"), rows)


def _key(held: Table | Index) -> str:
    return ", ".join(code(attribute.name) for attribute in held.key.attributes)


def _entity(entity: Entity, links: dict[str, str]) -> list[str]:
    table, notes = entity.table, entity.notes
    lines = [f"## {text(table.name)}", ""]
    if notes.text:
        lines += [text(notes.text), ""]
    lines += table_of(
        ("attribute", "type", "role", "meaning"), [_attribute(row, links) for row in entity.rows]
    )
    if indexes := table.indexes:
        rows = [_index(index, table) for index in indexes]
        head = ("index", "kind", PARTITION, SORT, "projection", "capacity")
        lines += ["", *table_of(head, rows)]
    if notes.patterns:
        rows = [
            (text(one.name), code(one.index) if one.index else "primary key", _by(table, one))
            for one in notes.patterns
        ]
        lines += ["", *table_of(("access pattern", "by", "with"), rows)]
    return [*lines, "", *(f"- {text(name)}: {text(value)}" for name, value in settings(table))]


def _by(table: Table, pattern: Pattern) -> str:
    return text(pattern.how) or text(primary_pattern(table, pattern))


def _attribute(row: Row, links: dict[str, str]) -> tuple[str, str, str, str]:
    meaning = [text(row.text)] if row.text else []
    if row.refers_to:
        meaning.insert(0, f"→ {_linked(row.refers_to, links)}")
    role = row.role or ("optional" if row.optional else "")
    return code(row.name), row.type, role, " · ".join(meaning)


def _index(index: Index, table: Table) -> tuple[str, ...]:
    parts = (index.key.partition, index.key.sort)
    partition, sort = (
        ", ".join(f"{code(a.name)} {a.type}" for a in part) or NONE for part in parts
    )
    kind = "local" if index in table.local_indexes else "global"
    projected = ", ".join(map(code, index.projection.attributes))
    projection = f"{index.projection.kind} {projected}".strip()
    return code(index.name), kind, partition, sort, projection, capacity(index, table)
