"""The ``db`` tasks that delete: the only ones that import ``aws.demolition``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks import guards, report
from osem_tasks.errors import ConfigurationError
from osem_tasks.tasks.boundary import Job, command
from osem_tasks.tasks.confirm import YES, confirm
from osem_tasks.tasks.database import COMMON, Database, open_database
from osem_tasks.tasks.db import DRY_RUN, run_setup

if TYPE_CHECKING:
    from osem_tasks.report import Outcome
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table


@command(COMMON, texts={"dry_run": DRY_RUN, "yes": YES})
def reset(job: Job, dry_run: bool = False, yes: bool = False) -> Outcome:
    """Delete the environment's tables and set them up again, empty.

    Asks on AWS, where it needs --yes without a terminal; never runs on 'prod'.

    Example: inv db.reset
    """
    database = open_database(job, destructive=True)
    existing = _existing(job, database, list(database.tables))
    if dry_run or job.dry:
        return report.deletion_plan(existing, "and set up again")
    _confirm(job, database, existing, yes=yes)
    deleted: list[str] = []
    job.account = lambda error: report.deletion_outcome(deleted, error)
    with job.console.working("resetting"):
        _delete(job, database, existing, deleted)
        return run_setup(job, database)


@command(
    COMMON,
    texts={
        "table": "Delete this one only: its full name, or its name in the model.",
        "dry_run": DRY_RUN,
        "yes": YES,
    },
)
def delete(job: Job, table: str = "", dry_run: bool = False, yes: bool = False) -> Outcome:
    """Delete the environment's tables, or one of them.

    Asks on AWS, where it needs --yes without a terminal; never runs on 'prod'.

    Example: inv db.delete --table Users
    """
    database = open_database(job, destructive=True)
    existing = _existing(job, database, _chosen(database, table))
    if dry_run or job.dry:
        return report.deletion_plan(existing, "")
    _confirm(job, database, existing, yes=yes)
    deleted: list[str] = []
    job.account = lambda error: report.deletion_outcome(deleted, error)
    with job.console.working("deleting"):
        _delete(job, database, existing, deleted)
    return report.deletion_outcome(deleted, None)


def _chosen(database: Database, table: str) -> list[Table]:
    if not table:
        return list(database.tables)
    for each in database.tables:
        if table in (each.name, each.name.removeprefix(database.target.prefix)):
            return [each]
    known = ", ".join(database.tables.names)
    raise ConfigurationError(
        [f"--table {table} is not a table of this environment; they are {known}"],
        remediation="inv db.list   shows the environment's tables",
    )


def _existing(job: Job, database: Database, tables: list[Table]) -> dict[str, LiveTable]:
    with job.console.working("reading"):
        found = database.store.read_all(tables)
    existing = {each.name: live for each in tables if (live := found[each.name])}
    guards.check_deletable([n for n, live in existing.items() if live.table.deletion_protection])
    return existing


def _confirm(job: Job, database: Database, existing: dict[str, LiveTable], *, yes: bool) -> None:
    if existing:
        what = f"delete {report.deletion_summary(existing)}"
        confirm(job, database.target, what, report.deletion_plan(existing, "").lines, yes=yes)


def _delete(
    job: Job, database: Database, existing: dict[str, LiveTable], deleted: list[str]
) -> None:
    from osem_tasks.aws.demolition import Demolition

    tables = [each for each in database.tables if each.name in existing]
    demolition = Demolition(database.connection, database.store, database.deadline, job.console.say)
    demolition.delete(tables, deleted)
