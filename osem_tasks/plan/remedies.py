"""Finds the remedy for a difference, using the same plan as the repair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from osem_tasks.plan.repair import repair_actions
from osem_tasks.plan.setup import setup_plan
from osem_tasks.schema.difference import IssueType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.plan.actions import Action
    from osem_tasks.schema.difference import Comparison, Fact, TableDiff

NOT_IN_PLACE = "cannot be changed in place"
MOVE_DATA = f"{NOT_IN_PLACE}: the data has to move to a new table"
IF_DISCARDED = f"{NOT_IN_PLACE}. If the data can be discarded: "
LISTS = "   lists the differences and how to fix them"
_WAITING = (IssueType.TABLE_NOT_ACTIVE, IssueType.GSI_NOT_ACTIVE)


@dataclass(frozen=True, slots=True)
class Remedy:
    """A task with its options, or only ``words`` if no task helps.

    ``words`` precede the command: what is impossible, or what to do first. ``tables`` narrow the
    task; without them it acts on every table of its target. ``gives`` follows the command.
    """

    words: str = ""
    task: str = ""
    options: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    gives: str = ""


class Remedies:
    """The remedies of one comparison. ``protected``: no task may delete a table."""

    def __init__(self, comparison: Comparison, *, protected: bool) -> None:
        self._comparison = comparison
        self._protected = protected

    @cached_property
    def _repairs(self) -> tuple[Action, ...]:
        return repair_actions(self._comparison)

    def of(self, diff: TableDiff, fact: Fact) -> Remedy:
        """Return the remedy for ``fact`` of ``diff``."""
        if fact.issue_type is IssueType.TABLE_NOT_FOUND:
            return self._of_missing_tables([diff])
        if fact.issue_type in _WAITING:
            return self._of_state(diff)
        actions = self._mending(diff, fact)
        if not actions or not all(action.possible for action in actions):
            live = self._comparison.found.get(diff.name)
            return self._not_in_place([diff], live.fixed.get(fact.path, "") if live else "")
        options = {option for action in actions for option in action.requires}
        others = any(other.exists for other in self._comparison.differing if other != diff)
        tables = self._only([diff]) if others else ()
        return Remedy(task="db.repair", options=tuple(sorted(options)), tables=tables)

    def of_stopped_setup(self, blocking: Sequence[TableDiff], *, local: bool) -> list[Remedy]:
        """Return what lets a setup go on that the tables in ``blocking`` stop.

        The first remedy is about these tables, a second one about the others.
        """
        lasting = [diff for diff in blocking if self._is_fixed(diff)]
        if not setup_plan(self._comparison, repairing=True).blocking:
            return [Remedy(task="db.setup", options=("--repair",))]
        if local and lasting and self._may_reset(lasting):
            names = ", ".join(diff.name for diff in lasting)
            first = self._not_in_place(lasting)
            first = Remedy(f"{names}: {first.words}", first.task, tables=first.tables)
        else:
            first = Remedy(task="db.verify", tables=self._only(blocking), gives=LISTS)
        return [first, *self._of_others(blocking)]

    def of_differences(self) -> list[Remedy]:
        """Return what to do about everything that differs: create, repair, replace."""
        differing = self._comparison.differing
        missing = [diff for diff in differing if not diff.exists]
        lasting = [diff for diff in differing if diff.exists and self._is_fixed(diff)]
        rest = [diff for diff in differing if diff.exists and diff not in lasting]
        found = [self._of_missing_tables(missing)] if missing else []
        if rest:
            tables = self._only(rest) if missing or lasting else ()
            found.append(Remedy("", "db.repair", ("--dry-run",), tables, LISTS))
        if lasting:
            names = ", ".join(diff.name for diff in lasting)
            other = self._not_in_place(lasting)
            found.append(Remedy(f"{names}: {other.words}", other.task, tables=other.tables))
        return found

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

    def _is_fixed(self, diff: TableDiff) -> bool:
        """Return whether a difference of that table cannot be changed in place."""
        return any(not action.possible for action in self._repairs if action.table == diff.name)

    def _may_reset(self, diffs: Sequence[TableDiff]) -> bool:
        """Return whether these tables may be deleted: none is protected."""
        live = (self._comparison.found.get(diff.name) for diff in diffs)
        # A local engine's protection is lifted by the tasks that delete.
        guarded = any(t.table.deletion_protection and not t.emulator for t in live if t)
        return not self._protected and not guarded

    def _not_in_place(self, diffs: Sequence[TableDiff], engine: str = "") -> Remedy:
        """Return a reset, or that the data has to move; ``engine`` is what the engine lacks."""
        why = f" ({engine})" if engine else ""
        words = IF_DISCARDED if self._may_reset(diffs) else MOVE_DATA
        words = words.replace(NOT_IN_PLACE, NOT_IN_PLACE + why)
        if self._may_reset(diffs):
            return Remedy(words, "db.reset", tables=self._only(diffs))
        return Remedy(words)

    def _of_missing_tables(self, missing: Sequence[TableDiff]) -> Remedy:
        """Return setup, which creates the tables, without the tables that would stop it."""
        blocked = setup_plan(self._comparison).blocking
        return Remedy(task="db.setup", tables=self._only(missing) if blocked else ())

    def _of_others(self, blocking: Sequence[TableDiff]) -> list[Remedy]:
        """Return the setup of the tables that nothing stops, if it would do anything."""
        stopped = {diff.name for diff in blocking}
        steps = setup_plan(self._comparison).actions
        names = dict.fromkeys(step.table for step in steps if step.table not in stopped)
        others = [diff for diff in self._comparison.diffs if diff.name in names]
        words = "to set up the other tables: "
        return [Remedy(words, "db.setup", tables=self._only(others))] if others else []

    def _only(self, diffs: Sequence[TableDiff]) -> tuple[str, ...]:
        """Return the names that narrow a task to these tables; none if these are all tables."""
        names = tuple(diff.name for diff in diffs)
        return names if len(names) < len(self._comparison.tables) else ()
