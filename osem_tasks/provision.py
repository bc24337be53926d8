"""Carries out ``db.setup``: create in order, wait side by side, complete, read again.

Nothing here can delete a table; the store that it is given has no such method.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from osem_tasks.application import Application
from osem_tasks.clock import Backoff
from osem_tasks.creation import POLL, UNSEEN_SECONDS, Creation, patient
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.journal import Entry
from osem_tasks.schema import plan
from osem_tasks.schema.diff import TableDiff, compare
from osem_tasks.schema.plan import Kind
from osem_tasks.schema.repairs import repair_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osem_tasks.aws.store import TableStore
    from osem_tasks.clock import Deadline
    from osem_tasks.run import Run
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table, TableSet
    from osem_tasks.schema.plan import Action

    Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Survey:
    """What was read: the live tables by name, and how each declared one compares."""

    found: dict[str, LiveTable | None]
    diffs: list[TableDiff]

    @property
    def issues(self) -> list[TableDiff]:
        """The tables that differ."""
        return [each for each in self.diffs if each.issues]


def inspect(store: TableStore, tables: TableSet, deadline: Deadline, say: Say) -> Survey:
    """Compare every declared table with the live one."""
    return _survey(tables, patient(lambda: store.read_all(tables), deadline, say))


def settled(store: TableStore, tables: TableSet, deadline: Deadline, say: Say) -> Survey:
    """Like ``inspect``, after waiting for tables that something else is changing.

    A table that is being deleted is waited out: it is missing afterwards.
    """
    found = patient(lambda: store.read_all(tables), deadline, say)
    backoff = Backoff(*POLL)
    while moving := [each for each in tables if (live := found[each.name]) and not live.ready]:
        names = ", ".join(each.name for each in moving)
        deadline.check(names)
        say(f"waiting for {names}: {_states(found, moving)}")
        time.sleep(backoff.pause(deadline))
        found.update(_again(store, moving, deadline, say))
    return _survey(tables, found)


def _again(
    store: TableStore, moving: list[Table], deadline: Deadline, say: Say
) -> dict[str, LiveTable | None]:
    """The state of ``moving``, and every fact of those that have come to rest."""
    found = patient(lambda: store.glance_all(moving), deadline, say)
    ready = [each for each in moving if (live := found[each.name]) and live.ready]
    return {**found, **patient(lambda: store.read_all(ready), deadline, say)}


def _survey(tables: TableSet, found: dict[str, LiveTable | None]) -> Survey:
    return Survey(found, [compare(each, found[each.name]) for each in tables])


def setup(run: Run, *, repairing: bool = False) -> None:
    """Create what is missing and verify what exists, keeping the journal as it goes.

    Everything is read before anything is sent: drift stops the run while nothing has
    changed, unless ``repairing`` also applies the repairs that need no further option.
    Raises OsemError for the first failure.
    """
    begin = time.monotonic()
    tables, journal = run.tables, run.journal
    run.say(f"reading {len(tables)} tables")
    survey = settled(run.store, tables, run.deadline, run.say)
    repairs = repair_plan(tables, survey.diffs, survey.found) if repairing else ()
    drifted = plan.drift(survey.diffs, survey.found)
    stopping = [each for each in drifted if not repairing or withheld(each, repairs)]
    _stop_on_drift(run, survey.diffs, drifted, stopping)
    reading = time.monotonic() - begin
    for diff in survey.diffs:
        if diff.exists and diff not in drifted:
            journal.verified[diff.name] = Entry(diff.status, reading)
    steps = plan.setup_plan(tables, survey.diffs, survey.found)
    missing = [tables[each.table] for each in steps if each.kind is Kind.CREATE_TABLE]
    Creation(run).run(missing)
    names = {each.name for each in drifted}
    rest = [
        each for each in steps if each.kind is not Kind.CREATE_TABLE and each.table not in names
    ]
    applied = [*rest, *(each for each in repairs if each.table in names)]
    Application(run).run(applied)
    for diff in drifted:
        journal.verified[diff.name] = Entry("ACTIVE", time.monotonic() - begin)
    touched = {each.table for each in (*steps, *applied)}
    _confirm(run, [each for each in tables if each.name in touched])


def repair(run: Run, steps: Sequence[Action]) -> None:
    """Apply ``steps`` and read every table again: what still differs is the error.

    A step that is done and still seems to be needed is eventual consistency, and looked at
    again for a while.
    """
    Application(run).run(steps)
    done = {(each.table, each.kind, each.target) for each in steps}
    backoff = Backoff(*POLL)
    begin = time.monotonic()
    while True:
        run.say("reading everything again")
        survey = settled(run.store, run.tables, run.deadline, run.say)
        left = repair_plan(run.tables, survey.diffs, survey.found)
        stale = any((each.table, each.kind, each.target) in done for each in left)
        if not stale or time.monotonic() - begin > UNSEEN_SECONDS:
            break
        time.sleep(backoff.pause(run.deadline))
    if survey.issues:
        raise drift_error(survey.issues, run.store.environment)


def withheld(diff: TableDiff, repairs: Sequence[Action]) -> bool:
    """Whether a repair of that table is for ``db.repair`` alone.

    It is impossible, it needs an option there, or it lets items expire.
    """
    mine = [each for each in repairs if each.table == diff.name]
    return any(not each.possible or each.requires or each.kind is Kind.ENABLE_TTL for each in mine)


def _stop_on_drift(
    run: Run,
    diffs: list[TableDiff],
    drifted: Sequence[TableDiff],
    stopping: Sequence[TableDiff],
) -> None:
    if not stopping:
        return
    for diff in diffs:
        if diff.exists and diff not in drifted:
            run.journal.verified[diff.name] = Entry(diff.status)
    for diff in stopping:
        run.journal.fail(diff.name, drift_error([diff], run.store.environment))
    raise drift_error(stopping, run.store.environment)


def drift_error(
    drifted: Sequence[TableDiff], environment: str, remedy: str = "db.verify"
) -> OsemError:
    """The error for existing tables that differ from the model; carries the issues."""
    count = sum(len(each.issues) for each in drifted)
    names = ", ".join(each.name for each in drifted)
    verb = "differs" if len(drifted) == 1 else "differ"
    return OsemError(
        f"{names} {verb} from the model in {count} {'fact' if count == 1 else 'facts'}.",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=f"inv {remedy} --env {environment}   shows what differs and what mends it",
        table=drifted[0].name if len(drifted) == 1 else None,
        details={
            "issues": [
                {"tableName": each.name, "type": i.issue.value, "path": i.path}
                for each in drifted
                for i in each.issues
            ]
        },
    )


def _confirm(run: Run, left: list[Table]) -> None:
    """Read everything that was touched again; it must be as declared.

    Without tags and point-in-time recovery: the calls that set them have answered, AWS
    shows them with delay, and reading them is limited to ten tables a second.
    """
    left = [replace(each, tags=None, point_in_time_recovery=None) for each in left]
    backoff = Backoff(*POLL)
    begin = time.monotonic()
    while True:
        run.say(f"verifying {len(left)} tables")
        found = patient(partial(run.store.read_all, left), run.deadline, run.say)
        wrong = [diff for each in left if (diff := compare(each, found[each.name])).issues]
        if not wrong:
            return
        if time.monotonic() - begin > UNSEEN_SECONDS or run.deadline.left <= 0:
            raise drift_error(wrong, run.store.environment)
        names = {each.name for each in wrong}
        left = [each for each in left if each.name in names]
        time.sleep(backoff.pause(run.deadline))


def _states(found: dict[str, LiveTable | None], moving: list[Table]) -> str:
    states = set()
    for each in moving:
        live = found[each.name]
        if live:
            states |= {live.status, *live.index_status.values()} - {"ACTIVE"}
    return ", ".join(sorted(states))
