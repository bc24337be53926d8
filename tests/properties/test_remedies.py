"""What a message tells to type is true: followed, it mends the difference, or it said nothing will.

Random pairs of sets on a fake that refuses what AWS refuses. Waiting takes no time.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from osem_tasks.apply.setup import setup
from osem_tasks.errors import OsemError
from osem_tasks.plan.remedies import Remedies, Remedy
from osem_tasks.plan.setup import setup_plan
from osem_tasks.schema.difference import Fact, IssueType, TableDiff
from osem_tasks.schema.model import TableSet, table
from tests.properties.pairs import Pair, pairs
from tests.properties.world import (
    EVERYTHING,
    announce,
    comparison_of,
    differences,
    fake_of,
    new_run,
    repair,
)
from tests.support.examples import examples
from tests.support.fake_dynamodb import FakeDynamoDB, store
from tests.support.patience import Clock, no_waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLLOWED: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _no_waiting(request: pytest.FixtureRequest) -> Iterator[None]:
    """Sleep on a clock of one's own; say in the end how many remedies were followed."""
    with no_waiting(Clock()):
        yield
    numbers = ", ".join(f"{number} {task}" for task, number in sorted(FOLLOWED.items()))
    announce(request, f"remedies followed: {FOLLOWED.total()} ({numbers})")


def run_setup(fake: FakeDynamoDB, tables: TableSet, *, repairing: bool = False) -> None:
    """``db.setup``; what stops it is not of interest here, what it left is."""
    run, _ = new_run(fake, tables)
    with contextlib.suppress(OsemError):
        setup(run, repairing=repairing)


def remedies_of(fake: FakeDynamoDB, tables: TableSet, *, protected: bool) -> Remedies:
    """The remedies that ``db.verify`` gives."""
    return Remedies(comparison_of(store(fake), tables), protected=protected)


def follow(remedy: Remedy, pair: Pair) -> FakeDynamoDB:
    """The control plane after the command was typed."""
    chosen = remedy.tables or pair.declared.names
    declared = TableSet(tuple(table for table in pair.declared if table.name in chosen))
    fake = fake_of(pair)
    if remedy.task == "db.repair":
        repair(fake, declared, remedy.options)
    elif remedy.task == "db.setup":
        run_setup(fake, declared, repairing="--repair" in remedy.options)
    elif remedy.task == "db.migrate" and remedy.options:
        # The second table has every item; the old one stays, so that nothing is mended here.
        (option, name) = remedy.options
        assert option == "--to"
        assert name not in {*pair.declared.names, *(table.name for table in pair.held)}
        second = TableSet(tuple(replace(table, name=name) for table in declared))
        run_setup(fake, second)
        assert differences(fake, second) == differences(fake_of(fresh(second)), second)
    elif remedy.task in ("db.reset", "db.migrate"):
        # A migration too ends with a table that is created as declared.
        left = tuple(table for table in pair.held if table.name not in declared.names)
        fake = fake_of(replace(pair, held=left))
        run_setup(fake, declared)
    return fake


def fresh(tables: TableSet) -> Pair:
    """A world in which these tables are as a setup makes them."""
    return Pair(tables, tuple(tables), "fresh")


@pytest.mark.long
@given(pairs(), st.booleans())
@examples(100)
def test_a_remedy_mends_its_difference_or_says_that_nothing_will(
    pair: Pair, protected: bool
) -> None:
    """For every difference: the command mends it; without a command, no command would."""
    found = comparison_of(store(fake_of(pair)), pair.declared)
    remedies = Remedies(found, protected=protected)
    for diff in found.diffs:
        for fact in diff.issues:
            remedy = remedies.of(diff, fact)
            task = " ".join((remedy.task or "nothing", *remedy.options))
            event(task)
            FOLLOWED[task] += 1
            for way in filter(None, (remedy, remedy.other)):
                left = differences(follow(way, pair), pair.declared)
                beside = way.task == "db.migrate" and bool(way.options)
                assert ((diff.name, fact.path) in left) is (beside or not way.task), (task, fact)
            if remedy.task in ("", "db.reset", "db.migrate"):
                assert _nothing_mends(pair, diff, fact), fact


def _nothing_mends(pair: Pair, diff: TableDiff, fact: Fact) -> bool:
    """Whether neither a repair with every option nor a setup after it mends the difference."""
    fake = fake_of(pair)
    repair(fake, pair.declared, EVERYTHING)
    run_setup(fake, pair.declared, repairing=True)
    return (diff.name, fact.path) in differences(fake, pair.declared)


@given(pairs())
@examples(100)
def test_a_remedy_asks_for_no_option_too_many(pair: Pair) -> None:
    """Every option that a repair's remedy names is needed: one less mends nothing."""
    found = comparison_of(store(fake_of(pair)), pair.declared)
    remedies = Remedies(found, protected=False)
    for diff in found.diffs:
        for fact in diff.issues:
            remedy = remedies.of(diff, fact)
            for option in remedy.options if remedy.task == "db.repair" else ():
                fake = fake_of(pair)
                repair(fake, pair.declared, tuple(o for o in remedy.options if o != option))
                assert (diff.name, fact.path) in differences(fake, pair.declared)


@given(pairs())
@examples(100)
def test_where_nothing_may_be_deleted_no_remedy_deletes(pair: Pair) -> None:
    """A protected environment, and a table under deletion protection, are never sent to reset."""
    found = comparison_of(store(fake_of(pair)), pair.declared)
    for protected in (True, False):
        remedies = Remedies(found, protected=protected)
        for diff in found.diffs:
            for fact in diff.issues:
                remedy = remedies.of(diff, fact)
                for way in filter(None, (remedy, remedy.other)):
                    deleted = way.tables or pair.declared.names
                    kept = protected or any(
                        table.deletion_protection for table in pair.held if table.name in deleted
                    )
                    deletes = way.task == "db.reset" or (
                        way.task == "db.migrate" and not way.options
                    )
                    assert not (deletes and kept)


def test_a_missing_table_beside_one_that_cannot_change() -> None:
    """Setup would stop at the other table, so that the remedy narrows it."""
    declared = TableSet((table("Users", "id S"), table("Teams", "id S")))
    pair = Pair(declared, (table("Users", "id N"),), "one")

    remedies = remedies_of(fake_of(pair), declared, protected=True)

    diff = comparison_of(store(fake_of(pair)), declared).diffs[1]
    assert diff.issues[0].issue_type is IssueType.TABLE_NOT_FOUND
    assert remedies.of(diff, diff.issues[0]) == Remedy(task="db.setup", tables=("Teams",))


@given(pairs())
@examples(100)
def test_what_a_stopped_setup_says_lets_the_others_go_on(pair: Pair) -> None:
    """Nobody is sent in a circle: the remedies mend what they name, and set up the rest."""
    found = comparison_of(store(fake_of(pair)), pair.declared)
    blocking = setup_plan(found).blocking
    if not blocking:
        return
    remedies = Remedies(found, protected=False).of_stopped_setup(blocking, local=True)
    left = differences(follow(remedies[-1], pair), pair.declared)
    named = {*remedies[-1].tables} or {*pair.declared.names}
    if remedies[-1].task == "db.setup":
        event("setup")
        assert not [path for name, path in left if name in named and path == "table"]
    for remedy in remedies:
        for way in filter(None, (remedy, remedy.other)):
            if way.task in ("db.reset", "db.migrate") and not way.options:
                event(way.task)
                after = differences(follow(way, pair), pair.declared)
                assert not [n for n, _ in after if n in (way.tables or pair.declared.names)]
