"""``db.migrate``: replace a table by one with another key, and keep its items."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.config.commands import command as command_line
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError
from osem_tasks.schema import rules
from osem_tasks.tasks.backups import back_up_first
from osem_tasks.tasks.command import command
from osem_tasks.tasks.confirm import can_ask, confirm
from osem_tasks.tasks.connect import open_target
from osem_tasks.tasks.data_options import rate_of
from osem_tasks.tasks.delete import replaceable, take_away
from osem_tasks.tasks.load import transform_of
from osem_tasks.tasks.narrow import narrowed
from osem_tasks.tasks.options import BACKUP, DATA_OPTIONS, DRY_RUN, RATE, YES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.config.target import Target
    from osem_tasks.data.migration.state import Migration
    from osem_tasks.output.outcome import Line, Outcome
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.tasks.job import Job


@command(
    DATA_OPTIONS,
    texts={
        "table": "The table: its full name, or its name in the model.",
        "transform": "module:function that maps an item to one, several (a list) or None; "
        "default: a renamed or re-typed key is followed.",
        "output": "The folder for the dump; default: dumps/migrate-ENV.",
        "to": "Fill this second table beside the old one, which stays; so in protected "
        "environments.",
        "rate": RATE,
        "backup": BACKUP,
        "dry_run": DRY_RUN,
        "yes": YES,
    },
    repeatable=["table"],
)
def migrate(
    job: Job,
    *,
    table: Sequence[str] | None = None,
    transform: str | None = None,
    output: str | None = None,
    to: str | None = None,
    rate: str | None = None,
    backup: bool = True,
    dry_run: bool = False,
    yes: bool = False,
) -> Outcome:
    """Replace a table whose key cannot be changed in place, and keep its items.

    Dumps the table, maps and checks every item, and only then deletes it, creates it as declared,
    loads the items and compares them. An interrupted migration is continued by the same command.
    On AWS, asks for confirmation. In a protected environment, --to NAME fills a second table.

    Example: inv db.migrate --table Teams --dry-run
    """
    name = _one(table)
    units = rate_of(rate)
    everything = open_target(job, check=lambda target: _check(target, name, to))
    run = narrowed(everything, [name])
    call = _Call(job, everything, run, backup=backup, yes=yes)
    migration = call.opened(transform, output, to or "", units)
    if dry_run or job.dry:
        return call.dry(migration)
    return call.migrated(migration)


def _one(names: Sequence[str] | None) -> str:
    if names is None or len(names) != 1:
        count = "is missing" if not names else f"names {len(names)} tables"
        raise ConfigurationError(
            [f"--table {count}: one table is migrated at a time"],
            remediation=command_line("db.migrate", "--table", "NAME", "--dry-run"),
        )
    return names[0]


def _check(target: Target, name: str, to: str | None) -> None:
    if target.protected and not to:
        naming = target.naming
        second = f"{naming.real(naming.declared(name) or name)}-v2"
        again = target.narrowed([name]).command("db.migrate", "--to", second)
        raise OsemError(
            f"Environment '{target.environment.name}' is protected: its tables are never deleted "
            "by a task.",
            code=ErrorCode.PROTECTED_ENVIRONMENT,
            remediation=f"{again}   fills a second table beside it, and says how to go on",
        )


@dataclass(slots=True)
class _Call:
    """One call of the task: ``everything`` has all tables, ``run`` the one to migrate."""

    job: Job
    everything: Run
    run: Run
    backup: bool
    yes: bool
    existing: dict[str, LiveTable] = field(default_factory=dict)
    target: Target | None = None

    def opened(
        self, transform: str | None, output: str | None, to: str, rate: int | None
    ) -> Migration:
        """Return the migration that is asked for, not yet begun. Raises OsemError."""
        from osem_tasks.data.migration.record import Records
        from osem_tasks.data.migration.state import Migration, Order

        run = self.run
        (table,) = run.tables
        declared = run.target.naming.declared(table.name) or table.name
        environment, region = run.target.environment.name, run.store.connection.region
        if to:
            self._check_second(to)
        order = Order(
            source=table.name,
            table=replace(table, name=to) if to else table,
            declared=declared,
            environment=environment,
            output=Path(output) if output else None,
            transform=transform_of(self.job, transform),
            rate=rate,
            to=to,
        )
        records = Records(
            table=table.name,
            declared=declared,
            place=[run.target.endpoint or "aws", region, self.job.account or ""],
            output=Path(output or f"dumps/migrate-{environment}"),
            to=to,
        )
        return Migration(run=run, order=order, records=records)

    def dry(self, migration: Migration) -> Outcome:
        """Return what would be done; nothing is changed, and no file written."""
        from osem_tasks.data.migration import prepare, refusals
        from osem_tasks.data.migration import run as running
        from osem_tasks.data.migration.record import Stage
        from osem_tasks.output.migrate import dry_outcome

        with self.job.console.working("reading"):
            stage = running.look(migration)
            if stage in {Stage.GONE, Stage.STRANGE}:
                raise refusals.of_stage(migration)
            if stage in {Stage.REBUILD, Stage.REFILL}:
                migration.harmed = True
                refusals.check_place(migration)
                prepare.look_into(migration)
            elif stage is not Stage.NOTHING:
                self.allow(migration, asking=False)
                prepare.rehearse(migration)
        error = None
        if migration.findings and not migration.findings.sound:
            error = refusals.unsound(migration)
        return dry_outcome(migration, backup=self.makes_backup(migration), error=error)

    def migrated(self, migration: Migration) -> Outcome:
        """Carry the migration out; the outcome is exact even after a failure or an interrupt."""
        from osem_tasks.data.migration.run import fill_second
        from osem_tasks.data.migration.run import migrate as replace_table
        from osem_tasks.data.migration.state import Hooks
        from osem_tasks.output.backups import with_backups
        from osem_tasks.output.migrate import done_lines, outcome_of

        def outcome(error: OsemError | None) -> Outcome:
            return with_backups(outcome_of(migration, error), self.run, restored=True)

        def tell(migration: Migration) -> None:
            for line in done_lines(migration):
                if line not in told:
                    told.append(line)
                    self.job.console.row(line)

        told: list[Line] = []
        migration.stepped = tell
        self.job.partial_outcome = outcome
        hooks = Hooks(
            allow=self.allow, confirm=self.confirm, back_up=self.back_up, delete=self.delete
        )
        carry_out: Callable[[Migration, Hooks], None]
        carry_out = fill_second if migration.order.to else replace_table
        with self.job.console.working("migrating"):
            carry_out(migration, hooks)
        return outcome(None)

    def allow(self, migration: Migration, *, asking: bool = True) -> None:
        """Raise OsemError unless the table may be deleted, and the user can be asked."""
        self.target = self.run.target
        if not migration.order.to:
            self.existing, self.target = replaceable(self.job, self.everything, self.run)
        if asking and not can_ask(self.job):
            self.confirm(migration)

    def confirm(self, migration: Migration) -> None:
        """Ask on AWS, and show what is planned. Raises OsemError."""
        from osem_tasks.output.migrate import plan_lines

        order = migration.order
        what = f"delete the table {order.source} and create it again with its items, a table"
        if order.to:
            what = f"create {order.to} and fill it with the items of {order.source}, a table"
        lines = plan_lines(migration, backup=self.makes_backup(migration))
        confirm(self.job, self.target or self.run.target, what, lines, yes=self.yes)
        self.run.deadline.restart()  # a user may think as long as he likes

    def makes_backup(self, migration: Migration) -> bool:
        """Return whether an on-demand backup is made before the deletion."""
        local = (self.target or self.run.target).local
        items = migration.findings.before.items if migration.findings else 1
        return self.backup and not local and not migration.order.to and bool(items)

    def back_up(self, migration: Migration) -> dict[str, str]:
        """Make a backup where there is one to make; return its facts. Raises OsemError."""
        if not self.makes_backup(migration):
            return {}
        from osem_tasks.aws.backups import restore_command, restored_name

        run, name = self.run, migration.order.source
        without = run.target.command("db.migrate", "--no-backup")
        back_up_first(self.job, run, [name], without, restored=True)
        backup, region = run.journal.backups[name], run.store.connection.region
        restore = restore_command(backup, run.target, region, restored_name(name))
        return {"arn": backup.arn, "restore": restore}

    def delete(self, migration: Migration) -> None:
        """Delete the old table, if it is the one that was allowed. Raises OsemError."""
        from osem_tasks.data.migration import refusals

        if migration.old.identity != self.existing[migration.order.source].identity:
            raise refusals.exchanged(migration)
        take_away(self.run, self.existing)

    def _check_second(self, name: str) -> None:
        """Refuse a name that a table of any environment has by its declaration."""
        settings, naming = self.job.settings, self.run.target.naming
        problems = rules.real_name_problems({name: name})
        declared = [naming.declared(real) or real for real in self.everything.tables.names]
        namings = {"": naming} | {one.name: one.naming for one in settings.environments.values()}
        owners = [
            env or self.run.target.environment.name
            for env, one in namings.items()
            if name in {one.real(entity) for entity in declared}
        ]
        if owners:
            problems.append(f"--to {name} is a declared table of environment '{owners[0]}'")
        if problems:
            raise ConfigurationError(problems, remediation="Name a table that does not exist.")
