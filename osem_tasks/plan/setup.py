"""Decides what ``db.setup`` does: create, complete, repair on request, or stop at drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.plan.actions import Action, Kind, Plan, Risk
from osem_tasks.plan.repair import repair_actions
from osem_tasks.schema.difference import IssueType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.schema.difference import Comparison, Fact, TableDiff
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """What a setup does. The tables of ``blocking`` stop it before anything is changed.

    ``drifted`` are the existing tables that differ otherwise than a setup completes,
    ``as_declared`` the other existing ones.
    """

    plan: Plan
    as_declared: tuple[TableDiff, ...]
    drifted: tuple[TableDiff, ...]
    blocking: tuple[TableDiff, ...]

    @property
    def actions(self) -> tuple[Action, ...]:
        """Every action, in order."""
        return self.plan.actions

    @property
    def creations(self) -> tuple[Action, ...]:
        """The tables to create, in the model's order."""
        return tuple(action for action in self.actions if action.kind is Kind.CREATE_TABLE)

    @property
    def changes(self) -> tuple[Action, ...]:
        """What is done to tables once they exist."""
        return tuple(action for action in self.actions if action.kind is not Kind.CREATE_TABLE)


def setup_plan(comparison: Comparison, *, repairing: bool = False) -> SetupPlan:
    """Create what is missing, then complete what CreateTable cannot carry.

    Time to live and point-in-time recovery take calls of their own after a table is
    ACTIVE. A run killed in between leaves them off; on an empty table that is not drift
    but work that is left, and the next setup does it. With ``repairing``, drift is mended
    where no option of ``db.repair`` is needed for any of the table's repairs.
    """
    drifted = tuple(diff for diff in comparison.diffs if _is_drifted(diff, comparison))
    names = {diff.name for diff in drifted}
    repairs = repair_actions(comparison) if repairing else ()
    steps = [
        action
        for diff in comparison.diffs
        if diff.name not in names
        for action in _setup_actions(comparison.tables[diff.name], diff, comparison)
    ]
    mended = [action for action in repairs if action.table in names]
    return SetupPlan(
        plan=Plan((*steps, *mended)),
        as_declared=tuple(d for d in comparison.diffs if d.exists and d.name not in names),
        drifted=drifted,
        blocking=tuple(d for d in drifted if not repairing or _needs_repair_task(d, repairs)),
    )


def _is_drifted(diff: TableDiff, comparison: Comparison) -> bool:
    live = comparison.found.get(diff.name)
    return diff.exists and any(not _completes(fact, live) for fact in diff.issues)


def _needs_repair_task(diff: TableDiff, repairs: tuple[Action, ...]) -> bool:
    """Whether a repair of that table is for ``db.repair`` alone.

    It is impossible, it needs an option there, or it lets items expire.
    """
    return any(
        not action.possible or action.requires or action.kind is Kind.ENABLE_TTL
        for action in repairs
        if action.table == diff.name
    )


def _setup_actions(table: Table, diff: TableDiff, comparison: Comparison) -> Iterator[Action]:
    if not diff.exists:
        yield from _creation(table)
        return
    live = comparison.found.get(table.name)
    for fact in diff.issues:
        if _completes(fact, live) and fact.issue_type is IssueType.WRONG_TTL:
            yield _completion(table, Kind.ENABLE_TTL, str(fact.expected))
        if _completes(fact, live) and fact.issue_type is IssueType.WRONG_PITR:
            yield _completion(table, Kind.ENABLE_PITR, "continuous backups")


def _creation(table: Table) -> Iterator[Action]:
    count = len(table.global_indexes)
    indexes = f", {count} {'index' if count == 1 else 'indexes'}" if count else ""
    yield Action(
        table.name,
        Kind.CREATE_TABLE,
        f"key {table.key}{indexes}",
        Risk.SAFE,
        "the table does not exist",
        mends=("table",),
    )
    if table.ttl and table.ttl.attribute:
        yield _completion(table, Kind.ENABLE_TTL, table.ttl.attribute)
    if table.point_in_time_recovery:
        yield _completion(table, Kind.ENABLE_PITR, "continuous backups")


def _completes(fact: Fact, live: LiveTable | None) -> bool:
    """Whether the fact is merely off where it is declared on, and turning it on is safe.

    A time to live takes items away, so that it is turned on without being asked only
    where there are none.
    """
    if fact.issue_type is IssueType.WRONG_PITR:
        return fact.expected is True
    empty = live is not None and live.items == 0
    return fact.issue_type is IssueType.WRONG_TTL and fact.found is None and empty


def _completion(table: Table, kind: Kind, target: str) -> Action:
    path = "ttl" if kind is Kind.ENABLE_TTL else "point_in_time_recovery"
    return Action(table.name, kind, target, Risk.SAFE, "CreateTable cannot carry it", mends=(path,))
