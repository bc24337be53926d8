"""``db.load``: write the items of a dump, or of AWS's export, into tables. Deletes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError
from osem_tasks.output.data import load_outcome, load_plan, loaded_line
from osem_tasks.tasks.command import command
from osem_tasks.tasks.connect import open_target
from osem_tasks.tasks.data_options import rate_of, read_tables
from osem_tasks.tasks.narrow import narrowed
from osem_tasks.tasks.options import DATA_OPTIONS, RATE, TABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.data.layout import Export
    from osem_tasks.data.load import Loaded, Options
    from osem_tasks.data.transform import Transform
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.tasks.job import Job


@command(
    DATA_OPTIONS,
    texts={
        "input": "The folder of the dump: of db.dump, or of AWS's export, synced from S3.",
        "table": TABLE,
        "transform": "module:function that maps an item to one, several (a list) or None.",
        "rate": RATE,
        "checksum": "Read all items again after the load, and compare them.",
    },
    repeatable=["table"],
)
def load(
    job: Job,
    *,
    input: str | None = None,  # noqa: A002  the option is --input
    table: Sequence[str] | None = None,
    transform: str | None = None,
    rate: str | None = None,
    checksum: bool = False,
) -> Outcome:
    """Write the items of a dump into the environment's tables. Deletes nothing.

    A dump goes into the table of the same name in the model, whichever environment it is of; one
    dump and one --table go together. Items of the same key are replaced. An interrupted load is
    continued by the same command. Protected environments need an empty table and --force.

    Example: inv db.load --input dumps/dev --table Teams
    """
    from osem_tasks.data import exports
    from osem_tasks.data.load import Options
    from osem_tasks.data.targets import pairs_of

    folder = _folder(input)
    options = Options(
        rate=rate_of(rate),
        transform=transform_of(job, transform),
        named=transform or "",
        checksum=checksum,
    )
    everything = open_target(job)
    found = [exports.read(path) for path in exports.find(folder)]
    only = narrowed(everything, table).tables.names if table else ()
    environments = job.settings.environments.values()
    pairs, older = pairs_of(everything, found, only, environments)
    for export in older:
        job.console.info(
            f"Passed over, because a later dump of {export.table} is there: {export.folder}"
        )
    run = narrowed(everything, [name for _, name in pairs])
    live = read_tables(run)
    if job.dry:
        return load_plan(pairs)
    return _load(job, run, [(export, live[name]) for export, name in pairs], options)


def transform_of(job: Job, named: str | None) -> Transform | None:
    """Return the function of a project that maps items. Raises ConfigurationError."""
    if named is None:
        return None
    from osem_tasks.data import transform

    return transform.load(named, job.settings.sources.default)


def _folder(given: str | None) -> Path:
    if given is None:
        raise ConfigurationError(
            ["--input must name the folder of the dump"],
            remediation="inv db.load --input dumps/dev",
        )
    return Path(given)


def _load(
    job: Job, run: Run, pairs: Sequence[tuple[Export, LiveTable]], options: Options
) -> Outcome:
    from osem_tasks.aws.items import ItemStore
    from osem_tasks.data import exports
    from osem_tasks.data.load import load_export

    store = ItemStore(run.store.connection)
    done: list[Loaded] = []
    begun: list[str] = []
    names = [live.table.name for _, live in pairs]
    job.partial_outcome = lambda error: load_outcome(names, done, len(begun), error)
    with job.console.working("loading"):
        _check_protected(job, run, [live for _, live in pairs])
        for export, _ in pairs:
            exports.check(export)
        for export, live in pairs:
            begun.append(live.table.name)
            done.append(load_export(run, store, export, live, options))
            job.console.row(loaded_line(names, done[-1]))
    return load_outcome(names, done, len(begun), None)


def _check_protected(job: Job, run: Run, tables: Sequence[LiveTable]) -> None:
    """Raise OsemError (PROTECTED_ENVIRONMENT) unless --force is given and the tables are empty."""
    if not run.target.protected:
        return
    name = run.target.environment.name
    full = [live.table.name for live in tables if not run.store.is_empty(live.table.name)]
    if full or not job.options["force"]:
        why = f"{', '.join(full)} has items" if full else "--force is needed"
        raise OsemError(
            f"Environment '{name}' is protected: items are loaded into empty tables only, and "
            f"with --force. Here, {why}.",
            code=ErrorCode.PROTECTED_ENVIRONMENT,
            remediation="Load into another environment: --env NAME"
            if full
            else run.target.command("db.load", "--force", "--input", "DIR"),
        )
