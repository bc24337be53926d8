"""Repairs as ``db.repair`` makes them, on the fake; and what must be left by the rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osem_tasks.apply.read import inspect, inspect_when_stable
from osem_tasks.apply.repair import repair as apply_repair
from osem_tasks.apply.run import Journal, Run
from osem_tasks.errors import OsemError
from osem_tasks.plan.actions import OPTIONS, Action, Plan
from osem_tasks.plan.repair import repair_actions
from osem_tasks.waiting.clock import Deadline
from tests.support.fake_dynamodb import TARGET, FakeDynamoDB, store

if TYPE_CHECKING:
    import pytest

    from osem_tasks.aws.store import TableStore
    from osem_tasks.config.target import Target
    from osem_tasks.schema.difference import Comparison
    from osem_tasks.schema.model import Index, Table, TableSet
    from osem_tasks.waiting.progress import Step
    from tests.properties.pairs import Pair

EVERYTHING = OPTIONS
HOURS = 24 * 3600.0


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

    def begin(self, step: Step) -> None:
        """A step is counted."""


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


def run_of(
    of: TableStore, tables: TableSet, target: Target = TARGET, seconds: float = HOURS
) -> tuple[Run, Silent]:
    """A run of a new process, and what it tells."""
    told = Silent()
    return Run(target, tables, of, Deadline(seconds), told, Journal(tables.names)), told


def new_run(fake: FakeDynamoDB, tables: TableSet) -> tuple[Run, Silent]:
    """A run of a new process on the fake."""
    return run_of(store(fake), tables)


def comparison_of(of: TableStore, tables: TableSet) -> Comparison:
    """What the store holds, compared."""
    return inspect(run_of(of, tables)[0])


def plan(fake: FakeDynamoDB, tables: TableSet) -> tuple[Action, ...]:
    """The plan, read anew."""
    return repair_actions(comparison_of(store(fake), tables))


def repair(fake: FakeDynamoDB, tables: TableSet, options: tuple[str, ...] = ()) -> Repaired:
    """``db.repair`` with these options."""
    run, told = new_run(fake, tables)
    steps = Plan(repair_actions(inspect_when_stable(run)), options)
    error = None
    try:
        apply_repair(run, steps.runnable)
    except OsemError as failure:
        error = failure
    return Repaired(steps.actions, tuple(run.journal.completed), error, tuple(told.told))


def differences(fake: FakeDynamoDB, tables: TableSet) -> set[tuple[str, str]]:
    """Table and path of every fact that differs."""
    diffs = comparison_of(store(fake), tables).diffs
    return {(diff.name, fact.path) for diff in diffs for fact in diff.issues}


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
    if paths:  # its indexes are left alone
        paths |= _all_index_paths(declared, held)
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


def _all_index_paths(declared: Table, held: Table) -> set[str]:
    theirs = {index.name: index for index in held.global_indexes}
    paths = {
        path for index in declared.global_indexes for path in _paths(index, theirs.get(index.name))
    }
    extra = theirs.keys() - {index.name for index in declared.global_indexes}
    return paths | {f"index[{name}]" for name in extra}


def _fixed_indexes(declared: Table, held: Table) -> set[str]:
    local = {each.name for each in held.local_indexes}
    theirs = {each.name: each for each in held.global_indexes}
    open_ = {
        each.name: each
        for each in declared.global_indexes
        if not _alike(each, theirs.get(each.name))
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
