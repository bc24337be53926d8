"""The ``db`` tasks that delete, the only ones that import ``aws.delete``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osem_tasks.config import guards
from osem_tasks.tasks.backups import back_up_first, planned_backups
from osem_tasks.tasks.command import command
from osem_tasks.tasks.confirm import confirm
from osem_tasks.tasks.connect import open_target
from osem_tasks.tasks.narrow import narrowed
from osem_tasks.tasks.options import BACKUP, DRY_RUN, TABLE, TARGET_OPTIONS, YES
from osem_tasks.tasks.setup import set_up, setup_again
from osem_tasks.waiting.progress import Step
from osem_tasks.waiting.wait import retry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.config.ownership import Claim
    from osem_tasks.config.target import Target
    from osem_tasks.errors import OsemError
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.tasks.job import Job


@command(
    TARGET_OPTIONS,
    texts={"table": TABLE, "dry_run": DRY_RUN, "yes": YES, "backup": BACKUP},
    repeatable=["table"],
)
def reset(
    job: Job,
    table: Sequence[str] | None = None,
    dry_run: bool = False,
    yes: bool = False,
    backup: bool = True,
) -> Outcome:
    """Delete the environment's tables, or some of them, and set them up again, empty.

    On AWS, asks for confirmation (--yes skips it, and is required without a terminal), and
    makes a backup of every table with items first. Never runs on prod.

    Example: inv db.reset
    """
    from osem_tasks.output.backups import with_planned_backups
    from osem_tasks.output.tables import deletion_plan, reset_plan

    everything = open_target(job, destructive=True)
    run = narrowed(everything, table)
    existing, target = _existing(job, everything, run)
    backups = planned_backups(job, run, target, existing, backup=backup)
    if dry_run or job.dry:
        plan = deletion_plan(existing, "and set up again", backups)
        return with_planned_backups(reset_plan(plan, setup_again(run)), backups or ())
    _confirm(job, target, existing, backups, yes=yes)
    with job.console.working("resetting"):
        deletion = _Deletion(job, run, existing, backups or (), "db.reset")
        deletion.run_to_the_end(rows=False)
        return set_up(job, run)


@command(
    TARGET_OPTIONS,
    texts={
        "table": TABLE,
        "dry_run": DRY_RUN,
        "yes": YES,
        "backup": BACKUP,
    },
    repeatable=["table"],
)
def delete(
    job: Job,
    table: Sequence[str] | None = None,
    dry_run: bool = False,
    yes: bool = False,
    backup: bool = True,
) -> Outcome:
    """Delete the environment's tables, or some of them.

    On AWS, asks for confirmation (--yes skips it, and is required without a terminal), and
    makes a backup of every table with items first. Never runs on prod.

    Example: inv db.delete --table Users
    """
    from osem_tasks.output.backups import with_planned_backups
    from osem_tasks.output.tables import deletion_plan

    everything = open_target(job, destructive=True)
    run = narrowed(everything, table)
    existing, target = _existing(job, everything, run)
    backups = planned_backups(job, run, target, existing, backup=backup)
    if dry_run or job.dry:
        return with_planned_backups(deletion_plan(existing, "", backups), backups or ())
    _confirm(job, target, existing, backups, yes=yes)
    with job.console.working("deleting"):
        deletion = _Deletion(job, run, existing, backups or (), "db.delete")
        return deletion.run_to_the_end(rows=True)


def _existing(job: Job, everything: Run, run: Run) -> tuple[dict[str, LiveTable], Target]:
    """Return the existing tables of ``run`` by name, after all rules have allowed their deletion.

    ``everything`` has all tables of the environment. Also returns the target whose rules apply to
    the confirmation. Raises OsemError.
    """
    tables = list(run.tables)
    with job.console.working("reading"):
        step = run.begin(Step("reading", len(tables)))

        def read() -> dict[str, LiveTable | None]:
            step.restart()
            return run.store.read_owners(tables, step)

        found = retry(read, run.deadline, run.say)
    existing = {table.name: live for table in tables if (live := found[table.name])}
    target = guards.check_deletion(_claims(job, everything, existing)) or run.target
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
    from osem_tasks.config.ownership import Claim

    naming = run.target.naming
    entities = tuple(naming.declared(name) or name for name in run.tables.names)
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


def _confirm(
    job: Job,
    target: Target,
    existing: dict[str, LiveTable],
    backups: Sequence[str] | None,
    *,
    yes: bool,
) -> None:
    from osem_tasks.output.outcome import counted
    from osem_tasks.output.tables import deletion_plan, deletion_summary

    if existing:
        what = f"delete {deletion_summary(existing)}"
        if backups:
            what = f"back up {counted(len(backups), 'table')}, then {what}"
        confirm(job, target, what, deletion_plan(existing, "", backups).lines, yes=yes)


@dataclass(slots=True)
class _Deletion:
    """The deletion of the ``existing`` tables of ``run``, those in ``backups`` after a backup."""

    job: Job
    run: Run
    existing: dict[str, LiveTable]
    backups: Sequence[str]
    task: str
    gone: set[str] = field(default_factory=set)

    @property
    def names(self) -> list[str]:
        """The tables to delete, in the model's order."""
        return [name for name in self.run.tables.names if name in self.existing]

    def run_to_the_end(self, *, rows: bool) -> Outcome:
        """Back up and delete, and print a row for each table that is gone if ``rows``."""
        from osem_tasks.aws.delete import TableDeleter
        from osem_tasks.output.tables import deleted_line

        def is_gone(name: str) -> None:
            self.gone.add(name)
            if rows:
                self.job.console.row(deleted_line(self.names, name))

        self.job.partial_outcome = self.outcome
        without = self.run.target.command(self.task, "--no-backup")
        back_up_first(self.job, self.run, self.backups, without, restored=self._restored)
        identities = {name: live.identity for name, live in self.existing.items()}
        tables = [table for table in self.run.tables if table.name in self.existing]
        deleter = TableDeleter(self.run.store, self.run.deadline, self.run.progress, is_gone)
        deleter.delete(tables, self.run.journal.deleted, identities, _protected(self.existing))
        return self.outcome(None)

    def outcome(self, error: OsemError | None) -> Outcome:
        """Return what was backed up and deleted so far."""
        from osem_tasks.output.backups import with_backups
        from osem_tasks.output.tables import deletion_outcome

        deleted = self.run.journal.deleted
        account = deletion_outcome(deleted, error, names=self.names, gone=self.gone)
        return with_backups(account, self.run, restored=self._restored)

    @property
    def _restored(self) -> bool:
        return self.task == "db.reset"


def replaceable(job: Job, everything: Run, run: Run) -> tuple[dict[str, LiveTable], Target]:
    """Return what ``take_away`` may delete, and whose rules hold for the confirmation.

    ``everything`` has all tables of the environment. Raises OsemError.
    """
    return _existing(job, everything, run)


def take_away(run: Run, existing: dict[str, LiveTable]) -> None:
    """Delete the ``existing`` tables, which are to be created again. Raises OsemError."""
    from osem_tasks.aws.delete import TableDeleter

    tables = [table for table in run.tables if table.name in existing]
    identities = {name: live.identity for name, live in existing.items()}
    deleter = TableDeleter(run.store, run.deadline, run.progress)
    deleter.delete(tables, run.journal.deleted, identities, _protected(existing))
