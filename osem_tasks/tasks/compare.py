"""``db.compare``: compare the live tables of two environments. Read-only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.config import guards
from osem_tasks.config.commands import command as command_line
from osem_tasks.errors import ConfigurationError
from osem_tasks.schema.model import TableSet
from osem_tasks.tasks.command import command
from osem_tasks.tasks.connect import open_target
from osem_tasks.tasks.narrow import narrowed
from osem_tasks.tasks.options import TABLE, TARGET_OPTIONS
from osem_tasks.waiting.progress import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.config.target import Target
    from osem_tasks.output.compare import Sides
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.tasks.job import Job


@command(
    TARGET_OPTIONS,
    texts={
        "table": TABLE,
        "with_": "The environment to compare with; its tables are the expected side.",
        "with_profile": "AWS profile for that environment.",
    },
    repeatable=["table"],
)
def compare(
    job: Job,
    *,
    with_: str | None = None,
    with_profile: str | None = None,
    table: Sequence[str] | None = None,
) -> Outcome:
    """Show how the live tables of two environments differ. Read-only.

    Exit code 1 when they differ. The environments' own tags are left out.

    Example: inv db.compare --env dev --with staging
    """
    from osem_tasks.output.compare import compare_outcome
    from osem_tasks.plan.repair import needs_new_table
    from osem_tasks.schema.compare_live import compare_live

    if not with_:
        raise ConfigurationError(
            ["--with is missing: the environment to compare with"],
            remediation=command_line("db.compare", "--env", "dev", "--with", "staging"),
        )
    everything = open_target(job, reading=True)
    mine = narrowed(everything, table)
    location = dict(job.location)
    options = {
        **job.options,
        "env": with_,
        "named_by": "--with",
        "profile": with_profile or job.options["profile"],
    }
    theirs = _same_tables(
        open_target(replace(job, options=options), reading=True), everything, mine
    )
    job.location.update(location)
    own_tags = frozenset({*mine.target.environment.all_tags, *theirs.target.environment.all_tags})
    with job.console.working("comparing"):
        step = Step("reading", len(mine.tables) + len(theirs.tables))
        job.console.begin(step)
        here, there = _live(mine, step), _live(theirs, step)
    diffs = [
        compare_live(expected, found, table.name, own_tags, table.ignored)
        for table, expected, found in zip(mine.tables, there, here, strict=True)
    ]
    guards.check_comparable(mine.target, theirs.target, found=any((*here, *there)))
    wrong = [diff for diff in diffs if diff.issues]
    fixed = [
        (diff.name, other)
        for diff, other in zip(diffs, theirs.tables.names, strict=True)
        if diff.exists and any(needs_new_table(fact) for fact in diff.issues)
    ]
    error = (
        guards.environments_differ(mine.target, theirs.target, len(wrong), fixed) if wrong else None
    )
    sides = _sides(mine.target, theirs.target)
    exists = {
        diff.name: (one is not None, other is not None)
        for diff, one, other in zip(diffs, here, there, strict=True)
    }
    return compare_outcome(diffs, exists, sides, error)


def _sides(mine: Target, theirs: Target) -> Sides:
    """Return what the two environments are called; equal names differ by their profiles."""
    from osem_tasks.output.compare import Sides

    names = [target.environment.name for target in (mine, theirs)]
    if names[0] == names[1]:
        names = [
            f"{target.environment.name} ({target.profile or 'default'} profile)"
            for target in (mine, theirs)
        ]
    return Sides(*names)


def _same_tables(theirs: Run, everything: Run, mine: Run) -> Run:
    """Return their run for the tables that ``mine`` has of ``everything``."""
    names = [
        other.name
        for table, other in zip(everything.tables, theirs.tables, strict=True)
        if table.name in mine.tables.names
    ]
    chosen = tuple(table for table in theirs.tables if table.name in names)
    return replace(theirs, tables=TableSet(chosen))


def _live(run: Run, step: Step) -> list[LiveTable | None]:
    """Return the environment's live tables in the model's order, with all facts."""
    from osem_tasks.schema.compare_live import wanting_everything

    found = run.store.read_all((wanting_everything(table) for table in run.tables), step)
    return [found[name] for name in run.tables.names]
