"""``db.verify``: check every table against the model. Read-only."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from osem_tasks.config.commands import remedy_text
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.outcome import counted
from osem_tasks.tasks import files
from osem_tasks.tasks.command import command
from osem_tasks.tasks.connect import open_target
from osem_tasks.tasks.narrow import narrowed
from osem_tasks.tasks.options import TABLE, TARGET_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.plan.remedies import Remedies
    from osem_tasks.schema.difference import Comparison, Fact, TableDiff
    from osem_tasks.tasks.job import Job


@command(
    TARGET_OPTIONS,
    texts={
        "table": TABLE,
        "strict": "Also fail if a property cannot be checked on this engine, or is not managed.",
        "junit": "Also write a JUnit report to this file.",
    },
    repeatable=["table"],
)
def verify(
    job: Job,
    strict: bool = False,
    junit: str | None = None,
    table: Sequence[str] | None = None,
) -> Outcome:
    """Check every table against the model, fact by fact. Read-only.

    Exit code 1 when a fact differs. Facts that an engine cannot tell are listed as not
    comparable, with the reason.

    Example: inv db.verify --json
    """
    from osem_tasks.apply.read import inspect
    from osem_tasks.output.unmanaged import with_unmanaged
    from osem_tasks.output.verify import verify_outcome

    run = narrowed(open_target(job, reading=True), table)
    with job.console.working("verifying"):
        comparison = inspect(run)

    @cache
    def remedies() -> Remedies:
        # The plan of a repair is many modules, which most verifications do not need.
        from osem_tasks.plan.remedies import Remedies

        return Remedies(comparison, protected=run.target.protected)

    def remedy(diff: TableDiff, fact: Fact) -> str:
        return remedy_text(remedies().of(diff, fact), run.target)

    verdict = _verdict(run, comparison, remedies, strict=strict)
    outcome = verify_outcome(comparison.diffs, verdict, remedy=remedy)
    outcome = with_unmanaged(outcome, run.tables)
    job.partial_outcome = lambda error: replace(outcome, error=error)
    _report_to_ci(job, run, comparison, junit)
    return outcome


def _report_to_ci(job: Job, run: Run, comparison: Comparison, junit: str | None) -> None:
    in_actions = os.environ.get("GITHUB_ACTIONS") == "true"
    if not in_actions and not junit:
        return
    from osem_tasks.output import ci

    if in_actions:
        for line in ci.annotation_lines(comparison.diffs):
            job.console.annotate(line)
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            text = ci.step_summary(comparison.diffs, run.target.environment.name)
            files.write(summary, text, append=True)
    if junit:
        files.write(junit, ci.junit(comparison.diffs, run.deadline.elapsed))


def _verdict(
    run: Run, comparison: Comparison, remedies: Callable[[], Remedies], *, strict: bool
) -> OsemError | None:
    from osem_tasks.apply.read import difference_error
    from osem_tasks.output.unmanaged import unmanaged_count

    wrong = comparison.differing
    ways = remedies().of_differences() if wrong else ()
    remedy = "; ".join(remedy_text(way, run.target) for way in ways)
    if wrong and not any(diff.exists for diff in wrong):
        return OsemError(
            f"{counted(len(wrong), 'table')} missing: {', '.join(diff.name for diff in wrong)}",
            code=ErrorCode.TABLE_NOT_FOUND,
            remediation=remedy,
        )
    if wrong:
        return difference_error(wrong, run.target, remediation=remedy)
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
