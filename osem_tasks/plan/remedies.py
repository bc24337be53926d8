"""Finds the remedy for a difference, using the same plan as the repair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from osem_tasks.plan.repair import repair_actions
from osem_tasks.plan.setup import setup_plan
from osem_tasks.schema.difference import IssueType

if TYPE_CHECKING:
    from osem_tasks.plan.actions import Action
    from osem_tasks.schema.difference import Comparison, Fact, TableDiff

NOT_IN_PLACE = "cannot be changed in place"
MOVE_DATA = f"{NOT_IN_PLACE}: the data has to move to a new table"
_WAITING = (IssueType.TABLE_NOT_ACTIVE, IssueType.GSI_NOT_ACTIVE)


@dataclass(frozen=True, slots=True)
class Remedy:
    """A task with its options, or only ``words`` if no task helps.

    ``words`` precede the command: what is impossible, or what to do first.
    """

    words: str = ""
    task: str = ""
    options: tuple[str, ...] = ()


class Remedies:
    """The remedies of one comparison. ``protected``: no task may delete a table."""

    def __init__(self, comparison: Comparison, *, protected: bool) -> None:
        self._comparison = comparison
        self._protected = protected

    @cached_property
    def _repairs(self) -> tuple[Action, ...]:
        return repair_actions(self._comparison)

    @property
    def _may_reset(self) -> bool:
        """Whether a reset is allowed: it deletes all tables of the environment or none."""
        live = (table for table in self._comparison.found.values() if table)
        guarded = any(table.table.deletion_protection for table in live)
        return not self._protected and not guarded

    def of(self, diff: TableDiff, fact: Fact) -> Remedy:
        """Return the remedy for ``fact`` of ``diff``."""
        if fact.issue_type is IssueType.TABLE_NOT_FOUND:
            return self._of_missing_table()
        if fact.issue_type in _WAITING:
            return self._of_state(diff)
        actions = self._mending(diff, fact)
        if not actions or not all(action.possible for action in actions):
            return self._not_in_place()
        options = {option for action in actions for option in action.requires}
        return Remedy(task="db.repair", options=tuple(sorted(options)))

    def _of_state(self, diff: TableDiff) -> Remedy:
        live = self._comparison.found.get(diff.name)
        advice = "; ".join(dict.fromkeys(stuck.advice for stuck in live.stuck)) if live else ""
        return Remedy(f"{advice or 'wait until the change has ended'}, then: ", "db.verify")

    def _mending(self, diff: TableDiff, fact: Fact) -> list[Action]:
        return [
            action
            for action in self._repairs
            if action.table == diff.name and fact.path in action.mends
        ]

    def _not_in_place(self) -> Remedy:
        if self._may_reset:
            return Remedy(f"{NOT_IN_PLACE}. If the data can be discarded: ", "db.reset")
        return Remedy(MOVE_DATA)

    def _of_missing_table(self) -> Remedy:
        """Return setup, which creates the table, unless differences of other tables block it."""
        if not setup_plan(self._comparison).blocking:
            return Remedy(task="db.setup")
        repairing = setup_plan(self._comparison, repairing=True)
        if not repairing.blocking:
            return Remedy(task="db.setup", options=("--repair",))
        names = ", ".join(diff.name for diff in repairing.blocking)
        first = f"first resolve the differences of {names}"
        if any(not action.possible for action in repairing.actions):
            return Remedy(first)
        return Remedy(f"{first}, then: ", "db.setup")
