"""``db.repair``: change existing tables in place. It cannot call DeleteTable."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.output.outcome import counted
from osem_tasks.tasks.command import command
from osem_tasks.tasks.confirm import confirm
from osem_tasks.tasks.connect import open_target
from osem_tasks.tasks.options import DRY_RUN, TABLE, TARGET_OPTIONS, YES
from osem_tasks.tasks.plan_options import PLAN, PLAN_OUT, REPAIRING, opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.errors import OsemError
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.plan.actions import Plan
    from osem_tasks.schema.difference import Comparison
    from osem_tasks.tasks.job import Job


@command(
    TARGET_OPTIONS,
    texts={
        "table": TABLE,
        "dry_run": DRY_RUN,
        "prune": "Also remove what is not declared: extra indexes, streams; let items expire.",
        "replace_indexes": "Also rebuild indexes whose keys or projection changed.",
        "reduce": "Also lower capacity: units, on-demand limits, the switch to provisioned.",
        "unprotect": "Also turn off deletion protection and recovery, give up a KMS key, or take over a "
        "table that its tags give to another environment or application.",
        "plan_out": PLAN_OUT,
        "plan": PLAN,
        "yes": YES,
    },
    repeatable=["table"],
)
def repair(
    job: Job,
    *,
    dry_run: bool = False,
    prune: bool = False,
    replace_indexes: bool = False,
    reduce: bool = False,
    unprotect: bool = False,
    yes: bool = False,
    table: Sequence[str] | None = None,
    plan_out: str | None = None,
    plan: str | None = None,
) -> Outcome:
    """Change existing tables to match the model without losing data.

    Keys and local indexes cannot be changed in place: they are reported, never attempted.
    Nothing is taken away without its option: --prune, --replace-indexes, --reduce, --unprotect.

    Example: inv db.repair --dry-run
    """
    from osem_tasks.apply.read import inspect_when_stable
    from osem_tasks.output.plan import plan_outcome
    from osem_tasks.plan.actions import OPTIONS, Plan
    from osem_tasks.plan.repair import repair_actions

    options = dict(zip(OPTIONS, (prune, replace_indexes, reduce, unprotect), strict=True))
    given = [option for option, wanted in options.items() if wanted]
    file = opened(job, REPAIRING, given, plan=plan, plan_out=plan_out)
    run = file.narrowed(open_target(job), table)
    with job.console.working("reading"):
        comparison = inspect_when_stable(run)
    steps = Plan(repair_actions(comparison), file.given)
    file.check(run, comparison, steps)
    if dry_run or job.dry or file.out:
        return file.written(run, comparison, steps, plan_outcome(steps, len(run.tables)))
    return _repaired(job, run, steps, comparison, yes=yes)


def _repaired(job: Job, run: Run, plan: Plan, comparison: Comparison, *, yes: bool) -> Outcome:
    """Carry out the plan, after a confirmation of what may take something away."""
    from osem_tasks.apply.repair import repair as apply_repair
    from osem_tasks.output.plan import applied_outcome, done_line, plan_lines

    if plan.confirmable:
        count = counted(len(plan.confirmable), "step")
        what = f"carry out {count} that may take away what is in use"
        confirm(job, run.target, what, plan_lines(plan.confirmable, plan.given), yes=yes)

    def outcome(error: OsemError | None) -> Outcome:
        return applied_outcome(plan, run.journal, error, run.deadline.elapsed)

    job.partial_outcome = outcome
    run = replace(run, completed=lambda action: job.console.row(done_line(action)))
    with job.console.working("repairing"):
        apply_repair(run, plan.runnable, comparison)
    return outcome(None)
