"""Compares two live tables, with one of them as the declaration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.schema.compare import compare
from osem_tasks.schema.difference import Fact, IssueType, TableDiff, Verdict
from osem_tasks.schema.facts import SETTINGS
from osem_tasks.schema.live import ACTIVE, MAX_THROUGHPUT, NOT_FOUND, WARM_THROUGHPUT
from osem_tasks.schema.warm import raised

if TYPE_CHECKING:
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Index, Table
    from osem_tasks.schema.warm import WarmThroughput


def wanting_everything(table: Table) -> Table:
    """Return ``table`` with every fact declared that needs a separate call to read."""
    facts: dict[str, Any] = {row.field: row.default for row in SETTINGS if row.own_call}
    return replace(table, check=False, **facts)


def compare_live(
    expected: LiveTable | None,
    found: LiveTable | None,
    name: str,
    own_tags: frozenset[str],
    ignored: frozenset[str] = frozenset(),
) -> TableDiff:
    """Compare two live tables, with ``expected`` as the declaration, under ``name``.

    ``own_tags`` are the keys that each environment sets itself; they differ by design.
    ``ignored`` are the facts that are not judged.
    """
    if expected is None:
        only_here = Fact("table", Verdict.DIFFERENT, IssueType.TABLE_NOT_FOUND, None, ACTIVE)
        return TableDiff(name, found.status if found else NOT_FOUND, (only_here,) if found else ())
    # A fact that is unreadable on the expected side is not declared, for its indexes too.
    for capacity in {MAX_THROUGHPUT, WARM_THROUGHPUT} & expected.unreadable.keys():
        expected = replace(expected, table=_without_capacity(expected.table, capacity))
    if found is not None:
        expected = replace(expected, table=_with_raised(expected.table, found.table))
    facts: dict[str, Any] = {
        "name": name,
        "ignored": ignored,
        "tags": _tags_to_compare(expected, found, own_tags),
        **dict.fromkeys(expected.unreadable),
    }
    return compare(replace(expected.table, check=False, **facts), found, exact=True)


def _without_capacity(table: Table, field: str) -> Table:
    """Return ``table`` whose indexes do not declare that capacity."""
    nothing: dict[str, Any] = {field: None}
    indexes = tuple(replace(index, **nothing) for index in table.global_indexes)
    return replace(table, check=False, global_indexes=indexes)


def _with_raised(expected: Table, found: Table) -> Table:
    """Return ``expected`` without warm throughput where both tables have AWS's own."""
    theirs = {index.name: index for index in found.global_indexes}

    def warm(mine: Table | Index, other: Table | Index | None) -> WarmThroughput | None:
        own = raised(mine, expected.billing)
        if own is None and (other is None or raised(other, found.billing) is None):
            return None
        return mine.warm_throughput

    indexes = tuple(
        replace(index, warm_throughput=warm(index, theirs.get(index.name)))
        for index in expected.global_indexes
    )
    own = warm(expected, found)
    return replace(expected, check=False, global_indexes=indexes, warm_throughput=own)


def _tags_to_compare(
    expected: LiveTable, found: LiveTable | None, own_tags: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    """Return the expected tags; those only in ``found`` are added with an empty value."""
    tags = tuple(pair for pair in expected.table.tags or () if pair[0] not in own_tags)
    if found is None or "tags" in {*expected.unreadable, *found.unreadable}:
        return tags
    extra = {key for key, _ in found.table.tags or ()} - own_tags - {key for key, _ in tags}
    return (*tags, *((key, "") for key in sorted(extra)))
