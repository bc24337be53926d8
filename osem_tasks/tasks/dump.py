"""``db.dump``: write the items of tables to files. Read-only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.config.settings import option
from osem_tasks.output.data import dump_outcome, dump_plan, dumped_line, native_export
from osem_tasks.tasks import masking
from osem_tasks.tasks.command import command
from osem_tasks.tasks.confirm import confirm
from osem_tasks.tasks.connect import open_target
from osem_tasks.tasks.data_options import rate_of, read_tables, size_of
from osem_tasks.tasks.narrow import narrowed
from osem_tasks.tasks.options import DATA_OPTIONS, RATE, TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.data.dump import Dumped, Masking, Options, Source
    from osem_tasks.data.mask import Masker
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.tasks.job import Job


@command(
    DATA_OPTIONS,
    texts={
        "table": TABLE,
        "output": "The folder for the dump, one folder a table in it; default: dumps/ENV.",
        "consistent": "Read consistently, for twice the capacity units.",
        "rate": RATE,
        "native_above": "On AWS, stop at a table larger than this, and show how AWS exports it.",
        "mask": "Apply osem.mask on a local engine too; on AWS it applies by itself.",
        "unmasked": "Leave osem.mask out: write items as they are, of a protected environment too.",
    },
    repeatable=["table"],
)
def dump(
    job: Job,
    *,
    table: Sequence[str] | None = None,
    output: str | None = None,
    consistent: bool = False,
    rate: str | None = None,
    native_above: str = "10GB",
    mask: bool = False,
    unmasked: bool = False,
) -> Outcome:
    """Write the items of the environment's tables, or of some of them, to files. Read-only.

    The files are in the layout of AWS's export to S3. An interrupted dump is continued by the
    same command. A table larger than --native-above stops it (--force dumps it all the same).

    Example: inv db.dump --env dev --table Teams --output dumps/teams
    """
    from osem_tasks.data.dump import Options  # a list of tasks needs no data

    options = Options(consistent=consistent, rate=rate_of(rate))
    most = option("--native-above", native_above, size_of)
    everything = open_target(job, reading=True)
    run = narrowed(everything, table)
    folder = Path(output or f"dumps/{run.target.environment.name}")
    maskers = masking.maskers(job, run, mask=mask, unmasked=unmasked)
    with job.console.working("reading"):
        sources = _sources(run, maskers)
    if not run.target.local and not job.options["force"]:
        native_export(run, [source for source in sources if source.live.size > most], most)
    if job.dry:
        return dump_plan(sources, folder)
    _confirm_unmasked(job, run, sources, folder, unmasked=unmasked)
    outcome = _dump(job, run, sources, folder, options)
    found = masking.findings(maskers.values())
    return replace(
        outcome, data={**outcome.data, **found.as_json()}, lines=[*outcome.lines, *found.lines]
    )


def _sources(run: Run, maskers: Mapping[str, Masker]) -> list[Source]:
    from osem_tasks.data.dump import Source

    naming = run.target.naming
    sources = []
    for name, live in read_tables(run).items():
        declared = naming.declared(name) or name
        sources.append(
            Source(
                live=live,
                declared=declared,
                table=run.tables[name],
                environment=run.target.environment.name,
                masking=_masking(maskers.get(name)),
            )
        )
    return sources


def _masking(masker: Masker | None) -> Masking | None:
    from osem_tasks.data.dump import Masking

    if masker is None:
        return None
    return Masking(
        mask=masker.masked,
        rules=masker.mask.as_json(),
        fingerprint=masker.pseudonyms.fingerprint,
        hides_keys=masker.mask.changes_keys,
    )


def _confirm_unmasked(
    job: Job, run: Run, sources: Sequence[Source], folder: Path, *, unmasked: bool
) -> None:
    """Ask before the items of a protected environment are written as they are."""
    if run.target.protected and not any(source.masking for source in sources):
        what = f"write unmasked items to {folder}, from the tables"
        shown = dump_plan(sources, folder).lines
        confirm(job, run.target, what, shown, yes=unmasked, option="--unmasked")


def _dump(job: Job, run: Run, sources: Sequence[Source], folder: Path, options: Options) -> Outcome:
    from osem_tasks.data.dumps import dump_tables

    done: list[Dumped] = []
    names = [source.declared for source in sources]

    def finished(dumped: Dumped) -> None:
        done.append(dumped)
        job.console.row(dumped_line(names, dumped))

    load = run.target.command("db.load", "--input", str(folder))
    job.partial_outcome = lambda error: dump_outcome(names, done, folder, load, error)
    with job.console.working("dumping"):
        dump_tables(run, sources, folder, options, finished)
    return dump_outcome(names, done, folder, load, None)
