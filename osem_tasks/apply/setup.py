"""Carries out ``db.setup``: create in order, wait in parallel, complete, read again.

Nothing here can delete a table: the store has no method for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.apply.create import Creator
from osem_tasks.apply.read import difference_error, inspect_when_stable, read_tables
from osem_tasks.apply.run import Entry
from osem_tasks.apply.update import Updater
from osem_tasks.plan.setup import setup_plan
from osem_tasks.schema.compare import compare
from osem_tasks.waiting import policy
from osem_tasks.waiting.wait import poll

if TYPE_CHECKING:
    from osem_tasks.apply.run import Run
    from osem_tasks.plan.setup import SetupPlan
    from osem_tasks.schema.difference import TableDiff
    from osem_tasks.schema.model import Table


def setup(run: Run, *, repairing: bool = False) -> None:
    """Create missing tables and verify existing ones, and record the outcome in the journal.

    Everything is read before anything is sent, so that drift stops the run before a change.
    ``repairing`` also makes the repairs that need no option. Raises OsemError for the first
    failure.
    """
    start = run.deadline.elapsed
    run.say(f"reading {len(run.tables)} tables")
    plan = setup_plan(inspect_when_stable(run), repairing=repairing)
    _stop_on_drift(run, plan)
    for action in plan.plan.impossible:
        run.progress.info(f"{action}: not possible, {action.reason}")
    reading = run.deadline.elapsed - start
    for diff in plan.as_declared:
        run.journal.verified[diff.name] = Entry(diff.status, reading)
    Creator(run).create([run.tables[action.table] for action in plan.creations])
    Updater(run).apply(plan.changes)
    for diff in plan.drifted:
        run.journal.verified[diff.name] = Entry("ACTIVE", run.deadline.elapsed - start)
    touched = {action.table for action in plan.actions}
    _confirm(run, [table for table in run.tables if table.name in touched])


def _stop_on_drift(run: Run, plan: SetupPlan) -> None:
    if not plan.blocking:
        return
    for diff in plan.as_declared:
        run.journal.verified[diff.name] = Entry(diff.status)
    for diff in plan.blocking:
        issues = [fact.issue_type.value for fact in diff.issues]
        run.journal.fail(diff.name, difference_error([diff], run.target), issues)
    raise difference_error(plan.blocking, run.target)


def _confirm(run: Run, touched: list[Table]) -> None:
    """Read all touched tables again; raise OsemError if one does not match its declaration.

    Tags and point-in-time recovery are skipped: the calls that set them succeeded, AWS shows
    them late, and reading them is limited to ten tables a second.
    """
    left = [replace(table, tags=None, point_in_time_recovery=None) for table in touched]

    def differing() -> list[TableDiff]:
        nonlocal left
        run.say(f"verifying {len(left)} tables")
        found = read_tables(run, left)
        wrong = [diff for table in left if (diff := compare(table, found[table.name])).issues]
        names = {diff.name for diff in wrong}
        left = [table for table in left if table.name in names]
        return wrong

    window = run.deadline.within(policy.current().visibility)
    if wrong := poll(differing, lambda found: not found, window):
        raise difference_error(wrong, run.target)
