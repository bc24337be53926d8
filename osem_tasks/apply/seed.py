"""Check the tables that a seed is written to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.config import guards
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.progress import Step
from osem_tasks.waiting.wait import retry

if TYPE_CHECKING:
    from collections.abc import Collection

    from osem_tasks.apply.run import Run
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table


def check_tables(run: Run, names: Collection[str], *, replacing: bool) -> None:
    """Check that the tables exist, are ready, have their declared keys and may be written to.

    Raises OsemError for the first rule that a table breaks.
    """
    tables = [table for table in run.tables if table.name in names]
    step = run.begin(Step("reading", len(tables)))

    def read() -> dict[str, LiveTable | None]:
        step.restart()
        return run.store.describe_all(tables)

    found = retry(read, run.deadline, run.say)
    _check_existing(run, [name for name, live in found.items() if live is None])
    guards.check_tables_account(run.target, found.values())
    live_tables = [live for live in found.values() if live]
    proven = all(live.emulator for live in live_tables)
    guards.check_seed(run.target, replacing=replacing, proven=proven)
    for table in tables:
        live = found[table.name]
        if live:
            _check_table(run, table, live)


def _check_existing(run: Run, missing: list[str]) -> None:
    if missing:
        verb = "does" if len(missing) == 1 else "do"
        raise OsemError(
            f"{', '.join(missing)} {verb} not exist; nothing was written.",
            code=ErrorCode.TABLE_NOT_FOUND,
            remediation=run.target.command("db.setup"),
            table=missing[0] if len(missing) == 1 else None,
        )


def _check_table(run: Run, table: Table, live: LiveTable) -> None:
    # An index that is being built does not stop writes.
    if live.status not in ("ACTIVE", "UPDATING"):
        raise OsemError(
            f"{table.name} is {live.status}; nothing was written.",
            code=ErrorCode.SCHEMA_VALIDATION_FAILED,
            remediation=run.target.command("db.setup"),
            table=table.name,
        )
    if live.table.key != table.key:
        raise OsemError(
            f"{table.name} has the key {live.table.key}, and {table.key} is declared; nothing was "
            "written.",
            code=ErrorCode.SCHEMA_VALIDATION_FAILED,
            remediation=run.target.command("db.verify"),
            table=table.name,
        )
