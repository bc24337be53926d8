"""Compares capacity: billing, units, limits and warm throughput of a table and its indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.schema.difference import Fact, IssueType, Verdict, fact_of, judged_fact
from osem_tasks.schema.ignored import index_fact
from osem_tasks.schema.live import MAX_THROUGHPUT, WARM_THROUGHPUT
from osem_tasks.schema.warm import is_reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Index, Table
    from osem_tasks.schema.warm import WarmThroughput


def billing_facts(declared: Table, found: LiveTable) -> Iterator[Fact]:
    """Yield the facts of the billing mode, and of the units and limits if it is as declared."""
    issue = IssueType.WRONG_BILLING_MODE
    yield fact_of("billing", issue, declared.billing, found.table.billing)
    if declared.billing != found.table.billing:
        return  # the other billing mode ignores this throughput
    theirs = {index.name: index for index in found.table.global_indexes}
    yield from _capacity_facts("", declared, found.table, found)
    for index in declared.global_indexes:
        if index.name in theirs:
            path = f"index[{index.name}]."
            yield from _capacity_facts(path, index, theirs[index.name], found)


def _capacity_facts(
    path: str, mine: Table | Index, theirs: Table | Index, found: LiveTable
) -> Iterator[Fact]:
    issue = IssueType.WRONG_BILLING_MODE
    if mine.throughput:
        yield fact_of(f"{path}throughput", issue, str(mine.throughput), str(theirs.throughput))
    if mine.max_throughput:
        path, expected = f"{path}max_throughput", str(mine.max_throughput)
        reason = found.unreadable.get(MAX_THROUGHPUT)
        if reason is not None:
            yield Fact(path, Verdict.NOT_COMPARABLE, issue, expected, None, reason)
        else:
            yield fact_of(path, issue, expected, str(theirs.max_throughput))


def warm_facts(declared: Table, found: LiveTable, *, exact: bool) -> Iterator[Fact]:
    """Yield the facts of warm throughput; more than declared differs only if ``exact``."""
    theirs = {index.name: index for index in found.table.global_indexes}
    holders: list[tuple[Table | Index, Table | Index | None, str | None]] = [
        (declared, found.table, None),
        *((index, theirs.get(index.name), index.name) for index in declared.global_indexes),
    ]
    for mine, other, index in holders:
        if mine.warm_throughput is not None and other is not None:
            yield _warm_fact(mine.warm_throughput, other, index, found, exact=exact)


def _warm_fact(
    mine: WarmThroughput,
    other: Table | Index,
    index: str | None,
    found: LiveTable,
    *,
    exact: bool,
) -> Fact:
    issue = IssueType.WRONG_WARM_THROUGHPUT
    path = WARM_THROUGHPUT if index is None else index_fact(index, WARM_THROUGHPUT)
    reason = found.unreadable.get(WARM_THROUGHPUT)
    if reason is not None:
        return Fact(path, Verdict.NOT_COMPARABLE, issue, str(mine), None, reason)
    theirs = other.warm_throughput
    same = mine == theirs if exact else is_reached(mine, theirs)
    return judged_fact(path, issue, str(mine), None if theirs is None else str(theirs), same=same)
