"""``db.copy``: another environment's items, masked, into the current one. Deletes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.apply.run import Journal
from osem_tasks.config.commands import command as command_line
from osem_tasks.config.settings import option
from osem_tasks.config.values import number_of
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError
from osem_tasks.output.copy import copied_line, copy_outcome, copy_plan
from osem_tasks.schema.model import TableSet
from osem_tasks.tasks import masking
from osem_tasks.tasks.command import command
from osem_tasks.tasks.confirm import confirm
from osem_tasks.tasks.connect import open_target
from osem_tasks.tasks.data_options import rate_of, read_tables
from osem_tasks.tasks.narrow import narrowed
from osem_tasks.tasks.options import DATA_OPTIONS, DRY_RUN, RATE, TABLE
from osem_tasks.tasks.target import resolve_target
from osem_tasks.waiting import watchdog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.config.target import Target
    from osem_tasks.data.copy import Copied, Options, Pair
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.tasks.job import Job


@command(
    DATA_OPTIONS,
    texts={
        "from_": "The environment to copy from; it is only read.",
        "from_profile": "AWS profile for that environment.",
        "from_region": "AWS region of that environment.",
        "from_endpoint": "DynamoDB endpoint of that environment.",
        "table": TABLE,
        "sample": "How many items of each table to copy at most; default: all.",
        "where": "Copy only items that fit, such as \"status = 'ACTIVE' and age >= 18\".",
        "rate": RATE,
        "unmasked": "Copy items as they are, in spite of osem.mask, or of a protected environment.",
        "dry_run": DRY_RUN,
        "yes": "Skip the confirmation before items are written to AWS.",
    },
    repeatable=["table"],
)
def copy(
    job: Job,
    *,
    from_: str | None = None,
    from_profile: str | None = None,
    from_region: str | None = None,
    from_endpoint: str | None = None,
    table: Sequence[str] | None = None,
    sample: str | None = None,
    where: str | None = None,
    rate: str | None = None,
    unmasked: bool = False,
    dry_run: bool = False,
    yes: bool = False,
) -> Outcome:
    """Copy another environment's items into this one, masked by osem.mask. Deletes nothing.

    The target is the current environment, which must not be protected and have its tables
    (db.setup); an item replaces one of the same key. Repeat an interrupted copy.

    Example: inv db.copy --from dev --sample 100
    """
    given = {"profile": from_profile, "region": from_region, "endpoint": from_endpoint}
    if not from_:
        raise ConfigurationError(
            ["--from is missing: the environment to copy from"],
            remediation=command_line("db.copy", "--from", "dev"),
        )
    job.settings.named(from_, "--from")
    options = _options(rate, sample, where)
    _refuse_protected(resolve_target(job))
    everything = open_target(job)
    mine = narrowed(everything, table)
    theirs = _source(job, everything, mine, {"env": from_, "named_by": "--from", **given})
    pairs = _pairs(job, theirs, mine)
    _refuse_itself(theirs, mine, pairs)
    maskers = masking.maskers(job, theirs, mask=bool(job.masks and not unmasked), unmasked=unmasked,
                              repeatable=True)  # fmt: skip
    pairs = [replace(pair, masker=maskers.get(pair.source.table.name)) for pair in pairs]
    if dry_run or job.dry:
        return copy_plan(pairs, from_)
    _confirm(job, theirs, mine, pairs, unmasked=unmasked, yes=yes)
    return _copy(job, theirs, mine, pairs, options)


def _options(rate: str | None, sample: str | None, where: str | None) -> Options:
    """Return the checked options. Raises ConfigurationError."""
    from osem_tasks.data.copy import Options
    from osem_tasks.data.where import parse

    scan: dict[str, Any] = {}
    if where is not None:
        try:
            scan = parse(where).as_options()
        except ValueError as error:
            raise ConfigurationError(
                [f"--where {error}"],
                remediation="Write it as: --where \"status = 'ACTIVE' and age >= 18\"; see "
                "docs/masks.md",
            ) from error
    most = None if sample is None else option("--sample", sample, number_of("items"))
    return Options(rate=rate_of(rate), sample=most, scan=scan)


def _refuse_protected(target: Target) -> None:
    if target.protected:
        raise OsemError(
            f"Environment '{target.environment.name}' is protected: no items are copied into it.",
            code=ErrorCode.PROTECTED_ENVIRONMENT,
            remediation=f"{command_line('db.copy', '--from', target.environment.name)}   copies "
            "from it, into the environment of --env",
        )


def _source(job: Job, everything: Run, mine: Run, given: Mapping[str, Any]) -> Run:
    """Return the run of the environment to read, for the same tables as ``mine``."""
    location, declaration = dict(job.location), dict(job.declaration)
    job.console.info(f"From environment {given['env']}:")
    run = open_target(replace(job, options={**job.options, **given}), reading=True)
    job.location.update(location)
    job.declaration.update(declaration)
    wanted = [everything.target.naming.declared(name) or name for name in mine.tables.names]
    by_name = {run.target.naming.declared(t.name) or t.name: t for t in run.tables}
    missing = [name for name in wanted if name not in by_name]
    if missing:
        raise OsemError(
            f"Environment '{given['env']}' declares no table {', '.join(missing)}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation="Name the tables that both environments declare: --table NAME",
        )
    tables = TableSet(tuple(by_name[name] for name in wanted))
    watchdog.watch(mine.deadline)  # of the two, the one that goes on to the end
    return replace(
        run,
        tables=tables,
        target=run.target.narrowed(tables.names) if mine.target.only else run.target,
        deadline=mine.deadline,
        journal=Journal(tables.names),
    )


def _pairs(job: Job, theirs: Run, mine: Run) -> list[Pair]:
    """Return the live tables of both sides. Raises OsemError, which says whose table is missing."""
    from osem_tasks.data.copy import Pair

    with job.console.working("reading"):
        targets = read_tables(mine)
        try:
            sources = read_tables(theirs)
        except OsemError as error:
            name = theirs.target.environment.name
            raise OsemError(
                f"Environment '{name}', the source: {error.message}",
                code=error.code,
                remediation=f"{theirs.target.command('db.list')}   shows its tables; --table NAME "
                "copies only some",
                table=error.table,
                details=error.details,
            ) from error
    naming = mine.target.naming
    return [
        Pair(
            declared=naming.declared(target) or target,
            source=sources[source],
            target=targets[target],
        )
        for source, target in zip(theirs.tables.names, mine.tables.names, strict=True)
    ]


def _refuse_itself(theirs: Run, mine: Run, pairs: Sequence[Pair]) -> None:
    """Refuse to copy tables to themselves, under whatever names the environments have."""
    endpoints = [run.store.connection.dynamodb.meta.endpoint_url for run in (theirs, mine)]
    same = [
        pair.declared
        for pair in pairs
        if endpoints[0] == endpoints[1]
        and (pair.source.arn, pair.source.table.name) == (pair.target.arn, pair.target.table.name)
    ]
    if same:
        names = [run.target.environment.name for run in (theirs, mine)]
        raise OsemError(
            f"Environment '{names[0]}', the source, and '{names[1]}', the target, are the same "
            f"tables: {', '.join(same)}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation="Name another environment: --from ENV to read, --env ENV to write; unset "
            "OSEM_DB_PREFIX if it is set.",
        )


def _confirm(
    job: Job, theirs: Run, mine: Run, pairs: Sequence[Pair], *, unmasked: bool, yes: bool
) -> None:
    plan = copy_plan(pairs, theirs.target.environment.name).lines
    if theirs.target.protected and not any(pair.masker for pair in pairs):
        what = f"copy unmasked items to '{mine.target.environment.name}', from the tables"
        confirm(job, theirs.target, what, plan, yes=unmasked, option="--unmasked")
    confirm(job, mine.target, "replace items of equal keys in the tables", plan, yes=yes)


def _copy(job: Job, theirs: Run, mine: Run, pairs: Sequence[Pair], options: Options) -> Outcome:
    from osem_tasks.aws.items import ItemStore
    from osem_tasks.data.copy import Copied, Side, copy_table

    source = Side(run=theirs, store=ItemStore(theirs.store.connection), word="source")
    target = Side(run=mine, store=ItemStore(mine.store.connection), word="target")
    name = theirs.target.environment.name
    copies: list[Copied] = []

    def outcome(error: OsemError | None) -> Outcome:
        found = masking.findings(copied.pair.masker for copied in copies if copied.pair.masker)
        shown = copy_outcome(pairs, copies, name, error)
        return replace(
            shown, data={**shown.data, **found.as_json()}, lines=[*shown.lines, *found.lines]
        )

    job.partial_outcome = outcome
    with job.console.working("copying"):
        for pair in pairs:
            copies.append(Copied(pair))
            copy_table(source, target, copies[-1], options)
            job.console.row(copied_line([pair.declared for pair in pairs], copies[-1]))
    return outcome(None)
