"""Decides what ``db.setup`` does: create, complete, repair on request, or stop at drift."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from osem_tasks.plan.actions import Action, Kind, Plan, Risk
from osem_tasks.plan.created import new_facts
from osem_tasks.plan.repair import backups, repair_actions
from osem_tasks.schema.difference import IssueType
from osem_tasks.schema.live import RECOVERY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.schema.difference import Comparison, Fact, TableDiff
    from osem_tasks.schema.emulators import Engine
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table


# An index that is not declared harms nothing: setup leaves it as it is.
UNDECLARED = (IssueType.EXTRA_GSI, IssueType.EXTRA_LSI)


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """The actions of a setup. The tables in ``blocking`` stop it before it changes anything.

    ``drifted`` are existing tables with differences that setup does not complete;
    ``as_declared`` are the other existing tables. ``undeclared`` are the tables with
    indexes that are not declared; they stop nothing. ``comparison`` is what it was decided from.
    """

    plan: Plan
    as_declared: tuple[TableDiff, ...]
    drifted: tuple[TableDiff, ...]
    blocking: tuple[TableDiff, ...]
    comparison: Comparison
    undeclared: tuple[tuple[str, Fact], ...] = ()

    @property
    def actions(self) -> tuple[Action, ...]:
        """Every action, in order."""
        return self.plan.actions

    @property
    def complete(self) -> tuple[TableDiff, ...]:
        """The existing tables on which nothing is left to do."""
        unfinished = {action.table for action in self.changes}
        return tuple(diff for diff in self.as_declared if diff.name not in unfinished)

    @property
    def creations(self) -> tuple[Action, ...]:
        """The tables to create, in the model's order."""
        return tuple(action for action in self.actions if action.kind is Kind.CREATE_TABLE)

    @property
    def changes(self) -> tuple[Action, ...]:
        """The possible actions on tables that exist by then."""
        return tuple(
            action
            for action in self.actions
            if action.kind is not Kind.CREATE_TABLE and action.possible
        )


def setup_plan(comparison: Comparison, *, repairing: bool = False) -> SetupPlan:
    """Plan to create missing tables and set what CreateTable does not accept.

    Time to live and point-in-time recovery need separate calls after a table is ACTIVE. A run
    that is killed before them leaves both off; on an empty table this is unfinished work, not
    drift, and the next setup completes it. With ``repairing``, drift is repaired on tables
    whose repairs need no option of ``db.repair``.
    """
    drifted = tuple(diff for diff in comparison.diffs if _is_drifted(diff, comparison))
    names = {diff.name for diff in drifted}
    repairs = _repairs(comparison) if repairing else ()
    steps = [
        action
        for diff in comparison.diffs
        if diff.name not in names
        for action in _setup_actions(comparison.tables[diff.name], diff, comparison)
    ]
    mended = [action for action in repairs if action.table in names]
    return SetupPlan(
        comparison=comparison,
        plan=Plan((*steps, *mended)),
        as_declared=tuple(d for d in comparison.diffs if d.exists and d.name not in names),
        drifted=drifted,
        blocking=tuple(d for d in drifted if not repairing or _needs_repair_task(d, repairs)),
        undeclared=tuple(
            (diff.name, fact)
            for diff in comparison.diffs
            for fact in diff.issues
            if fact.issue_type in UNDECLARED
        ),
    )


def blocks_setup(fact: Fact, live: LiveTable | None) -> bool:
    """Return whether setup stops at that difference of an existing table."""
    return fact.issue_type not in UNDECLARED and not _completes(fact, live)


def _is_drifted(diff: TableDiff, comparison: Comparison) -> bool:
    live = comparison.found.get(diff.name)
    return diff.exists and any(blocks_setup(fact, live) for fact in diff.issues)


def _repairs(comparison: Comparison) -> tuple[Action, ...]:
    """Return the repairs without those that only concern undeclared indexes."""
    extra = {
        (diff.name, fact.path)
        for diff in comparison.diffs
        for fact in diff.issues
        if fact.issue_type in UNDECLARED
    }
    return tuple(
        action
        for action in repair_actions(comparison)
        if not action.mends or not {(action.table, path) for path in action.mends} <= extra
    )


def _needs_repair_task(diff: TableDiff, repairs: tuple[Action, ...]) -> bool:
    """Return whether only ``db.repair`` may repair that table.

    This holds if a repair is impossible, needs an option, or lets items expire.
    """
    return any(
        not action.possible or action.requires or action.kind is Kind.ENABLE_TTL
        for action in repairs
        if action.table == diff.name
    )


def _setup_actions(table: Table, diff: TableDiff, comparison: Comparison) -> Iterator[Action]:
    if not diff.exists:
        yield from _creation(table, comparison.engine)
        return
    live = comparison.found.get(table.name)
    for fact in diff.issues:
        if _completes(fact, live) and fact.issue_type is IssueType.WRONG_TTL:
            yield _completion(table, Kind.ENABLE_TTL, str(fact.expected))
        if _completes(fact, live) and fact.issue_type is IssueType.WRONG_PITR:
            yield _completion(table, Kind.ENABLE_PITR, backups(table))


def _creation(table: Table, engine: Engine) -> Iterator[Action]:
    count = len(table.global_indexes) + len(table.local_indexes)
    indexes = f", {count} {'index' if count == 1 else 'indexes'}" if count else ""
    yield Action(
        table.name,
        Kind.CREATE_TABLE,
        f"key {table.key}{indexes}",
        Risk.SAFE,
        "the table does not exist",
        mends=("table",),
        creates=new_facts(table, engine),
    )
    if table.ttl and table.ttl.attribute:
        yield _completion(table, Kind.ENABLE_TTL, table.ttl.attribute)
    if table.point_in_time_recovery:
        recovery = _completion(table, Kind.ENABLE_PITR, backups(table))
        if RECOVERY in engine.lacks:
            # Said, and not tried; db.verify then calls it not comparable.
            reason = f"{engine.name} has no such call"
            recovery = replace(recovery, risk=Risk.IMPOSSIBLE, reason=reason)
        yield recovery


def _completes(fact: Fact, live: LiveTable | None) -> bool:
    """Return whether the fact is only off, declared as on, and safe to turn on.

    A time to live deletes items, so setup turns it on only for an empty table.
    """
    if fact.issue_type is IssueType.WRONG_PITR:
        return fact.expected is True
    empty = live is not None and live.items == 0
    return fact.issue_type is IssueType.WRONG_TTL and fact.found is None and empty


def _completion(table: Table, kind: Kind, target: str) -> Action:
    path = "ttl" if kind is Kind.ENABLE_TTL else "point_in_time_recovery"
    return Action(table.name, kind, target, Risk.SAFE, "CreateTable cannot carry it", mends=(path,))
