"""Carries out ``db.setup``: create in order, wait in parallel, complete, read again.

Nothing here can delete a table: the store has no method for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.apply.create import Creator
from osem_tasks.apply.read import difference_error, inspect_when_stable, read_tables
from osem_tasks.apply.run import Entry
from osem_tasks.apply.update import Updater
from osem_tasks.config.commands import remedy_text
from osem_tasks.plan.remedies import Remedies
from osem_tasks.plan.setup import UNDECLARED, setup_plan
from osem_tasks.schema.compare import compare, compare_all
from osem_tasks.schema.live import RECOVERY, RECOVERY_PERIOD
from osem_tasks.waiting import policy
from osem_tasks.waiting.progress import Step
from osem_tasks.waiting.wait import poll

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.errors import OsemError
    from osem_tasks.plan.setup import SetupPlan
    from osem_tasks.schema.difference import TableDiff
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table

    Check = Callable[[SetupPlan], None]


def setup(
    run: Run, *, repairing: bool = False, check: Check | None = None, new: bool = False
) -> None:
    """Create missing tables and verify existing ones, and record the outcome in the journal.

    ``repairing`` also makes the repairs that need no option. ``check`` may refuse what was decided
    before anything is changed. In a ``new`` database of a local engine, nothing is read first, and
    requests go out side by side. Raises OsemError for the first failure.
    """
    start = run.deadline.elapsed
    decided = plan(run, repairing=repairing, check=check, new=new)
    for action in decided.plan.impossible:
        run.progress.info(f"{action}: not possible, {action.reason}")
    reading = run.deadline.elapsed - start
    for diff in decided.complete:
        run.journal.verified[diff.name] = Entry(diff.status, reading)
    unfinished = {action.table for action in decided.changes}

    def exists(name: str) -> None:
        if name not in unfinished:
            run.finished(name)

    def changed(name: str) -> None:
        if name not in run.journal.created:
            run.journal.verified[name] = Entry("ACTIVE", run.deadline.elapsed - start)
        run.finished(name)

    for diff in decided.complete:
        run.finished(diff.name)
    creator = Creator(run, exists, proven=new)
    creator.create([run.tables[action.table] for action in decided.creations])
    updater = Updater(run, changed, creator.seen)
    try:
        updater.apply(decided.changes)
    finally:
        run.journal.sort()
    touched = {action.table for action in decided.actions}
    _confirm(run, [table for table in run.tables if table.name in touched], updater.seen)


def plan(
    run: Run, *, repairing: bool = False, check: Check | None = None, new: bool = False
) -> SetupPlan:
    """Read every table and return what a setup does; change nothing.

    Raises OsemError for drift that stops a setup before any change. A dry run ends here, so that
    it stops where the real run does. In a ``new`` database there is nothing to read.
    """
    nothing: dict[str, LiveTable | None] = dict.fromkeys(run.tables.names)
    comparison = (
        compare_all(run.tables, nothing, run.store.engine) if new else inspect_when_stable(run)
    )
    decided = setup_plan(comparison, repairing=repairing)
    if check:
        check(decided)
    run.journal.undeclared.extend(decided.undeclared)
    if decided.blocking:
        _stop_on_drift(run, decided, Remedies(comparison, protected=run.target.protected))
    return decided


def _stop_on_drift(run: Run, decided: SetupPlan, remedies: Remedies) -> None:
    """Record every table that is complete, and raise the error for those that stop the setup."""
    for diff in decided.complete:
        run.journal.verified[diff.name] = Entry(diff.status)
    for diff in decided.blocking:
        issues = [fact.issue_type.value for fact in diff.issues]
        error = _drift_error(run, [diff], remedies)
        run.journal.fail(diff.name, error, issues)
    raise _drift_error(run, decided.blocking, remedies)


def _drift_error(run: Run, blocking: Sequence[TableDiff], remedies: Remedies) -> OsemError:
    found = remedies.of_stopped_setup(blocking, local=run.target.local)
    text = "; ".join(remedy_text(remedy, run.target) for remedy in found)
    return difference_error(blocking, run.target, remediation=text)


def _confirm(run: Run, touched: list[Table], seen: Mapping[str, LiveTable]) -> None:
    """Compare all touched tables again; raise OsemError if one does not match its declaration.

    ``seen`` are tables as a reading showed them after the last step on them. The others are read,
    and those where that reading is not enough. Tags and point-in-time recovery are skipped: the
    calls that set them succeeded, AWS shows them late, and reading them is limited to ten tables
    a second.
    """
    late: dict[str, Any] = dict.fromkeys(("tags", RECOVERY, RECOVERY_PERIOD))
    declared = [replace(table, check=False, **late) for table in touched]
    left = [table for table in declared if not _matches(table, seen.get(table.name))]

    def differing() -> list[TableDiff]:
        nonlocal left
        step = run.begin(Step("verifying", len(declared)))
        found = read_tables(run, left, step)
        step.advance(len(declared) - len(left))
        diffs = [compare(table, found[table.name]) for table in left]
        wrong = [d for d in diffs if any(f.issue_type not in UNDECLARED for f in d.issues)]
        names = {diff.name for diff in wrong}
        left = [table for table in left if table.name in names]
        return wrong

    window = run.deadline.within(policy.current().visibility)
    if wrong := poll(differing, lambda found: not found, window):
        raise difference_error(wrong, run.target)


def _matches(table: Table, live: LiveTable | None) -> bool:
    # A table that was described only lacks what other calls tell: it is read again then.
    return live is not None and not compare(table, live).issues
