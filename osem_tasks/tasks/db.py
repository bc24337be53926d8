"""The ``db`` tasks that read and create. None of them can call DeleteTable."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.apply.read import difference_error, inspect
from osem_tasks.apply.setup import setup as apply_setup
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output import ci
from osem_tasks.output.messages import remedy_text
from osem_tasks.output.outcome import counted
from osem_tasks.output.plan import plan_outcome
from osem_tasks.output.setup import setup_outcome
from osem_tasks.output.tables import list_outcome
from osem_tasks.output.unmanaged import unmanaged_count, with_unmanaged
from osem_tasks.output.verify import verify_outcome
from osem_tasks.plan.remedies import Remedies
from osem_tasks.plan.setup import setup_plan
from osem_tasks.schema.compare import compare_all
from osem_tasks.tasks import files
from osem_tasks.tasks.command import command
from osem_tasks.tasks.connect import declared_tables, open_target, resolve_target
from osem_tasks.tasks.job import NOT_STARTED, Job
from osem_tasks.tasks.options import DRY_RUN, TARGET_OPTIONS

if TYPE_CHECKING:
    from osem_tasks.apply.run import Run
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.schema.difference import Comparison, Fact, TableDiff


@command(
    TARGET_OPTIONS,
    texts={"dry_run": DRY_RUN, "repair": "Also apply repairs that remove nothing."},
)
def setup(job: Job, dry_run: bool = False, repair: bool = False) -> Outcome:
    """Create the tables that are missing and verify those that exist.

    Safe to run again at any time. Exit code 1: nothing was changed; 2: some tables were
    created or changed before the failure.

    Example: inv local.up db.setup
    """
    if (dry_run or job.dry) and job.session.get(NOT_STARTED):
        return _first_setup(job)
    run = open_target(job)
    with job.console.working("setting up"):
        if dry_run or job.dry:
            return _dry_setup(run, inspect(run), repair=repair)
        return set_up(job, run, repair=repair)


def _first_setup(job: Job) -> Outcome:
    """Return the plan after a dry ``local.up``, which starts no engine: all tables are missing."""
    target = resolve_target(job)
    tables = target.tables_of(declared_tables(job, target.context()))
    job.location.update(environment=target.environment.name)
    outcome = plan_outcome(setup_plan(compare_all(tables, {})).plan, len(tables))
    return with_unmanaged(outcome, tables)


def _dry_setup(run: Run, comparison: Comparison, *, repair: bool) -> Outcome:
    """Return the plan of a setup; drift that would stop the setup is an error."""
    decided = setup_plan(comparison, repairing=repair)
    error = difference_error(decided.blocking, run.target) if decided.blocking else None
    return with_unmanaged(plan_outcome(decided.plan, len(run.tables), error), run.tables)


def set_up(job: Job, run: Run, *, repair: bool = False) -> Outcome:
    """Set up the tables; the outcome is exact even after a failure or an interrupt."""
    before = job.partial_outcome

    def outcome(error: OsemError | None) -> Outcome:
        account = setup_outcome(run.journal, error, run.deadline.elapsed)
        account = with_unmanaged(account, run.tables)
        if before is None:
            return account
        return replace(account, data={**before(error).data, **account.data})

    job.partial_outcome = outcome
    apply_setup(run, repairing=repair)
    return outcome(None)


@command(
    TARGET_OPTIONS,
    texts={
        "strict": "Also fail if a property cannot be checked on this engine, or is not managed.",
        "junit": "Also write a JUnit report to this file.",
    },
)
def verify(job: Job, strict: bool = False, junit: str | None = None) -> Outcome:
    """Check every table against the model, fact by fact. Read-only.

    Exit code 1 when a fact differs. Facts that an engine cannot tell are listed as not
    comparable, with the reason.

    Example: inv db.verify --json
    """
    run = open_target(job, reading=True)
    with job.console.working("verifying"):
        comparison = inspect(run)
    remedies = Remedies(comparison, protected=run.target.protected)

    def remedy(diff: TableDiff, fact: Fact) -> str:
        return remedy_text(remedies.of(diff, fact), run.target)

    outcome = verify_outcome(
        comparison.diffs, _verdict(run, comparison, strict=strict), remedy=remedy
    )
    outcome = with_unmanaged(outcome, run.tables)
    job.partial_outcome = lambda error: replace(outcome, error=error)
    _report_to_ci(job, run, comparison, junit)
    return outcome


def _report_to_ci(job: Job, run: Run, comparison: Comparison, junit: str | None) -> None:
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in ci.annotation_lines(comparison.diffs):
            job.console.annotate(line)
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            text = ci.step_summary(comparison.diffs, run.target.environment.name)
            files.write(summary, text, append=True)
    if junit:
        files.write(junit, ci.junit(comparison.diffs, run.deadline.elapsed))


def _verdict(run: Run, comparison: Comparison, *, strict: bool) -> OsemError | None:
    wrong = comparison.differing
    if wrong and not any(diff.exists for diff in wrong):
        return OsemError(
            f"{counted(len(wrong), 'table')} missing: {', '.join(diff.name for diff in wrong)}",
            code=ErrorCode.TABLE_NOT_FOUND,
            remediation=run.target.command("db.setup"),
        )
    if wrong:
        return difference_error(wrong, run.target, "db.repair --dry-run")
    unknown = sum(len(diff.not_comparable) for diff in comparison.diffs)
    if strict and unknown:
        return OsemError(
            f"{counted(unknown, 'fact')} cannot be compared on this engine.",
            code=ErrorCode.SCHEMA_VALIDATION_FAILED,
            remediation="Verify on AWS, where every fact can be read, or leave --strict out.",
        )
    if strict and (unmanaged := unmanaged_count(run.tables)):
        return OsemError(
            f"Not managed here, and not checked: {counted(unmanaged, 'declared fact')}.",
            code=ErrorCode.SCHEMA_VALIDATION_FAILED,
            remediation="Check what is listed as not managed here yourself, or leave --strict out.",
        )
    return None


@command(TARGET_OPTIONS)
def list_(job: Job) -> Outcome:
    """Show the environment's tables: status, items, size, indexes.

    Example: inv db.list --env dev
    """
    run = open_target(job, reading=True, undeclared=True)
    with job.console.working("reading"):
        live = run.store.read_all(run.tables)
        others = [
            name for name in run.store.names() if run.target.naming.owns(name) and name not in live
        ]
    return list_outcome(live, sorted(others))
