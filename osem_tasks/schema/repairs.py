"""Plans the way from a live table to its declaration, without losing an item.

What DynamoDB cannot change in place is a step too, marked impossible and never carried
out. Sources of the limits: the UpdateTable, UpdateTimeToLive and quota pages of the
DynamoDB documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.schema import conflicts
from osem_tasks.schema.diff import IssueType, shown
from osem_tasks.schema.live import MAX_THROUGHPUT
from osem_tasks.schema.plan import PRUNE, REPLACE, Action, Kind, Risk
from osem_tasks.schema.rules import MAX_GLOBAL_INDEXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from osem_tasks.schema.diff import Fact, TableDiff
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Index, Table, TableSet, Throughput

_FOR_GOOD = (
    IssueType.WRONG_PARTITION_KEY,
    IssueType.WRONG_SORT_KEY,
    IssueType.MISSING_LSI,
    IssueType.EXTRA_LSI,
    IssueType.WRONG_LSI_KEYS,
    IssueType.WRONG_LSI_PROJECTION,
)
_INDEX_CHANGED = (
    IssueType.WRONG_GSI_KEYS,
    IssueType.WRONG_GSI_PROJECTION,
    IssueType.WRONG_KEY_TYPE,
)
NO_GAP = (
    "queries on it fail until it is built again; for a change without a gap, declare the new "
    "index under another name, repair, move the readers, then drop the old name and prune"
)


def repair_plan(
    tables: TableSet, diffs: Iterable[TableDiff], found: Mapping[str, LiveTable | None]
) -> tuple[Action, ...]:
    """Every step that would make the existing tables as declared, in order.

    Missing tables are ``db.setup``'s and have no step here.
    """
    return tuple(
        step
        for diff in diffs
        if (live := found.get(diff.name)) is not None
        for step in _Repair(tables[diff.name], live, diff).steps()
    )


class _Repair:
    """The steps of one table."""

    def __init__(self, declared: Table, live: LiveTable, diff: TableDiff) -> None:
        self._declared, self._live, self._diff = declared, live, diff
        self._found = live.table
        changed = {_index_name(each) for each in diff.issues if each.issue in _INDEX_CHANGED}
        mine = {each.name: each for each in declared.indexes}
        theirs = {each.name: each for each in live.table.indexes}
        self._missing = [each for name, each in mine.items() if name not in theirs]
        self._replaced = [each for name, each in mine.items() if name in changed]
        self._extra = [each for name, each in theirs.items() if name not in mine]
        self._stuck = conflicts.stuck(self._found, self._replaced, self._missing)

    def steps(self) -> Iterator[Action]:
        """Impossible ones first, then billing, indexes one by one, and the settings."""
        yield from self._impossible()
        yield from self._billing()
        # Before an index is built anew, which brings its throughput along.
        yield from self._throughputs()
        yield from self._index_removals()
        yield from self._index_builds()
        for issue in self._diff.issues:
            yield from self._setting(issue)

    def _step(self, kind: Kind, target: str, risk: Risk, reason: str, *requires: str) -> Action:
        return Action(self._declared.name, kind, target, risk, reason, requires)

    def _impossible(self) -> Iterator[Action]:
        for issue in self._diff.issues:
            key_type = issue.issue is IssueType.WRONG_KEY_TYPE and not issue.path.startswith(
                "index"
            )
            if issue.issue in _FOR_GOOD or key_type:
                target = f"{issue.path}: {issue.expected or 'none'}, found {issue.found or 'none'}"
                yield self._step(
                    Kind.NEW_TABLE,
                    target,
                    Risk.IMPOSSIBLE,
                    "keys and local indexes are fixed when a table is created; its data would "
                    "have to move to a new table",
                )

    def _billing(self) -> Iterator[Action]:
        declared = self._declared
        if declared.billing == self._found.billing:
            return
        yield self._step(
            Kind.UPDATE_BILLING,
            f"{declared.billing} (found {self._found.billing})",
            Risk.RATE_LIMITED,
            "AWS limits how often the billing mode may be switched in 24 hours",
        )
        if declared.billing == "PAY_PER_REQUEST" and MAX_THROUGHPUT not in self._live.unreadable:
            # A ceiling exists in this mode only; an index that is built brings its own along.
            if declared.max_throughput:
                yield self._max_throughput(declared.max_throughput)
            built = {each.name for each in self._missing}
            for index in declared.indexes:
                if index.max_throughput and index.name not in built:
                    yield self._max_throughput(index.max_throughput, index)

    def _index_removals(self) -> Iterator[Action]:
        for index in self._extra:
            yield Action(
                self._declared.name,
                Kind.DELETE_INDEX,
                f"{index.name} ({index.key})",
                Risk.REMOVES,
                "it is not declared; an application may query it",
                (PRUNE,),
                index,
            )
        for index in self._replaced:
            if index.name not in self._stuck:
                yield Action(
                    self._declared.name,
                    Kind.DELETE_INDEX,
                    f"{index.name} ({self._theirs(index)})",
                    Risk.REMOVES,
                    NO_GAP,
                    (REPLACE,),
                    index,
                )

    def _index_builds(self) -> Iterator[Action]:
        live = self._live
        cost = f"time grows with the data: {live.items:,} items, {live.size:,} bytes at last count"
        for index in (*self._replaced, *self._missing):
            conflict = self._stuck.get(index.name)
            if conflict:
                yield Action(
                    self._declared.name,
                    Kind.NEW_TABLE,
                    f"index {index.name} ({index.key})",
                    Risk.IMPOSSIBLE,
                    conflict,
                )
                continue
            projection = "" if index.projection.kind == "ALL" else f", {index.projection}"
            yield Action(
                self._declared.name,
                Kind.CREATE_INDEX,
                f"{index.name} ({index.key}{projection})",
                Risk.ONLINE_BUILD,
                cost,
                self._needed_for(index),
                index,
            )

    def _needed_for(self, index: Index) -> tuple[str, ...]:
        """The options that must be given before ``index`` can be built."""
        needed = {REPLACE} if index in self._replaced else set()
        if any(conflicts.clash(index, each) for each in self._extra):
            needed.add(PRUNE)
        if any(conflicts.clash(index, self._theirs_index(each)) for each in self._replaced):
            needed.add(REPLACE)
        if len(self._found.indexes) + len(self._missing) > MAX_GLOBAL_INDEXES:
            needed.add(PRUNE)
        return tuple(sorted(needed))

    def _throughputs(self) -> Iterator[Action]:
        declared = self._declared
        paths = {each.path for each in self._diff.issues}
        held: list[tuple[str, Table | Index, Index | None]] = [("", declared, None)]
        held += [(f"index[{each.name}].", each, each) for each in declared.indexes]
        for prefix, each, index in held:
            if each.throughput and f"{prefix}throughput" in paths:
                yield Action(
                    declared.name,
                    Kind.UPDATE_THROUGHPUT,
                    f"{each.throughput} ({each.name})",
                    Risk.RATE_LIMITED,
                    "AWS limits how often throughput may be lowered in a day",
                    (),
                    index,
                )
            if each.max_throughput and f"{prefix}max_throughput" in paths:
                yield self._max_throughput(each.max_throughput, index)

    def _max_throughput(self, units: Throughput, index: Index | None = None) -> Action:
        name = index.name if index else self._declared.name
        return Action(
            self._declared.name,
            Kind.UPDATE_MAX_THROUGHPUT,
            f"{units} ({name})",
            Risk.SAFE,
            "the declared ceiling differs",
            (),
            index,
        )

    def _setting(self, issue: Fact) -> Iterator[Action]:
        plain = _PLAIN.get(issue.issue)
        if plain:
            kind, risk, reason = plain
            yield self._step(kind, shown(issue.expected), risk, reason)
        elif issue.issue is IssueType.WRONG_STREAM:
            yield from self._switch(
                issue,
                Kind.ENABLE_STREAM,
                Kind.DISABLE_STREAM,
                Risk.REMOVES,
                "its records are lost to whoever reads them",
                (PRUNE,),
            )
        elif issue.issue is IssueType.WRONG_TTL:
            yield from self._switch(
                issue,
                Kind.ENABLE_TTL,
                Kind.DISABLE_TTL,
                Risk.RATE_LIMITED,
                "AWS lets time to live change once an hour; past items expire once it is on",
                (PRUNE,) if self._live.items and issue.expected is not None else (),
            )
        elif issue.issue is IssueType.WRONG_PITR:
            if issue.expected:
                reason = "continuous backups are declared"
                yield self._step(Kind.ENABLE_PITR, "continuous backups", Risk.SAFE, reason)
            else:
                reason = "the table can no longer be restored to an earlier time"
                yield self._step(
                    Kind.DISABLE_PITR, "continuous backups", Risk.REMOVES, reason, PRUNE
                )

    def _switch(  # noqa: PLR0917  both directions of one switch
        self,
        issue: Fact,
        on: Kind,
        off: Kind,
        risk: Risk,
        reason: str,
        requires: tuple[str, ...],
    ) -> Iterator[Action]:
        """Off what is found, on what is declared; a change of the value takes both."""
        if issue.found is not None:
            yield self._step(off, str(issue.found), risk, reason, *requires)
        if issue.expected is not None:
            gentle = Risk.SAFE if risk is Risk.REMOVES else risk
            needed = requires if issue.found is not None or on is Kind.ENABLE_TTL else ()
            yield self._step(on, str(issue.expected), gentle, "it is declared", *needed)

    def _theirs_index(self, index: Index) -> Index:
        return next(each for each in self._found.indexes if each.name == index.name)

    def _theirs(self, index: Index) -> str:
        theirs = self._theirs_index(index)
        return f"{theirs.key}, {theirs.projection}"


_PLAIN = {
    IssueType.WRONG_TAGS: (Kind.SET_TAGS, Risk.SAFE, "the declared tags differ"),
    IssueType.WRONG_DELETION_PROTECTION: (
        Kind.SET_DELETION_PROTECTION,
        Risk.SAFE,
        "the declared protection differs",
    ),
    IssueType.WRONG_ENCRYPTION: (
        Kind.UPDATE_ENCRYPTION,
        Risk.RATE_LIMITED,
        "AWS limits how often the key may be changed in 24 hours",
    ),
    IssueType.WRONG_TABLE_CLASS: (
        Kind.UPDATE_TABLE_CLASS,
        Risk.RATE_LIMITED,
        "AWS lets the table class change twice in 30 days",
    ),
}


def _index_name(issue: Fact) -> str:
    name, bracket, _ = issue.path.removeprefix("index[").partition("]")
    return name if bracket and issue.path.startswith("index[") else ""
