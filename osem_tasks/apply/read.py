"""Reads the live tables and compares them with the declared ones. Changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.config import guards
from osem_tasks.config.states import NOT_ACTIVE, stuck_error
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.compare import compare_all
from osem_tasks.waiting.progress import Step, a_few
from osem_tasks.waiting.wait import retry, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.config.target import Target
    from osem_tasks.schema.difference import Comparison, TableDiff
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table

    Found = dict[str, LiveTable | None]


def inspect(run: Run) -> Comparison:
    """Compare every declared table with the live table as it is now."""
    found = read_tables(run, run.tables, _reading(run))
    return compare_all(run.tables, found, run.store.engine)


def inspect_when_stable(run: Run) -> Comparison:
    """Compare like ``inspect``, after waiting for tables that something else is changing.

    A table that is being deleted counts as missing once it is gone. Raises OsemError
    (TIMEOUT) for a table that does not become stable, and at once for a state that never ends.
    """
    found = read_tables(run, run.tables, _reading(run))
    _check_states(run, found)
    moving = _moving(run.tables, found)
    step = Step("waiting for", len(moving), waits=True)
    if moving:
        run.begin(step)

    def stable() -> Found | None:
        nonlocal moving
        if not moving:
            return found
        few = a_few([table.name for table in moving])
        run.say(f"{few}: {_states(found)}" if few else _states(found))
        found.update(_read_again(run, moving))
        _check_states(run, found)
        moving = _moving(moving, found)
        step.done = step.total - len(moving)
        return None if moving else found

    settled = wait_until(stable, run.deadline, lambda: _names(moving))
    return compare_all(run.tables, settled, run.store.engine)


def _check_states(run: Run, found: Found) -> None:
    """Raise OsemError for tables in a state that does not end, and record them as failed."""
    stuck = [live for live in found.values() if live and live.stuck]
    for live in stuck:
        run.journal.fail(live.table.name, stuck_error(run.target, [live]), [NOT_ACTIVE])
    if stuck:
        raise stuck_error(run.target, stuck)


def _reading(run: Run) -> Step:
    return run.begin(Step("reading", len(run.tables)))


def read_tables(run: Run, tables: Iterable[Table], step: Step | None = None) -> Found:
    """Return every declared fact of the live tables, by name; wait while throttled.

    ``step`` counts the tables that are read.
    Raises OsemError (AWS_ACCOUNT_MISMATCH) for a table in another account than the pinned one.
    """
    declared = list(tables)

    def read() -> Found:
        if step is not None:
            step.restart()
        return run.store.read_all(declared, step)

    found = retry(read, run.deadline, run.say)
    guards.check_tables_account(run.target, found.values())
    return {**found, **_looked_at(run, declared, found)}


def _looked_at(run: Run, declared: Iterable[Table], found: Found) -> Found:
    """Return, with ``items=1``, the nonempty tables whose items could expire if TTL were on.

    DynamoDB's item count is up to six hours old, so tables with a count of 0 are scanned.
    """
    return {
        table.name: replace(live, items=1)
        for table in declared
        if (live := found[table.name])
        and _could_expire(table, live)
        and not _is_empty(run, table.name)
    }


def _is_empty(run: Run, name: str) -> bool:
    return retry(lambda: run.store.is_empty(name), run.deadline, run.say)


def _could_expire(table: Table, live: LiveTable) -> bool:
    wanted = table.ttl is not None and table.ttl.attribute is not None
    wanted = wanted and "ttl" not in table.ignored
    off = wanted and live.table.ttl != table.ttl and "ttl" not in live.unreadable
    return off and live.items == 0 and live.ready


def _read_again(run: Run, moving: Sequence[Table]) -> Found:
    """Return the state of the ``moving`` tables, and every fact of those that became stable."""
    found = retry(lambda: run.store.describe_all(moving), run.deadline, run.say)
    ready = [table for table in moving if (live := found[table.name]) and live.ready]
    return {**found, **read_tables(run, ready)}


def _moving(tables: Iterable[Table], found: Found) -> list[Table]:
    return [table for table in tables if (live := found[table.name]) and not live.ready]


def _names(tables: Sequence[Table]) -> str:
    return ", ".join(table.name for table in tables)


def _states(found: Found) -> str:
    return ", ".join(sorted({state for live in found.values() if live for state in live.unready}))


def difference_error(
    differing: Sequence[TableDiff],
    target: Target,
    remedy: str = "db.verify",
    *,
    remediation: str = "",
) -> OsemError:
    """Return the error for tables that differ from the model, with their issues.

    ``remedy`` is the task that lists the differences; a ``remediation`` replaces it.
    """
    from osem_tasks.plan.remedies import LISTS

    count = sum(len(diff.issues) for diff in differing)
    names = ", ".join(diff.name for diff in differing)
    verb = "differs" if len(differing) == 1 else "differ"
    task, *options = remedy.split()
    return OsemError(
        f"{names} {verb} from the model in {count} {'fact' if count == 1 else 'facts'}.",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=remediation or f"{target.command(task, *options)}{LISTS}",
        table=differing[0].name if len(differing) == 1 else None,
        details={
            "issues": [
                {"tableName": diff.name, "type": fact.issue_type.value, "path": fact.path}
                for diff in differing
                for fact in diff.issues
            ]
        },
    )
