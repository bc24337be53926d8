"""The ``db`` tasks that delete: the only ones that import ``aws.demolition``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks import report
from osem_tasks.errors import ConfigurationError, OsemError
from osem_tasks.report import Line, Mark, Outcome
from osem_tasks.tasks.boundary import Job, command, interrupted
from osem_tasks.tasks.database import COMMON, Database, open_database
from osem_tasks.tasks.db import DRY_RUN, run_setup

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table


@command(COMMON, texts={"dry_run": DRY_RUN})
def reset(job: Job, dry_run: bool = False) -> Outcome:
    """Delete the environment's tables and set them up again, empty.

    Example: inv db.reset
    """
    database = open_database(job)
    with job.console.working("resetting"):
        existing = _existing(database, list(database.tables))
        if dry_run or job.dry:
            return _would_delete(existing, "and set up again")
        deleted: list[str] = []
        error = _delete(job, database, existing, deleted)
        if error:
            return _outcome(deleted, error)
        for name in deleted:
            job.console.detail(f"{name} deleted")
        outcome = run_setup(job, database)
    return Outcome(
        data={"tablesDeleted": deleted, **outcome.data},
        lines=outcome.lines,
        summary=outcome.summary,
        error=outcome.error,
        changed=outcome.changed or bool(deleted),
    )


@command(
    COMMON,
    texts={
        "table": "Delete this one only: its full name, or its name in the model. Repeatable.",
        "dry_run": DRY_RUN,
    },
)
def delete(job: Job, table: str = "", dry_run: bool = False) -> Outcome:
    """Delete the environment's tables, or one of them.

    Example: inv db.delete --table Users
    """
    database = open_database(job)
    with job.console.working("deleting"):
        existing = _existing(database, _chosen(database, table))
        if dry_run or job.dry:
            return _would_delete(existing, "")
        deleted: list[str] = []
        error = _delete(job, database, existing, deleted)
    return _outcome(deleted, error)


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


def _existing(database: Database, tables: list[Table]) -> list[Table]:
    found = database.store.read_all(tables)
    return [each for each in tables if found[each.name] is not None]


def _delete(
    job: Job, database: Database, tables: list[Table], deleted: list[str]
) -> OsemError | None:
    """Delete, filling ``deleted``; the failure or interrupt that ended it, if any."""
    from osem_tasks.aws import demolition

    try:
        demolition.Demolition(
            database.client, database.store, database.target, database.deadline, job.console.say
        ).delete(tables, deleted)
    except OsemError as error:
        return error
    except KeyboardInterrupt:
        return interrupted()
    return None


def _would_delete(tables: list[Table], then: str) -> Outcome:
    what = f"{report.counted(len(tables), 'table')} would be deleted {then}".rstrip()
    return Outcome(
        data={
            "actions": [
                {
                    "tableName": each.name,
                    "action": "delete_table",
                    "target": "the table and its items",
                    "risk": "deletes data",
                    "reason": "asked for",
                }
                for each in tables
            ]
        },
        lines=[Line(Mark.PLAIN, f"- {each.name}") for each in tables],
        summary=Line(Mark.INFO, f"{what}; nothing was changed"),
    )


def _outcome(deleted: list[str], error: OsemError | None) -> Outcome:
    return Outcome(
        data={"tablesDeleted": deleted},
        lines=[Line(Mark.DONE, f"{name}  deleted") for name in deleted],
        summary=Line(
            Mark.FAILED if error else Mark.DONE, f"{report.counted(len(deleted), 'table')} deleted"
        ),
        error=error,
        changed=bool(deleted),
    )
