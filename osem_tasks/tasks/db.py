"""The ``db`` tasks that read and create. None of them can reach DeleteTable."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks import ci, planview, provision, report
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.journal import Journal
from osem_tasks.schema import plan
from osem_tasks.schema.diff import compare
from osem_tasks.schema.repairs import repair_plan
from osem_tasks.tasks import files
from osem_tasks.tasks.boundary import NOT_STARTED, Job, command
from osem_tasks.tasks.database import (
    COMMON,
    Database,
    declared_tables,
    open_database,
    resolve_target,
)

if TYPE_CHECKING:
    from osem_tasks.report import Outcome
    from osem_tasks.schema.diff import TableDiff

DRY_RUN = "Show what would be done, change nothing."


@command(
    COMMON,
    texts={"dry_run": DRY_RUN, "repair": "Also apply the repairs that take nothing away."},
)
def setup(job: Job, dry_run: bool = False, repair: bool = False) -> Outcome:
    """Create the tables that are missing and verify those that exist.

    Safe to run again at any time. Exit code 1: nothing was changed; 2: some tables were
    created or changed before the failure.

    Example: inv local.up db.setup
    """
    if (dry_run or job.dry) and job.session.get(NOT_STARTED):
        return _first_setup(job)
    database = open_database(job)
    with job.console.working("setting up"):
        if dry_run or job.dry:
            return _dry_setup(job, database, repair=repair)
        return run_setup(job, database, repair=repair)


def _first_setup(job: Job) -> Outcome:
    """The plan for an engine that a dry ``local.up`` would have started: all is missing."""
    target = resolve_target(job)
    tables = target.place(declared_tables(job))
    job.place.update(environment=target.environment.name)
    diffs = [compare(each, None) for each in tables]
    return planview.plan_outcome(plan.setup_plan(tables, diffs, {}), len(diffs))


def _dry_setup(job: Job, database: Database, *, repair: bool) -> Outcome:
    """The plan of a setup; drift that would stop it is an error."""
    tables = database.tables
    survey = provision.inspect(database.store, tables, database.deadline, job.console.say)
    actions = plan.setup_plan(tables, survey.diffs, survey.found)
    drifted = plan.drift(survey.diffs, survey.found)
    stopping = drifted
    if repair:
        repairs = repair_plan(tables, survey.diffs, survey.found)
        stopping = tuple(each for each in drifted if provision.withheld(each, repairs))
        names = {each.name for each in drifted}
        actions = (
            *(each for each in actions if each.table not in names),
            *(each for each in repairs if each.table in names),
        )
    error = provision.drift_error(stopping, database.store.environment) if stopping else None
    return planview.plan_outcome(actions, len(survey.diffs), error=error)


def run_setup(job: Job, database: Database, *, repair: bool = False) -> Outcome:
    """Set up; the exact account is given also after a failure or an interrupt."""
    journal = Journal(database.tables.names)
    before = job.account

    def account(error: OsemError | None) -> Outcome:
        outcome = report.setup_outcome(journal, error, database.deadline.elapsed)
        if before is None:
            return outcome
        earlier = before(error)
        changed = earlier.changed or outcome.changed
        return replace(outcome, data={**earlier.data, **outcome.data}, changed=changed)

    job.account = account
    provision.setup(database.run(journal, job.console), repairing=repair)
    return account(None)


@command(
    COMMON,
    texts={
        "strict": "Fail also when a fact cannot be compared on this engine.",
        "junit": "Also write a JUnit report to this file.",
    },
)
def verify(job: Job, strict: bool = False, junit: str = "") -> Outcome:
    """Check every table against the model, fact by fact; changes nothing.

    Exit code 1 when a fact differs. Facts that an engine cannot tell are listed as not
    comparable, with the reason.

    Example: inv db.verify --json
    """
    database = open_database(job)
    with job.console.working("verifying"):
        diffs = provision.inspect(
            database.store, database.tables, database.deadline, job.console.say
        ).diffs
    environment = database.target.environment.name
    outcome = report.verify_outcome(
        diffs,
        database.target.reach,
        _verdict(diffs, database.target.reach, strict=strict),
        protected=database.target.environment.protected and not database.target.local,
    )
    job.account = lambda error: replace(outcome, error=error)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in ci.annotation_lines(diffs):
            job.console.annotate(line)
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            files.write(summary, ci.step_summary(diffs, environment), append=True)
    if junit:
        files.write(junit, ci.junit(diffs, database.deadline.elapsed))
    return outcome


def _verdict(diffs: list[TableDiff], environment: str, *, strict: bool) -> OsemError | None:
    wrong = [each for each in diffs if each.issues]
    if wrong and not any(each.exists for each in wrong):
        return OsemError(
            f"{report.counted(len(wrong), 'table')} missing: "
            + ", ".join(each.name for each in wrong),
            code=ErrorCode.TABLE_NOT_FOUND,
            remediation=f"inv db.setup --env {environment}",
        )
    if wrong:
        return provision.drift_error(wrong, environment, "db.repair --dry-run")
    unknown = sum(len(each.not_comparable) for each in diffs)
    if strict and unknown:
        return OsemError(
            f"{report.counted(unknown, 'fact')} cannot be compared on this engine.",
            code=ErrorCode.SCHEMA_VALIDATION_FAILED,
            remediation="Verify on AWS, where every fact can be read, or leave --strict out.",
        )
    return None


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
