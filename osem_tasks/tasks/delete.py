"""The ``db`` tasks that delete, the only ones that import ``aws.delete``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.config import guards
from osem_tasks.config.ownership import Claim
from osem_tasks.errors import ConfigurationError
from osem_tasks.output.tables import deletion_outcome, deletion_plan, deletion_summary
from osem_tasks.tasks.command import command
from osem_tasks.tasks.confirm import confirm
from osem_tasks.tasks.connect import open_target
from osem_tasks.tasks.db import set_up
from osem_tasks.tasks.options import DRY_RUN, TARGET_OPTIONS, YES
from osem_tasks.waiting.wait import retry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.config.target import Target
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
    existing, target = _existing(job, run, list(run.tables))
    if dry_run or job.dry:
        return deletion_plan(existing, "and set up again")
    _confirm(job, target, existing, yes=yes)
    with job.console.working("resetting"):
        _delete(job, run, existing)
        return set_up(job, run)


@command(
    TARGET_OPTIONS,
    texts={
        "table": "Delete this one only: its full name, or its name in the model. Repeatable.",
        "dry_run": DRY_RUN,
        "yes": YES,
    },
    repeatable=["table"],
)
def delete(
    job: Job, table: Sequence[str] | None = None, dry_run: bool = False, yes: bool = False
) -> Outcome:
    """Delete the environment's tables, or some of them.

    On AWS, asks for confirmation (--yes skips it, and is required without a terminal).
    Never runs on prod.

    Example: inv db.delete --table Users
    """
    run = open_target(job, destructive=True)
    existing, target = _existing(job, run, _chosen(run, table))
    if dry_run or job.dry:
        return deletion_plan(existing, "")
    _confirm(job, target, existing, yes=yes)
    with job.console.working("deleting"):
        _delete(job, run, existing)
    return deletion_outcome(run.journal.deleted, None)


def _chosen(run: Run, names: Sequence[str] | None) -> list[Table]:
    """Return the tables with these names, or all tables. Raises ConfigurationError."""
    if not names:
        return list(run.tables)
    prefix = run.target.prefix
    known = {name: table for table in run.tables for name in _names(table, prefix)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(
            [
                f"--table {name} is not a table of this environment; they are "
                f"{', '.join(run.tables.names)}"
                for name in unknown
            ],
            remediation=f"{run.target.command('db.list')}   shows the environment's tables",
        )
    chosen = {known[name].name for name in names}
    return [table for table in run.tables if table.name in chosen]


def _names(table: Table, prefix: str) -> tuple[str, str]:
    """Return the names of a table; the full name comes last, so that it wins over a short one."""
    return table.name.removeprefix(prefix), table.name


def _existing(job: Job, run: Run, tables: list[Table]) -> tuple[dict[str, LiveTable], Target]:
    """Return the existing tables by name, after all rules have allowed their deletion.

    Also returns the target whose rules apply to the confirmation. Raises OsemError.
    """
    with job.console.working("reading"):
        found = retry(lambda: run.store.read_owners(tables), run.deadline, run.say)
    existing = {table.name: live for table in tables if (live := found[table.name])}
    target = guards.check_deletion(_claims(job, run, existing)) or run.target
    if run.target.local and not target.local:
        job.console.warn(
            f"The server at {target.endpoint} does not prove to be a local engine: the rules "
            f"of environment '{target.environment.name}' hold."
        )
    guards.check_deletable(
        [name for name in _protected(existing) if not (target.local and existing[name].emulator)]
    )
    return existing, target


def _protected(existing: dict[str, LiveTable]) -> list[str]:
    """Return the tables with deletion protection; on a proven local engine, deletion lifts it."""
    return [name for name, live in existing.items() if live.table.deletion_protection]


def _claims(job: Job, run: Run, existing: dict[str, LiveTable]) -> list[Claim]:
    entities = tuple(name[len(run.target.prefix) :] for name in run.tables.names)
    return [
        Claim(
            target=run.target,
            declared=run.tables[name],
            live=live,
            environments=job.settings.environments,
            entities=entities,
        )
        for name, live in existing.items()
    ]


def _confirm(job: Job, target: Target, existing: dict[str, LiveTable], *, yes: bool) -> None:
    if existing:
        what = f"delete {deletion_summary(existing)}"
        confirm(job, target, what, deletion_plan(existing, "").lines, yes=yes)


def _delete(job: Job, run: Run, existing: dict[str, LiveTable]) -> None:
    from osem_tasks.aws.delete import TableDeleter

    deleted = run.journal.deleted
    job.partial_outcome = lambda error: deletion_outcome(deleted, error)
    tables = [table for table in run.tables if table.name in existing]
    identities = {name: live.identity for name, live in existing.items()}
    TableDeleter(run.store, run.deadline, run.say).delete(
        tables, deleted, identities, _protected(existing)
    )
