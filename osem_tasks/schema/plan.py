"""What is to be done, as data: ordered steps, each with its risk and its reason.

Planning decides nothing about how a step is sent (``changes``), carried out
(``application``) or shown (``planview``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from osem_tasks.schema.diff import IssueType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from osem_tasks.schema.diff import Fact, TableDiff
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Index, Table, TableSet


class Kind(str, Enum):
    """What a step does."""

    CREATE_TABLE = "create_table"
    CREATE_INDEX = "create_index"
    DELETE_INDEX = "delete_index"
    UPDATE_BILLING = "update_billing"
    UPDATE_THROUGHPUT = "update_throughput"
    UPDATE_MAX_THROUGHPUT = "update_max_throughput"
    ENABLE_STREAM = "enable_stream"
    DISABLE_STREAM = "disable_stream"
    ENABLE_TTL = "enable_ttl"
    DISABLE_TTL = "disable_ttl"
    ENABLE_PITR = "enable_pitr"
    DISABLE_PITR = "disable_pitr"
    SET_DELETION_PROTECTION = "set_deletion_protection"
    SET_TAGS = "set_tags"
    UPDATE_ENCRYPTION = "update_encryption"
    UPDATE_TABLE_CLASS = "update_table_class"
    NEW_TABLE = "new_table"

    @property
    def words(self) -> str:
        """The kind as people read it."""
        return self.value.replace("_", " ").replace("pitr", "point-in-time recovery")


class Risk(str, Enum):
    """What a step may cost."""

    SAFE = "safe"
    ONLINE_BUILD = "online build"
    RATE_LIMITED = "rate-limited"
    REMOVES = "removes what may be in use"
    IMPOSSIBLE = "impossible in place"


# The options that allow a step which takes something away.
PRUNE = "--prune"
REPLACE = "--replace-indexes"


@dataclass(frozen=True, slots=True)
class Action:
    """One step on one table. ``target`` is what it brings about, in words.

    ``requires`` are the options without which it is not carried out; ``index`` is the
    global index that it is about.
    """

    table: str
    kind: Kind
    target: str
    risk: Risk
    reason: str
    requires: tuple[str, ...] = ()
    index: Index | None = None

    @property
    def possible(self) -> bool:
        """Whether DynamoDB can do it to an existing table at all."""
        return self.risk is not Risk.IMPOSSIBLE

    def as_json(self) -> dict[str, object]:
        """An entry of ``data.actions``."""
        return {
            "tableName": self.table,
            "action": self.kind.value,
            "target": self.target,
            "risk": self.risk.value,
            "reason": self.reason,
            "requires": list(self.requires),
        }


def setup_plan(
    tables: TableSet, diffs: Iterable[TableDiff], found: Mapping[str, LiveTable | None]
) -> tuple[Action, ...]:
    """Create what is missing, then complete what CreateTable cannot carry.

    Time to live and point-in-time recovery take calls of their own after a table is
    ACTIVE. A run killed in between leaves them off; on an empty table that is not drift
    but work that is left, and the next setup does it.
    """
    return tuple(
        step
        for diff in diffs
        for step in _setup_steps(tables[diff.name], diff, found.get(diff.name))
    )


def drift(
    diffs: Iterable[TableDiff], found: Mapping[str, LiveTable | None]
) -> tuple[TableDiff, ...]:
    """The existing tables that differ in a way that ``db.setup`` does not complete."""
    return tuple(
        each
        for each in diffs
        if each.exists and any(not _completes(i, found.get(each.name)) for i in each.issues)
    )


def _setup_steps(table: Table, diff: TableDiff, live: LiveTable | None) -> Iterator[Action]:
    if not diff.exists:
        count = len(table.indexes)
        indexes = f", {count} {'index' if count == 1 else 'indexes'}" if count else ""
        target = f"key {table.key}{indexes}"
        yield Action(table.name, Kind.CREATE_TABLE, target, Risk.SAFE, "the table does not exist")
        if table.ttl and table.ttl.attribute:
            yield _completion(table, Kind.ENABLE_TTL, table.ttl.attribute)
        if table.point_in_time_recovery:
            yield _completion(table, Kind.ENABLE_PITR, "continuous backups")
        return
    for issue in diff.issues:
        if _completes(issue, live) and issue.issue is IssueType.WRONG_TTL:
            yield _completion(table, Kind.ENABLE_TTL, str(issue.expected))
        if _completes(issue, live) and issue.issue is IssueType.WRONG_PITR:
            yield _completion(table, Kind.ENABLE_PITR, "continuous backups")


def _completes(issue: Fact, live: LiveTable | None) -> bool:
    """Whether the fact is merely off where it is declared on, and turning it on is safe.

    A time to live takes items away, so that it is turned on without being asked only
    where there are none.
    """
    if issue.issue is IssueType.WRONG_PITR:
        return issue.expected is True
    empty = live is not None and live.items == 0
    return issue.issue is IssueType.WRONG_TTL and issue.found is None and empty


def _completion(table: Table, kind: Kind, target: str) -> Action:
    return Action(table.name, kind, target, Risk.SAFE, "CreateTable cannot carry it")
