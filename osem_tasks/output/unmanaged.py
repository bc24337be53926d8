"""What is declared and not managed by this suite, as a part of an outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.output.outcome import Line, Mark, Outcome, counted

if TYPE_CHECKING:
    from osem_tasks.schema.model import TableSet

# A line names this many tables at most.
_NAMED = 3


def with_unmanaged(outcome: Outcome, tables: TableSet) -> Outcome:
    """Return ``outcome`` with a line and an entry for everything that is not managed here."""
    listed = [
        {"tableName": name, "path": path, "reason": reason}
        for name, path, reason in _entries(tables)
    ]
    lines = [Line(Mark.DETAIL, f"not managed here: {text}") for text in unmanaged_texts(tables)]
    return replace(
        outcome,
        data={**outcome.data, "notManaged": listed},
        lines=[*outcome.lines, *lines],
    )


def unmanaged_texts(tables: TableSet) -> list[str]:
    """Return a text for every property that is not managed here, with its tables."""
    holders: dict[tuple[str, str], list[str]] = {}
    for name, path, reason in _entries(tables):
        holders.setdefault((path, reason), []).extend([name] if name else [])
    return [
        f"{path}{_of(names)}" + (f" ({reason})" if reason else "")
        for (path, reason), names in holders.items()
    ]


def ignored_texts(tables: TableSet) -> list[str]:
    """Return what to write into ``osem.ignore`` for the facts of each table that are ignored."""
    return [
        ", ".join(f"{table.name}.{fact}" for fact in sorted(table.ignored))
        for table in tables
        if table.ignored
    ]


def unmanaged_count(tables: TableSet) -> int:
    """Return how many declared properties are not managed here."""
    return len(tables.unmanaged) + sum(len(table.unmanaged) for table in tables)


def _entries(tables: TableSet) -> list[tuple[str | None, str, str]]:
    """Return the table (None: the declaration), the property and the reason of each."""
    of_tables = [(table.name, path, why) for table in tables for path, why in table.unmanaged]
    return [*of_tables, *((None, path, why) for path, why in tables.unmanaged)]


def _of(names: list[str]) -> str:
    if not names:
        return ""
    return f" of {', '.join(names) if len(names) <= _NAMED else counted(len(names), 'table')}"
