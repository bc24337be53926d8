"""``db.seed``: put items in that are not there yet. Without --replace it overwrites nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.apply.seed import check_tables
from osem_tasks.config import guards
from osem_tasks.config.settings import option
from osem_tasks.config.values import positive
from osem_tasks.data.seed_writer import Account, SeedWriter, writes_of
from osem_tasks.output.seed import seed_outcome, seed_plan
from osem_tasks.tasks.command import command
from osem_tasks.tasks.connect import declared_tables, open_target
from osem_tasks.tasks.job import NOT_STARTED
from osem_tasks.tasks.narrow import narrowed, only
from osem_tasks.tasks.options import DRY_RUN, TABLE, TARGET_OPTIONS
from osem_tasks.tasks.target import resolve_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.aws.items import Write
    from osem_tasks.config.target import Target
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.schema.model import TableSet
    from osem_tasks.tasks.job import Job


@command(
    TARGET_OPTIONS,
    texts={
        "table": TABLE,
        "scale": "How many times the organisation, or what the function makes (default 1).",
        "replace": "Overwrite items that are there; on a local engine only.",
        "dry_run": DRY_RUN,
    },
    repeatable=["table"],
)
def seed(
    job: Job,
    table: Sequence[str] | None = None,
    scale: str | None = None,
    replace: bool = False,
    dry_run: bool = False,
) -> Outcome:
    """Put the seed's items into the tables: OSEM's own, or those that osem.seed names.

    Safe to repeat: an item whose key is there stays as it is. Refused in protected environments.

    Example: inv db.setup db.seed
    """
    times = None if scale is None else option("--scale", scale, positive)
    if (dry_run or job.dry) and job.session.get(NOT_STARTED):
        target = resolve_target(job)
        job.location.update(environment=target.environment.name)
        guards.check_seed(target, replacing=replace)
        declared = target.tables_of(declared_tables(job, target.context()))
        writes = _writes(job, target, declared, only(target, declared, table), times)
        return seed_plan(Account.of(writes), len(writes), replacing=replace)

    def check(target: Target) -> None:
        guards.check_seed(target, replacing=replace)
        job.settings.seed_of(target.environment)

    everything = open_target(job, check=check)
    run = narrowed(everything, table)
    writes = _writes(job, run.target, everything.tables, run.tables, times)
    run.deadline.restart()  # making many items takes its own time
    with job.console.working("seeding"):
        check_tables(run, {write.table for write in writes}, replacing=replace)
        if dry_run or job.dry:
            account = Account.of(writes)
            missing = SeedWriter(run).missing(writes, account)
            return seed_plan(account, len(missing), replacing=replace)
        return _write(job, run, writes, replacing=replace)


def _writes(
    job: Job, target: Target, everything: TableSet, tables: TableSet, scale: int | None
) -> list[Write]:
    """Return the writes to ``tables``; the items of all tables are checked. Raises OsemError."""
    from osem_tasks.data.seed import load

    sources, folder = job.settings.seed_of(target.environment)
    declared = {target.naming.declared(table.name) or table.name: table for table in everything}
    items = load(sources, folder, declared, scale)
    chosen = {name: table for name, table in declared.items() if table.name in tables.names}
    return writes_of(items, chosen)


def _write(job: Job, run: Run, writes: Sequence[Write], *, replacing: bool) -> Outcome:
    account = Account.of(writes)
    job.partial_outcome = lambda error: seed_outcome(account, error)
    writer = SeedWriter(run)
    if replacing:
        writer.put(writes, account)
    else:
        writer.put_new(writes, account)
    return seed_outcome(account)
