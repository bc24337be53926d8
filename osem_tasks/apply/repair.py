"""Carries out ``db.repair``: runs the actions, then reads all tables again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.apply.read import difference_error, inspect_when_stable
from osem_tasks.apply.update import Updater
from osem_tasks.config.commands import remedy_text
from osem_tasks.plan.remedies import LISTS, Remedies
from osem_tasks.plan.repair import repair_actions
from osem_tasks.waiting import policy
from osem_tasks.waiting.wait import poll

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.plan.actions import Action
    from osem_tasks.schema.difference import Comparison


def repair(run: Run, actions: Sequence[Action], known: Comparison | None = None) -> None:
    """Run ``actions`` and read every table again; raise OsemError for remaining differences.

    Without actions, ``known`` is still true: what they were decided from. If an action that ran still seems necessary, the cause may be eventual consistency: the
    tables are read again for a limited time.
    """
    Updater(run).apply(actions)
    done = {action.identity for action in actions}

    def read() -> Comparison:
        run.say("reading everything again")
        return inspect_when_stable(run)

    def settled(comparison: Comparison) -> bool:
        return all(action.identity not in done for action in repair_actions(comparison))

    window = run.deadline.within(policy.current().visibility)
    comparison = known if known and not actions else poll(read, settled, window)
    if comparison.differing:
        found = lasting_remedies(run, comparison).values()
        lists = f"{run.target.command('db.verify')}{LISTS}"
        text = "; ".join([lists, *found])
        raise difference_error(comparison.differing, run.target, remediation=text)


def lasting_remedies(run: Run, comparison: Comparison) -> dict[str, str]:
    """Return how to go on with each table that cannot be changed in place, by its name."""
    found = Remedies(comparison, protected=run.target.protected).of_lasting()
    return {name: remedy_text(remedy, run.target) for name, remedy in found.items()}
