"""The ``db`` tasks around drift: repair and compare. None of them can reach DeleteTable."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks import guards, planview, provision, report
from osem_tasks.errors import ConfigurationError, OsemError
from osem_tasks.journal import Journal
from osem_tasks.schema.comparison import compare_live, wanting_everything
from osem_tasks.schema.plan import PRUNE, REPLACE
from osem_tasks.schema.repairs import repair_plan
from osem_tasks.tasks.boundary import Job, command
from osem_tasks.tasks.confirm import YES, confirm
from osem_tasks.tasks.database import COMMON, Database, open_database
from osem_tasks.tasks.db import DRY_RUN

if TYPE_CHECKING:
    from osem_tasks.report import Outcome
    from osem_tasks.schema.live import LiveTable


@command(
    COMMON,
    texts={
        "dry_run": DRY_RUN,
        "prune": "Also remove what is not declared: extra indexes, streams, backups.",
        "replace_indexes": "Also rebuild indexes whose keys or projection changed.",
        "yes": YES,
    },
)
def repair(
    job: Job,
    *,
    dry_run: bool = False,
    prune: bool = False,
    replace_indexes: bool = False,
    yes: bool = False,
) -> Outcome:
    """Bring existing tables to the model without losing an item.

    Keys and local indexes cannot be changed in place: they are reported, never attempted.
    What an application may read from is removed with --prune or --replace-indexes only.

    Example: inv db.repair --dry-run
    """
    database = open_database(job)
    given = [option for option, wanted in ((PRUNE, prune), (REPLACE, replace_indexes)) if wanted]
    with job.console.working("reading"):
        survey = provision.settled(
            database.store, database.tables, database.deadline, job.console.say
        )
    actions = repair_plan(database.tables, survey.diffs, survey.found)
    if dry_run or job.dry:
        return planview.plan_outcome(actions, len(survey.diffs), given)
    runnable = [each for each in actions if each.possible and not planview.needs(each, given)]
    removing = [each for each in runnable if each.requires]
    if removing:
        count = report.counted(len(removing), "step")
        what = f"carry out {count} on indexes, streams or backups that may be in use"
        confirm(job, database.target, what, planview.plan_lines(removing, given), yes=yes)
    journal = Journal(database.tables.names)

    def account(error: OsemError | None) -> Outcome:
        return planview.applied_outcome(actions, journal, error, database.deadline.elapsed, given)

    job.account = account
    with job.console.working("repairing"):
        provision.repair(database.run(journal, job.console), runnable)
    return account(None)


@command(
    COMMON,
    texts={
        "with_": "The environment to compare with; its tables count as expected.",
        "with_profile": "AWS profile for that environment.",
    },
)
def compare(job: Job, *, with_: str = "", with_profile: str | None = None) -> Outcome:
    """Show how the live tables of two environments differ; changes nothing.

    Exit code 1 when they differ. The environments' own tags are left out.

    Example: inv db.compare --env dev --with staging
    """
    if not with_:
        raise ConfigurationError(
            ["--with is missing: the environment to compare with"],
            remediation="inv db.compare --env dev --with staging",
        )
    mine = open_database(job)
    place = dict(job.place)
    options = {**job.options, "env": with_, "profile": with_profile or job.options["profile"]}
    theirs = open_database(replace(job, options=options))
    job.place.update(place)
    own_tags = frozenset({*mine.target.environment.all_tags, *theirs.target.environment.all_tags})
    with job.console.working("comparing"):
        here, there = _live(mine), _live(theirs)
    diffs = [
        compare_live(expected, found, table.name, own_tags)
        for table, expected, found in zip(mine.tables, there, here, strict=True)
    ]
    guards.check_comparable(mine.target, theirs.target, found=any((*here, *there)))
    wrong = [each for each in diffs if each.issues]
    name = mine.target.environment.name
    error = guards.environments_differ(name, with_, len(wrong)) if wrong else None
    return report.verify_outcome(diffs, name, error, other=with_)


def _live(database: Database) -> list[LiveTable | None]:
    """The environment's live tables in the model's order, with every fact."""
    found = database.store.read_all(wanting_everything(each) for each in database.tables)
    return [found[name] for name in database.tables.names]
