"""``db.setup``: create what is missing and verify what exists. It cannot call DeleteTable."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.tasks.command import command
from osem_tasks.tasks.connect import declared_tables, open_target
from osem_tasks.tasks.job import NOT_STARTED, Job
from osem_tasks.tasks.narrow import only
from osem_tasks.tasks.options import DRY_RUN, TABLE, TARGET_OPTIONS
from osem_tasks.tasks.plan_options import PLAN, PLAN_OUT, REPAIR, SETUP, opened
from osem_tasks.tasks.target import resolve_target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.errors import OsemError
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.plan.setup import SetupPlan
    from osem_tasks.schema.emulators import Engine
    from osem_tasks.schema.model import TableSet
    from osem_tasks.tasks.plan_file import PlanFile


@command(
    TARGET_OPTIONS,
    texts={
        "table": TABLE,
        "dry_run": DRY_RUN,
        "repair": "Also apply repairs that remove nothing.",
        "plan_out": PLAN_OUT,
        "plan": PLAN,
    },
    repeatable=["table"],
)
def setup(
    job: Job,
    *,
    dry_run: bool = False,
    repair: bool = False,
    table: Sequence[str] | None = None,
    plan_out: str | None = None,
    plan: str | None = None,
) -> Outcome:
    """Create the tables that are missing and verify those that exist.

    Safe to run again at any time. Exit code 1: nothing was changed; 2: some tables were
    created or changed before the failure.

    Example: inv local.up db.setup
    """
    given = [REPAIR] if repair else []
    file = opened(job, SETUP, given, plan=plan, plan_out=plan_out)
    if (dry_run or job.dry) and job.session.get(NOT_STARTED):
        return _first_setup(job, file, table)
    run = file.narrowed(open_target(job), table)
    with job.console.working("setting up"):
        if dry_run or job.dry or file.out:
            return _dry_setup(job, run, file)
        return set_up(job, run, file)


def _first_setup(job: Job, file: PlanFile, names: Sequence[str] | None) -> Outcome:
    """Return the plan after a dry ``local.up``, which starts no engine: all tables are missing."""
    from osem_tasks.schema.emulators import AWS

    file.refuse_without_engine()
    target = resolve_target(job)
    declared = declared_tables(job, target.context())
    tables = only(target, target.tables_of(declared), names)
    job.location.update(environment=target.environment.name)
    outcome = _plan_of_all(tables, AWS)
    return replace(outcome, data={**outcome.data, "indexesNotDeclared": []})


def setup_again(run: Run) -> Outcome:
    """Return the plan of a setup after all tables of ``run`` have been deleted."""
    return _plan_of_all(run.tables, run.store.engine)


def _plan_of_all(tables: TableSet, engine: Engine) -> Outcome:
    from osem_tasks.output.plan import plan_outcome
    from osem_tasks.output.unmanaged import with_unmanaged
    from osem_tasks.plan.setup import setup_plan
    from osem_tasks.schema.compare import compare_all

    plan = setup_plan(compare_all(tables, {}, engine)).plan
    return with_unmanaged(plan_outcome(plan, len(tables)), tables)


def _dry_setup(job: Job, run: Run, file: PlanFile) -> Outcome:
    """Return the plan of a setup; what stops the real run stops this one in the same way."""
    from osem_tasks.apply import setup as applying
    from osem_tasks.output.plan import plan_outcome
    from osem_tasks.output.setup import undeclared_lines
    from osem_tasks.output.unmanaged import with_unmanaged

    def outcome(error: OsemError | None) -> Outcome:
        account = _account(run, error)
        return replace(account, data={"actions": [], **account.data})

    job.partial_outcome = outcome
    decided = applying.plan(run, repairing=REPAIR in file.given, check=_check(run, file))
    planned = plan_outcome(decided.plan, len(run.tables))
    told = outcome(None).data["indexesNotDeclared"]
    planned = replace(
        planned,
        data={**planned.data, "indexesNotDeclared": told},
        lines=[*planned.lines, *undeclared_lines(run.journal)],
    )
    planned = file.written(run, decided.comparison, decided.plan, planned)
    return with_unmanaged(planned, run.tables)


def _check(run: Run, file: PlanFile) -> Callable[[SetupPlan], None]:
    """Return what refuses a setup that is not the plan to apply."""
    return lambda decided: file.check(run, decided.comparison, decided.plan)


def set_up(job: Job, run: Run, file: PlanFile | None = None) -> Outcome:
    """Set up the tables; the outcome is exact even after a failure or an interrupt.

    With the ``file`` of a plan, only what it plans is done.
    """
    from osem_tasks.apply import setup as applying
    from osem_tasks.output.backups import with_backups
    from osem_tasks.output.setup import completed_line, finished_line

    before = job.partial_outcome
    journal = run.journal
    run = replace(
        run,
        finished=lambda name: job.console.row(finished_line(journal, name)),
        completed=lambda action: job.console.row(completed_line(action)),
    )

    def outcome(error: OsemError | None) -> Outcome:
        account = _account(run, error)
        if before is None:
            return account
        account = replace(account, data={**before(error).data, **account.data})
        return with_backups(account, run, restored=True)

    job.partial_outcome = outcome
    repairing = file is not None and REPAIR in file.given
    applying.setup(run, repairing=repairing, check=_check(run, file) if file else None)
    return outcome(None)


def _account(run: Run, error: OsemError | None) -> Outcome:
    """Return what was done to every table, and what of the declaration is not managed here."""
    from osem_tasks.output.setup import setup_outcome
    from osem_tasks.output.unmanaged import with_unmanaged

    return with_unmanaged(setup_outcome(run.journal, error, run.deadline.elapsed), run.tables)
