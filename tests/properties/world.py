"""Repairs as ``db.repair`` makes them, on the fake; and what must be left by the rules."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osem_tasks.apply import setup as provision
from osem_tasks.apply.journal import Journal
from osem_tasks.apply.run import Run
from osem_tasks.errors import OsemError
from osem_tasks.output import plan as planview
from osem_tasks.plan.actions import PRUNE, REPLACE, Action
from osem_tasks.plan.repair import repair_plan
from osem_tasks.waiting.clock import Deadline
from tests.support.fake_dynamodb import FakeDynamoDB, store

if TYPE_CHECKING:
    import pytest

    from osem_tasks.aws.store import TableStore
    from osem_tasks.schema.model import Index, Table, TableSet
    from tests.properties.pairs import Pair

EVERYTHING = (PRUNE, REPLACE)
HOURS = 24 * 3600.0


class Clock:
    """A clock on which sleeping takes no time."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds, those slept included."""
        return time.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Go on at once, later."""
        with self._lock:
            self._ahead += seconds


@dataclass
class Silent:
    """A narrator that keeps what it is told."""

    told: list[str] = field(default_factory=list)

    def info(self, text: str) -> None:
        """A step begins."""
        self.told.append(text)

    def say(self, text: str) -> None:
        """How far it has come."""
        self.told.append(text)


@dataclass(frozen=True)
class Repaired:
    """What became of one run."""

    planned: tuple[Action, ...]
    completed: tuple[Action, ...]
    error: OsemError | None
    told: tuple[str, ...]


def fake_of(pair: Pair, *, items: int = 3, delay: int = 0, seed: int = 0) -> FakeDynamoDB:
    """The fake that holds one side of the pair, with items in every table."""
    fake = FakeDynamoDB(delay=delay, seed=seed)
    for table in pair.held:
        fake.hold(table, items)
    return fake


def announce(request: pytest.FixtureRequest, text: str) -> None:
    """Write a line to the terminal, past pytest's capture."""
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if capture is not None and reporter is not None:
        with capture.global_and_fixture_disabled():
            reporter.write_line(f"\n{text}")


def new_run(fake: FakeDynamoDB, tables: TableSet) -> tuple[Run, Silent]:
    """A run of a new process."""
    told = Silent()
    return Run(store(fake), tables, Journal(tables.names), Deadline(HOURS), told), told


def survey_of(of: TableStore, tables: TableSet) -> provision.Survey:
    """What the store holds, compared."""
    return provision.inspect(of, tables, Deadline(HOURS), lambda _: None)


def plan(fake: FakeDynamoDB, tables: TableSet) -> tuple[Action, ...]:
    """The plan, read anew."""
    survey = survey_of(store(fake), tables)
    return repair_plan(tables, survey.diffs, survey.found)


def repair(fake: FakeDynamoDB, tables: TableSet, options: tuple[str, ...] = ()) -> Repaired:
    """``db.repair`` with these options."""
    run, told = new_run(fake, tables)
    survey = provision.settled(run.store, tables, run.deadline, run.say)
    steps = repair_plan(tables, survey.diffs, survey.found)
    runnable = [each for each in steps if each.possible and not planview.needs(each, options)]
    error = None
    try:
        provision.repair(run, runnable)
    except OsemError as failure:
        error = failure
    return Repaired(steps, tuple(run.journal.completed), error, tuple(told.told))


def differences(fake: FakeDynamoDB, tables: TableSet) -> set[tuple[str, str]]:
    """Table and path of every fact that differs."""
    survey = survey_of(store(fake), tables)
    return {(diff.name, issue.path) for diff in survey.diffs for issue in diff.issues}


def left_for_good(pair: Pair) -> set[tuple[str, str]]:
    """The facts that no UpdateTable can bring about, by the rules of the API, on their own.

    The key and the local indexes of a table are fixed. Their attributes' types are fixed
    with them, so that a global index which needs another type cannot be built; it is not
    taken away either, hence the types of its own attributes stay too. A name that a local
    index has is taken.
    """
    held = {each.name: each for each in pair.held}
    left = {(each.name, "table") for each in pair.declared if each.name not in held}
    for declared in pair.declared:
        if declared.name in held:
            paths = _fixed(declared, held[declared.name])
            left |= {(declared.name, path) for path in paths}
    return left


def _fixed(declared: Table, held: Table) -> set[str]:
    paths = set()
    if declared.key.partition != held.key.partition:
        paths.add("key.partition")
    if declared.key.sort != held.key.sort:
        paths.add("key.sort")
    mine = {each.name: each for each in declared.local_indexes}
    theirs = {each.name: each for each in held.local_indexes}
    for name in mine.keys() | theirs.keys():
        if name not in mine or name not in theirs:
            paths.add(f"local_index[{name}]")
            continue
        if mine[name].key != theirs[name].key:
            paths.add(f"local_index[{name}].key")
        if mine[name].projection != theirs[name].projection:
            paths.add(f"local_index[{name}].projection")
    return paths | _fixed_indexes(declared, held)


def _fixed_indexes(declared: Table, held: Table) -> set[str]:
    local = {each.name for each in held.local_indexes}
    theirs = {each.name: each for each in held.global_indexes}
    open_ = {
        each.name: each for each in declared.global_indexes if not _alike(each, theirs.get(each.name))
    }
    types = {
        each.name: each.type
        for key in (held.key, *(index.key for index in held.local_indexes))
        for each in key.attributes
    }
    paths: set[str] = set()
    while True:
        stuck = [
            index
            for index in open_.values()
            if index.name in local
            or any(types.get(each.name, each.type) != each.type for each in index.key.attributes)
        ]
        if not stuck:
            return paths
        for index in stuck:
            del open_[index.name]
            live = theirs.get(index.name)
            paths |= _paths(index, live)
            types |= {each.name: each.type for each in (live.key.attributes if live else ())}


def _alike(mine: Index, theirs: Index | None) -> bool:
    return theirs is not None and mine.key == theirs.key and mine.projection == theirs.projection


def _paths(mine: Index, theirs: Index | None) -> set[str]:
    if theirs is None:
        return {f"index[{mine.name}]"}
    found = set()
    if mine.key != theirs.key:
        found.add(f"index[{mine.name}].key")
    if mine.projection != theirs.projection:
        found.add(f"index[{mine.name}].projection")
    return found
