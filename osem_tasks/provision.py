"""Carries out ``db.setup``: create in order, wait side by side, complete, read again.

Nothing here can delete a table; the store that it is given has no such method.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.clock import Backoff
from osem_tasks.creation import POLL, RETRY, UNSEEN_SECONDS, Creation, passing
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.journal import Entry
from osem_tasks.schema import plan
from osem_tasks.schema.diff import TableDiff, compare
from osem_tasks.schema.plan import Action, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from osem_tasks.aws.store import TableStore
    from osem_tasks.clock import Deadline
    from osem_tasks.journal import Journal
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table, TableSet

    Say = Callable[[str], None]


def inspect(store: TableStore, tables: TableSet) -> list[TableDiff]:
    """Compare every declared table with the live one."""
    found = store.read_all(tables)
    return [compare(each, found[each.name]) for each in tables]


def settled(store: TableStore, tables: TableSet, deadline: Deadline, say: Say) -> list[TableDiff]:
    """Like ``inspect``, after waiting for tables that something else is changing.

    A table that is being deleted is waited out: it is missing afterwards.
    """
    found = store.read_all(tables)
    backoff = Backoff(*POLL)
    while moving := [each for each in tables if (live := found[each.name]) and not live.ready]:
        names = ", ".join(each.name for each in moving)
        deadline.check(names)
        say(f"waiting for {names}: {_states(found, moving)}")
        time.sleep(backoff.pause(deadline))
        found.update(store.read_all(moving))
    return [compare(each, found[each.name]) for each in tables]


def setup(
    store: TableStore, tables: TableSet, journal: Journal, deadline: Deadline, say: Say
) -> None:
    """Create what is missing and verify what exists, writing ``journal`` as it goes.

    Everything is read before anything is sent: drift stops the run while nothing has
    changed. Raises OsemError for the first failure.
    """
    begin = time.monotonic()
    say(f"reading {len(tables)} tables")
    diffs = settled(store, tables, deadline, say)
    _stop_on_drift(diffs, journal)
    steps = plan.setup_plan(tables, diffs)
    reading = time.monotonic() - begin
    for diff in diffs:
        if diff.exists:
            journal.verified[diff.name] = Entry(diff.status, reading)
    missing = [tables[each.table] for each in steps if each.kind is Kind.CREATE_TABLE]
    Creation(store, journal, deadline, say).run(missing)
    for step in steps:
        if step.kind is not Kind.CREATE_TABLE:
            _complete(store, step, journal, deadline, say)
    if steps:
        touched = {each.table for each in steps}
        _confirm(store, [each for each in tables if each.name in touched], deadline, say)


def _stop_on_drift(diffs: list[TableDiff], journal: Journal) -> None:
    drifted = plan.drift(diffs)
    if not drifted:
        return
    for diff in diffs:
        if diff.exists and diff not in drifted:
            journal.verified[diff.name] = Entry(diff.status)
    for diff in drifted:
        journal.fail(diff.name, drift_error([diff]))
    raise drift_error(list(drifted))


def drift_error(drifted: list[TableDiff]) -> OsemError:
    """The error for existing tables that differ from the model; carries the issues."""
    count = sum(len(each.issues) for each in drifted)
    names = ", ".join(each.name for each in drifted)
    verb = "differs" if len(drifted) == 1 else "differ"
    return OsemError(
        f"{names} {verb} from the model in {count} {'fact' if count == 1 else 'facts'}.",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation="inv db.verify   shows each difference and what mends it",
        table=drifted[0].name if len(drifted) == 1 else None,
        details={
            "issues": [
                {"tableName": each.name, "type": i.issue.value, "path": i.path}
                for each in drifted
                for i in each.issues
            ]
        },
    )


def _complete(
    store: TableStore, step: Action, journal: Journal, deadline: Deadline, say: Say
) -> None:
    say(f"{step.table}: {step.kind.value.replace('_', ' ')}")
    backoff = Backoff(*RETRY, jitter=True)
    while True:
        try:
            if step.kind is Kind.ENABLE_TTL:
                store.enable_ttl(step.table, step.target)
            else:
                store.enable_point_in_time_recovery(step.table)
        except OsemError as error:
            if not passing(error) or deadline.left <= 0:
                journal.fail(step.table, error)
                raise
            say(f"{step.table} has to wait: {error.message}")
            time.sleep(backoff.pause(deadline))
        else:
            journal.completed.append(step)
            return


def _confirm(store: TableStore, left: list[Table], deadline: Deadline, say: Say) -> None:
    """Read everything that was touched again; it must be as declared.

    Without tags and point-in-time recovery: the calls that set them have answered, AWS
    shows them with delay, and reading them is limited to ten tables a second.
    """
    left = [replace(each, tags=None, point_in_time_recovery=None) for each in left]
    backoff = Backoff(*POLL)
    begin = time.monotonic()
    while True:
        say(f"verifying {len(left)} tables")
        found = store.read_all(left)
        wrong = [diff for each in left if (diff := compare(each, found[each.name])).issues]
        if not wrong:
            return
        if time.monotonic() - begin > UNSEEN_SECONDS or deadline.left <= 0:
            raise drift_error(wrong)
        names = {each.name for each in wrong}
        left = [each for each in left if each.name in names]
        time.sleep(backoff.pause(deadline))


def _states(found: dict[str, LiveTable | None], moving: list[Table]) -> str:
    states = set()
    for each in moving:
        live = found[each.name]
        if live:
            states |= {live.status, *live.index_status.values()} - {"ACTIVE"}
    return ", ".join(sorted(states))
