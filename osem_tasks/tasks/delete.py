"""The ``db`` tasks that delete: the only ones that import ``aws.delete``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.config import guards
from osem_tasks.errors import ConfigurationError
from osem_tasks.output.tables import deletion_outcome, deletion_plan, deletion_summary
from osem_tasks.tasks.command import command
from osem_tasks.tasks.confirm import confirm
from osem_tasks.tasks.connect import open_target
from osem_tasks.tasks.db import set_up
from osem_tasks.tasks.options import DRY_RUN, TARGET_OPTIONS, YES

if TYPE_CHECKING:
    from osem_tasks.apply.run import Run
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table
    from osem_tasks.tasks.job import Job


@command(TARGET_OPTIONS, texts={"dry_run": DRY_RUN, "yes": YES})
def reset(job: Job, dry_run: bool = False, yes: bool = False) -> Outcome:
    """Delete the environment's tables and set them up again, empty.

    On AWS, asks for confirmation (--yes skips it, and is required without a terminal).
    Never runs on prod.

    Example: inv db.reset
    """
    run = open_target(job, destructive=True)
    existing = _existing(job, run, list(run.tables))
    if dry_run or job.dry:
        return deletion_plan(existing, "and set up again")
    _confirm(job, run, existing, yes=yes)
    with job.console.working("resetting"):
        _delete(job, run, existing)
        return set_up(job, run)


@command(
    TARGET_OPTIONS,
    texts={
        "table": "Delete this one only: its full name, or its name in the model.",
        "dry_run": DRY_RUN,
        "yes": YES,
    },
)
def delete(job: Job, table: str = "", dry_run: bool = False, yes: bool = False) -> Outcome:
    """Delete the environment's tables, or one of them.

    On AWS, asks for confirmation (--yes skips it, and is required without a terminal).
    Never runs on prod.

    Example: inv db.delete --table Users
    """
    run = open_target(job, destructive=True)
    existing = _existing(job, run, _chosen(run, table))
    if dry_run or job.dry:
        return deletion_plan(existing, "")
    _confirm(job, run, existing, yes=yes)
    with job.console.working("deleting"):
        _delete(job, run, existing)
    return deletion_outcome(run.journal.deleted, None)


def _chosen(run: Run, name: str) -> list[Table]:
    if not name:
        return list(run.tables)
    for table in run.tables:
        if name in (table.name, table.name.removeprefix(run.target.prefix)):
            return [table]
    known = ", ".join(run.tables.names)
    raise ConfigurationError(
        [f"--table {name} is not a table of this environment; they are {known}"],
        remediation=f"{run.target.command('db.list')}   shows the environment's tables",
    )


def _existing(job: Job, run: Run, tables: list[Table]) -> dict[str, LiveTable]:
    with job.console.working("reading"):
        found = run.store.read_all(tables)
    existing = {table.name: live for table in tables if (live := found[table.name])}
    guards.check_deletable([n for n, live in existing.items() if live.table.deletion_protection])
    return existing


def _confirm(job: Job, run: Run, existing: dict[str, LiveTable], *, yes: bool) -> None:
    if existing:
        what = f"delete {deletion_summary(existing)}"
        confirm(job, run.target, what, deletion_plan(existing, "").lines, yes=yes)


def _delete(job: Job, run: Run, existing: dict[str, LiveTable]) -> None:
    from osem_tasks.aws.delete import TableDeleter

    deleted = run.journal.deleted
    job.partial_outcome = lambda error: deletion_outcome(deleted, error)
    tables = [table for table in run.tables if table.name in existing]
    TableDeleter(run.store, run.deadline, run.say).delete(tables, deleted)
