"""Finds the remedy for a difference, using the same plan as the repair."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from osem_tasks.plan.repair import repair_actions
from osem_tasks.plan.setup import setup_plan
from osem_tasks.schema.difference import IssueType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from osem_tasks.plan.actions import Action
    from osem_tasks.schema.difference import Comparison, Fact, TableDiff

NOT_IN_PLACE = "cannot be changed in place"
MOVE_DATA = f"{NOT_IN_PLACE}: the data has to move to a new table"
IF_DISCARDED = f"{NOT_IN_PLACE}. If the data can be discarded: "
KEEP_DATA = f"{NOT_IN_PLACE}. To keep the items: "
KEEP_EACH = f"{NOT_IN_PLACE}. To keep the items, one table at a time: "
BESIDE = f"{MOVE_DATA}, beside this one: "
BESIDE_EACH = f"{MOVE_DATA}, one table at a time: "
DISCARD = "if the items can be discarded: "
MIGRATE = "db.migrate"
LISTS = "   lists the differences and how to fix them"
# DynamoDB's limit for the name of a table.
_LONGEST = 255
_WAITING = (IssueType.TABLE_NOT_ACTIVE, IssueType.GSI_NOT_ACTIVE)


@dataclass(frozen=True, slots=True)
class Remedy:
    """A task with its options, or only ``words`` if no task helps.

    ``words`` precede the command: what is impossible, or what to do first. ``tables`` narrow the
    task; without them it acts on every table of its target. ``gives`` follows the command, and
    ``other`` is another way.
    """

    words: str = ""
    task: str = ""
    options: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    gives: str = ""
    other: Remedy | None = None


def second_name(table: str, taken: Collection[str]) -> str:
    """Return a valid name like ``table`` for a second table, ``TABLE-v2``, that is not taken."""
    base, _, number = table.rpartition("-v")
    if not (base and re.fullmatch("[1-9][0-9]{0,3}", number)):
        base, number = table, "1"
    names = (f"{base[: _LONGEST - len(end)]}{end}" for end in _ends(int(number) + 1))
    return next(name for name in names if name not in taken)


def to_new_table(table: str, taken: Collection[str], *, kept: bool) -> Remedy:
    """Return the migration of ``table``, into a second one if the old one is to be ``kept``."""
    options = ("--to", second_name(table, taken)) if kept else ()
    return Remedy("", MIGRATE, options, (table,))


def _ends(first: int) -> Iterator[str]:
    for number in itertools.count(first):
        yield f"-v{number}"


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
            engine = live.fixed.get(fact.path, "") if live else ""
            return self._not_on_engine([diff], engine) if engine else self._new_table([diff])
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
        found = self._of_lasting(lasting)
        if not (local and lasting and self._may_reset(lasting)):
            verify = Remedy(task="db.verify", tables=self._only(blocking), gives=LISTS)
            # On AWS nobody is sent to a reset, only to what keeps the items.
            kept = [replace(one, other=None) for one in found if one.task == MIGRATE]
            found = [verify, *kept]
        return [*found, *self._of_others(blocking)]

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
        return found + self._of_lasting(lasting)

    def of_lasting(self) -> dict[str, Remedy]:
        """Return the remedy of each table that cannot be changed in place, by its name."""
        lasting = [diff for diff in self._comparison.differing if diff.exists]
        return {diff.name: self._of_lasting([diff])[0] for diff in lasting if self._is_fixed(diff)}

    def _of_lasting(self, lasting: Sequence[TableDiff]) -> list[Remedy]:
        """Return a remedy, with the names in its words, for tables that have the same way."""
        groups: dict[tuple[bool, bool], list[TableDiff]] = {}
        for diff in lasting:
            key = (self._needs_new_table(diff), self._may_reset([diff]))
            groups.setdefault(key, []).append(diff)
        found = []
        for (new_table, _), diffs in groups.items():
            remedy = self._new_table(diffs) if new_table else self._not_on_engine(diffs)
            names = ", ".join(diff.name for diff in diffs)
            found.append(replace(remedy, words=f"{names}: {remedy.words}"))
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

    def _needs_new_table(self, diff: TableDiff) -> bool:
        """Return whether DynamoDB, and not this engine alone, refuses to change the table."""
        live = self._comparison.found.get(diff.name)
        fixed = live.fixed.keys() if live else ()
        return any(
            not action.possible and not {*action.mends} <= {*fixed}
            for action in self._repairs
            if action.table == diff.name
        )

    def _new_table(self, diffs: Sequence[TableDiff]) -> Remedy:
        """Return what moves the data of the first table into a new one, and how to lose it."""
        several, kept = len(diffs) > 1, not self._may_reset(diffs)
        taken = {*self._comparison.tables.names, *self._comparison.found}
        migration = to_new_table(diffs[0].name, taken, kept=kept)
        if kept:
            return replace(migration, words=BESIDE_EACH if several else BESIDE)
        reset = Remedy(DISCARD, "db.reset", tables=self._only(diffs))
        return replace(migration, words=KEEP_EACH if several else KEEP_DATA, other=reset)

    def _not_on_engine(self, diffs: Sequence[TableDiff], engine: str = "") -> Remedy:
        """Return a reset for what only this engine cannot change; ``engine`` says why."""
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
