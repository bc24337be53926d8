"""What is to be done, as data: ordered steps, each with its risk and its reason.

Planning decides nothing about how a step is carried out (``provision``) or shown
(``report``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from osem_tasks.schema.diff import IssueType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from osem_tasks.schema.diff import Fact, TableDiff
    from osem_tasks.schema.model import Table, TableSet


class Kind(str, Enum):
    """What a step does."""

    CREATE_TABLE = "create_table"
    ENABLE_TTL = "enable_ttl"
    ENABLE_PITR = "enable_pitr"


@dataclass(frozen=True, slots=True)
class Action:
    """One step on one table. ``target`` is what it brings about, in words."""

    table: str
    kind: Kind
    target: str
    risk: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """An entry of ``data.actions``."""
        return {
            "tableName": self.table,
            "action": self.kind.value,
            "target": self.target,
            "risk": self.risk,
            "reason": self.reason,
        }


SAFE = "safe"


def setup_plan(tables: TableSet, diffs: Iterable[TableDiff]) -> tuple[Action, ...]:
    """Create what is missing, then complete what CreateTable cannot carry.

    Time to live and point-in-time recovery take calls of their own after a table is
    ACTIVE. A run killed in between leaves them off; being off is then not drift but
    work that is left, and the next setup does it.
    """
    return tuple(step for diff in diffs for step in _table_steps(tables[diff.name], diff))


def drift(diffs: Iterable[TableDiff]) -> tuple[TableDiff, ...]:
    """The existing tables that differ in a way that ``db.setup`` does not complete."""
    return tuple(
        each for each in diffs if each.exists and any(not _completes(i) for i in each.issues)
    )


def _table_steps(table: Table, diff: TableDiff) -> Iterator[Action]:
    if not diff.exists:
        indexes = f", {len(table.indexes)} indexes" if table.indexes else ""
        target = f"key {table.key}{indexes}"
        yield Action(table.name, Kind.CREATE_TABLE, target, SAFE, "the table does not exist")
        if table.ttl and table.ttl.attribute:
            yield _enable_ttl(table)
        if table.point_in_time_recovery:
            yield _enable_pitr(table)
        return
    for issue in diff.issues:
        if issue.issue is IssueType.WRONG_TTL and _completes(issue):
            yield _enable_ttl(table)
        if issue.issue is IssueType.WRONG_PITR and _completes(issue):
            yield _enable_pitr(table)


def _completes(issue: Fact) -> bool:
    """Whether the fact is merely off where it is declared on."""
    return (issue.issue is IssueType.WRONG_TTL and issue.found is None) or (
        issue.issue is IssueType.WRONG_PITR and issue.expected is True
    )


def _enable_ttl(table: Table) -> Action:
    target = (table.ttl.attribute if table.ttl else None) or ""
    return Action(table.name, Kind.ENABLE_TTL, target, SAFE, "CreateTable cannot carry it")


def _enable_pitr(table: Table) -> Action:
    return Action(
        table.name, Kind.ENABLE_PITR, "continuous backups", SAFE, "CreateTable cannot carry it"
    )
