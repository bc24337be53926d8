"""A saved plan, applied: what the direct repair does, or nothing, whatever happened in between.

Random pairs of sets on the strict control plane in memory, as in ``test_repair``.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from osem_tasks.apply.read import inspect_when_stable
from osem_tasks.apply.repair import repair as apply_repair
from osem_tasks.errors import OsemError
from osem_tasks.plan.actions import PRUNE, REPLACE, Action, Plan
from osem_tasks.plan.repair import repair_actions
from osem_tasks.plan.saved import Origin, document_of
from osem_tasks.plan.saved_shape import checked
from osem_tasks.plan.setup import setup_plan
from osem_tasks.plan.stale import changes
from tests.properties.pairs import Pair, crowded, pairs
from tests.properties.world import EVERYTHING, fake_of, new_run, repair
from tests.support.examples import examples
from tests.support.fake_dynamodb import Killed
from tests.support.patience import Clock, no_waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.schema.model import TableSet
    from tests.support.fake_dynamodb import FakeDynamoDB

OPTIONS = st.sampled_from(((), (PRUNE,), (REPLACE,), EVERYTHING))
TASKS = {"db.repair": EVERYTHING, "db.setup": ("--repair",)}
TARGET = dict.fromkeys(("account", "region", "endpoint", "engine"), "") | {
    "environment": "dev",
    "tables": "{table}",
}


@pytest.fixture(scope="module", autouse=True)
def _no_waiting() -> Iterator[None]:
    """Let the package sleep on a clock of its own."""
    with no_waiting(Clock()):
        yield


def planned(fake: FakeDynamoDB, tables: TableSet, options: tuple[str, ...]) -> dict[str, Any]:
    """The document of ``db.repair --plan-out``, as a new process reads it."""
    run, _ = new_run(fake, tables)
    comparison = inspect_when_stable(run)
    plan = Plan(repair_actions(comparison), options)
    origin = Origin(task="db.repair", version="1", written="now", target=TARGET, options=plan.given)
    text = json.dumps(document_of(origin, comparison, plan))
    return checked(json.loads(text), "1", TASKS)


def applied(
    fake: FakeDynamoDB, tables: TableSet, saved: dict[str, Any]
) -> tuple[list[str], tuple[Action, ...]]:
    """``db.repair --plan``: what has changed, or else the steps that were carried out."""
    options = tuple(saved["options"])
    found = changes(saved, planned(fake, tables, options))
    if found:
        return found, ()
    run, _ = new_run(fake, tables)
    steps = Plan(repair_actions(inspect_when_stable(run)), options)
    with contextlib.suppress(OsemError):
        apply_repair(run, steps.runnable)
    return [], tuple(run.journal.completed)


@given(pairs() | crowded(), OPTIONS)
@examples(120)
def test_a_plan_does_what_the_direct_repair_does(pair: Pair, options: tuple[str, ...]) -> None:
    """Same state, same steps: those that the file says run, and no other."""
    direct, fake = fake_of(pair), fake_of(pair)
    done = repair(direct, pair.declared, options)
    saved = planned(fake, pair.declared, options)

    found, completed = applied(fake, pair.declared, saved)

    assert found == []
    assert fake.state() == direct.state()
    assert set(completed) == set(done.completed)
    runs = [step for step in saved["actions"] if step["state"] == "runs"]
    assert {(action.table, action.kind.value, action.target) for action in completed} <= {
        (step["tableName"], step["action"], step["target"]) for step in runs
    }


@given(pairs(), OPTIONS, OPTIONS, st.integers(0, 40), st.booleans())
@examples(120)
def test_a_plan_is_refused_once_something_was_changed(
    pair: Pair, options: tuple[str, ...], others: tuple[str, ...], at: int, answered: bool
) -> None:
    """Another run, or the first half of this one, is seen: then nothing is written."""
    fake = fake_of(pair)
    saved = planned(fake, pair.declared, options)
    before = fake.state()
    fake.kill(at, answered=answered)
    with contextlib.suppress(Killed):
        repair(fake, pair.declared, others)
    fake.revive()
    between = fake.state()
    fake.forget()
    event("changed" if between != before else "not changed")

    found, completed = applied(fake, pair.declared, saved)

    if between != before:
        assert found
        assert (completed, fake.writes, fake.state()) == ((), [], between)
    else:
        assert found == []


@given(pairs(), pairs(), OPTIONS)
@examples(80)
def test_a_plan_is_refused_for_another_declaration(
    pair: Pair, other: Pair, options: tuple[str, ...]
) -> None:
    """A table that is declared otherwise, more, or no more: each is named."""
    fake = fake_of(pair)
    saved = planned(fake, pair.declared, options)
    fake.forget()

    found, _ = applied(fake, other.declared, saved)

    mine = {table.name: table for table in pair.declared}
    theirs = {table.name: table for table in other.declared}
    differing = {name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)}
    assert {name for name in differing if not any(name in text for text in found)} == set()
    assert bool(found) == bool(differing)
    assert not differing or fake.writes == []


@given(pairs(), st.booleans())
@examples(50)
def test_a_setup_reads_its_plan_again(pair: Pair, repairing: bool) -> None:
    """A setup that is planned twice has the same document, with every table and step."""
    fake = fake_of(pair)

    def document() -> dict[str, Any]:
        run, _ = new_run(fake, pair.declared)
        decided = setup_plan(inspect_when_stable(run), repairing=repairing)
        origin = Origin(task="db.setup", version="1", written="now", target=TARGET)
        text = json.dumps(document_of(origin, decided.comparison, decided.plan))
        return checked(json.loads(text), "1", TASKS)

    first = document()

    assert changes(first, document()) == []
    assert [table["tableName"] for table in first["tables"]] == [*pair.declared.names]
