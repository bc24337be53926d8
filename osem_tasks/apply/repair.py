"""Carries out ``db.repair``: runs the actions, then reads all tables again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.apply.read import difference_error, inspect_when_stable
from osem_tasks.apply.update import Updater
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
        raise difference_error(comparison.differing, run.target)
