"""The ``db`` tasks that read and create. None of them can reach DeleteTable."""

from __future__ import annotations

from osem_tasks import provision, report
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.journal import Journal
from osem_tasks.report import Outcome
from osem_tasks.schema import plan
from osem_tasks.tasks.boundary import Job, command, interrupted
from osem_tasks.tasks.database import COMMON, Database, open_database

DRY_RUN = "Show what would be done, change nothing."


@command(COMMON, texts={"dry_run": DRY_RUN})
def setup(job: Job, dry_run: bool = False) -> Outcome:
    """Create the tables that are missing and verify those that exist.

    Safe to run again at any time. Exit code 1: nothing was changed; 2: some tables were
    created before the failure.

    Example: inv local.up db.setup
    """
    database = open_database(job)
    with job.console.working("setting up"):
        if dry_run or job.dry:
            return dry_setup(database)
        return run_setup(job, database)


def dry_setup(database: Database) -> Outcome:
    """The plan of a setup, or the drift that would stop it."""
    diffs = provision.inspect(database.store, database.tables)
    outcome = report.plan_outcome(plan.setup_plan(database.tables, diffs), diffs)
    drifted = plan.drift(diffs)
    if drifted:
        return Outcome(
            data=outcome.data, lines=outcome.lines, error=provision.drift_error([*drifted])
        )
    return outcome


def run_setup(job: Job, database: Database) -> Outcome:
    """Set up and give the exact account, also after a failure or an interrupt."""
    journal = Journal(database.tables.names)
    error: OsemError | None = None
    try:
        provision.setup(
            database.store, database.tables, journal, database.deadline, job.console.say
        )
    except OsemError as failure:
        error = failure
    except KeyboardInterrupt:
        error = interrupted()
    return report.setup_outcome(journal, error, database.deadline.elapsed)


@command(COMMON)
def verify(job: Job) -> Outcome:
    """Check every table against the model, fact by fact; changes nothing.

    Exit code 1 when a fact differs. Facts that an engine cannot tell are listed as not
    comparable, with the reason.

    Example: inv db.verify --json
    """
    database = open_database(job)
    with job.console.working("verifying"):
        diffs = provision.inspect(database.store, database.tables)
    wrong = [each for each in diffs if each.issues]
    error = None
    if wrong and not any(each.exists for each in wrong):
        error = OsemError(
            f"{report.counted(len(wrong), 'table')} missing: "
            + ", ".join(each.name for each in wrong),
            code=ErrorCode.TABLE_NOT_FOUND,
            remediation=f"inv db.setup --env {database.target.environment.name}",
        )
    elif wrong:
        error = provision.drift_error(wrong)
    return report.verify_outcome(diffs, database.target.environment.name, error)


@command(COMMON)
def list_(job: Job) -> Outcome:
    """Show the environment's tables: status, items, size, indexes.

    Example: inv db.list --env dev
    """
    database = open_database(job)
    with job.console.working("reading"):
        live = database.store.read_all(database.tables)
        others = [
            name
            for name in database.store.names()
            if name.startswith(database.target.prefix) and name not in live
        ]
    return report.list_outcome(live, sorted(others))
