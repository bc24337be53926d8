"""Plans the deletion and building of global indexes, one at a time per table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.plan.actions import PRUNE, REDUCE, REPLACE, Action, Kind, Risk
from osem_tasks.plan.capacity import reduces, switch_reduces
from osem_tasks.plan.index_conflicts import blocked_indexes, types_conflict
from osem_tasks.schema.difference import IssueType
from osem_tasks.schema.model import NO_LIMIT
from osem_tasks.schema.rules import MAX_GLOBAL_INDEXES
from osem_tasks.schema.warm import above, highest, least

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.schema.difference import TableDiff
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Index, Table

_CHANGED = (
    IssueType.WRONG_GSI_KEYS,
    IssueType.WRONG_GSI_PROJECTION,
    IssueType.WRONG_KEY_TYPE,
)
REPLACED = (
    "queries on it fail until it is built again; for a change without a gap, declare the new "
    "index under another name, repair, move the readers, then drop the old name and prune"
)


def index_actions(declared: Table, live: LiveTable, diff: TableDiff) -> Iterator[Action]:
    """Yield the removals of one table's global indexes, then the builds.

    The indexes of a table whose own key is wrong are left alone: only a new table helps, and
    until then queries need what is there.
    """
    work = _IndexWork(declared, live, diff)
    if any(fact.path.startswith("key.") for fact in diff.issues):
        yield from _left_alone(work)
        return
    yield from _removals(work)
    yield from _builds(work)


def _left_alone(work: _IndexWork) -> Iterator[Action]:
    for index in (*work.extra, *work.replaced, *work.missing):
        if paths := work.paths(index):
            yield Action(
                work.table,
                Kind.NOT_IN_PLACE,
                f"index {index.name} ({index.key})",
                Risk.IMPOSSIBLE,
                "the key of the table itself cannot be changed, so its indexes are left alone",
                mends=paths,
            )


def _removals(work: _IndexWork) -> Iterator[Action]:
    """Yield the deletions of undeclared indexes and of those to replace."""
    for index in work.extra:
        yield Action(
            work.table,
            Kind.DELETE_INDEX,
            f"{index.name} ({index.key})",
            Risk.REMOVES,
            "it is not declared; an application may query it",
            (PRUNE,),
            index,
            work.paths(index),
        )
    for index in work.replaced:
        if index.name not in work.blocked:
            found = work.found[index.name]
            yield Action(
                work.table,
                Kind.DELETE_INDEX,
                f"{index.name} ({found.key}, {found.projection})",
                Risk.REMOVES,
                REPLACED,
                # Never delete it without the option to build it: a replacement is one step.
                work.needed_for(index),
                index,
                work.paths(index),
            )


def _builds(work: _IndexWork) -> Iterator[Action]:
    """Yield the builds of missing and replaced indexes, and those that are impossible."""
    for index in (*work.replaced, *work.missing):
        if index.name in work.blocked:
            yield Action(
                work.table,
                Kind.NOT_IN_PLACE,
                f"index {index.name} ({index.key})",
                Risk.IMPOSSIBLE,
                work.blocked[index.name],
                mends=work.paths(index),
            )
            continue
        projection = "" if index.projection.kind == "ALL" else f", {index.projection}"
        yield Action(
            work.table,
            Kind.CREATE_INDEX,
            f"{index.name} ({index.key}{projection})",
            Risk.ONLINE_BUILD,
            f"time grows with the data: {work.live.items:,} items, {work.live.size:,} bytes at last count",
            work.needed_for(index),
            index,
            work.paths(index),
        )


def _keeping(index: Index, found: Index, billing: str) -> Index:
    """Return ``index`` with what its replacement would lose: a limit, a raised warm throughput."""
    extra = above(found.warm_throughput, least(found, billing))
    warm = highest(index.warm_throughput, extra)
    index = replace(index, warm_throughput=warm)
    if index.throughput or found.max_throughput in (None, NO_LIMIT):
        return index
    return replace(index, max_throughput=index.max_throughput or found.max_throughput)


class _IndexWork:
    """The global indexes of one table that are missing, extra, replaced or blocked."""

    def __init__(self, declared: Table, live: LiveTable, diff: TableDiff) -> None:
        self.table, self.live, self._diff = declared.name, live, diff
        changed = {fact.index for fact in diff.issues if fact.issue_type in _CHANGED}
        mine = declared.global_indexes
        self.found = {index.name: index for index in live.table.global_indexes}
        self.missing = [index for index in mine if index.name not in self.found]
        self.replaced = [
            _keeping(index, self.found[index.name], live.table.billing)
            for index in mine
            if index.name in changed and index.name in self.found
        ]
        self._switches = declared.billing != live.table.billing
        self._switch_reduces = switch_reduces(declared, live)
        names = {index.name for index in mine}
        self.extra = [index for index in self.found.values() if index.name not in names]
        self.blocked = blocked_indexes(live.table, self.replaced, self.missing)
        self._needed = self._needed_options()

    def paths(self, index: Index) -> tuple[str, ...]:
        """Return the paths of the facts that deleting and building ``index`` corrects."""
        kinds = (*_CHANGED, IssueType.MISSING_GSI, IssueType.EXTRA_GSI)
        return tuple(
            fact.path
            for fact in self._diff.issues
            if fact.index == index.name and fact.issue_type in kinds
        )

    def needed_for(self, index: Index) -> tuple[str, ...]:
        """Return the options that are required to build ``index``."""
        return tuple(sorted(self._needed[index.name]))

    def _needed_options(self) -> dict[str, set[str]]:
        """Return the options by index; a build also needs those of what stands in its way.

        An attribute has one type in a table, so an index can wait for the replacement of
        another one, and that for a third one: the loop repeats until nothing is added.
        """
        wanted = (*self.replaced, *self.missing)
        needed = {index.name: self._own_options(index) for index in wanted}
        waits = [
            (index.name, other.name)
            for index in wanted
            for other in self.replaced
            if index is not other and types_conflict(index, self.found[other.name])
        ]
        while more := [pair for pair in waits if not needed[pair[1]] <= needed[pair[0]]]:
            for name, other in more:
                needed[name] |= needed[other]
        return needed

    def _own_options(self, index: Index) -> set[str]:
        needed = {REPLACE} if index in self.replaced else set()
        if index in self.replaced and self._gives_less(index):
            needed.add(REDUCE)
        if any(types_conflict(index, extra) for extra in self.extra):
            needed.add(PRUNE)
        if len(self.found) + len(self.missing) > MAX_GLOBAL_INDEXES:
            needed.add(PRUNE)
        return needed

    def _gives_less(self, index: Index) -> bool:
        """Return whether the index, built as declared, has less capacity than now."""
        if self._switches:
            return self._switch_reduces
        return reduces(index, self.found[index.name])
