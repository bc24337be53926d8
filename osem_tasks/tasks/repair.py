"""``db.repair``: change existing tables in place. It cannot call DeleteTable."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.output.outcome import counted
from osem_tasks.tasks.backups import back_up_first, planned_backups
from osem_tasks.tasks.command import command
from osem_tasks.tasks.confirm import confirm
from osem_tasks.tasks.connect import open_target
from osem_tasks.tasks.options import BACKUP, DRY_RUN, TABLE, TARGET_OPTIONS, YES
from osem_tasks.tasks.plan_options import PLAN, PLAN_OUT, REPAIRING, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        "backup": f"With --replace-indexes: {BACKUP}",
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
    backup: bool = True,
) -> Outcome:
    """Change existing tables to match the model without losing data.

    Keys and local indexes cannot be changed in place: they are reported, never attempted.
    Nothing is taken away without its option: --prune, --replace-indexes, --reduce, --unprotect.

    Example: inv db.repair --dry-run
    """
    from osem_tasks.apply.read import inspect_when_stable
    from osem_tasks.apply.repair import lasting_remedies
    from osem_tasks.output.backups import planned_lines, with_planned_backups
    from osem_tasks.output.plan import plan_outcome, with_remedies
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
    live = {name: comparison.found[name] for name in steps.replacing}
    found = {name: table for name, table in live.items() if table is not None}
    backups = planned_backups(job, run, run.target, found, backup=backup) or ()
    if dry_run or job.dry or file.out:
        planned = with_remedies(
            plan_outcome(steps, len(run.tables)), lasting_remedies(run, comparison)
        )
        planned = with_planned_backups(planned, backups)
        planned = replace(planned, lines=[*planned.lines, *planned_lines(backups)])
        return file.written(run, comparison, steps, planned)
    _confirm(job, run, steps, backups, yes=yes)
    words = ["--plan", file.path] if file.saved else [*file.given]
    without = run.target.command(REPAIRING, *words, "--no-backup")

    def back_up() -> None:
        back_up_first(job, run, backups, without, restored=True)

    return _repaired(job, run, steps, comparison, back_up)


def _confirm(job: Job, run: Run, plan: Plan, backups: Sequence[str], *, yes: bool) -> None:
    """Ask for a confirmation of what may take something away."""
    from osem_tasks.output.backups import planned_lines
    from osem_tasks.output.plan import plan_lines

    if plan.confirmable:
        count = counted(len(plan.confirmable), "step")
        what = f"carry out {count} that may take away what is in use"
        if backups:
            what = f"back up {counted(len(backups), 'table')}, then {what}"
        lines = [*plan_lines(plan.confirmable, plan.given), *planned_lines(backups)]
        confirm(job, run.target, what, lines, yes=yes)


def _repaired(
    job: Job, run: Run, plan: Plan, comparison: Comparison, back_up: Callable[[], None]
) -> Outcome:
    """Carry out the plan, which follows from ``comparison``, after the backups."""
    from osem_tasks.apply.repair import repair as apply_repair
    from osem_tasks.output.backups import with_backups
    from osem_tasks.output.plan import applied_outcome, done_line

    def outcome(error: OsemError | None) -> Outcome:
        account = applied_outcome(plan, run.journal, error, run.deadline.elapsed)
        return with_backups(account, run, restored=True)

    job.partial_outcome = outcome
    run = replace(run, completed=lambda action: job.console.row(done_line(action)))
    with job.console.working("repairing"):
        back_up()
        apply_repair(run, plan.runnable, comparison)
    return outcome(None)
