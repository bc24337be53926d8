"""Two live environments through the same difference: one of them taken for the declaration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.schema.diff import Fact, IssueType, TableDiff, Verdict, compare
from osem_tasks.schema.live import ACTIVE, MAX_THROUGHPUT
from osem_tasks.schema.model import TimeToLive

if TYPE_CHECKING:
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table


def wanting_everything(table: Table) -> Table:
    """``table`` with every fact declared that takes a call of its own to be read."""
    return replace(table, check=False, tags=(), ttl=TimeToLive(None), point_in_time_recovery=False)


def compare_live(
    expected: LiveTable | None, found: LiveTable | None, name: str, own_tags: frozenset[str]
) -> TableDiff:
    """How ``found`` differs from ``expected``, under ``name``.

    ``own_tags`` are the keys that environments set by themselves, which differ by design.
    """
    if expected is None:
        only_here = Fact("table", Verdict.DIFFERENT, IssueType.TABLE_NOT_FOUND, None, ACTIVE)
        return TableDiff(
            name, found.status if found else "NOT_FOUND", (only_here,) if found else ()
        )
    tags = tuple(pair for pair in expected.table.tags or () if pair[0] not in own_tags)
    # What the expected side cannot tell is not declared, of its indexes either.
    if MAX_THROUGHPUT in expected.unreadable:
        indexes = tuple(replace(i, max_throughput=None) for i in expected.table.indexes)
        expected = replace(expected, table=replace(expected.table, check=False, indexes=indexes))
    if found and "tags" not in {*expected.unreadable, *found.unreadable}:
        # Both ways: a key that only this side has is expected to be absent.
        mine = dict(found.table.tags or ())
        extra = {key for key in mine if key not in own_tags and key not in dict(tags)}
        if extra:
            tags = (*tags, *((key, "") for key in sorted(extra)))
    facts: dict[str, Any] = {"name": name, "tags": tags, **dict.fromkeys(expected.unreadable)}
    return compare(replace(expected.table, check=False, **facts), found)
