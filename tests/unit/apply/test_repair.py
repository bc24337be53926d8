"""A repair: apply the actions, read everything again, and say what still differs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from osem_tasks.apply.read import inspect, inspect_when_stable
from osem_tasks.apply.repair import repair
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.plan.actions import Kind, Plan
from osem_tasks.plan.remedies import Remedies
from osem_tasks.plan.repair import repair_actions
from osem_tasks.schema.difference import IssueType
from osem_tasks.schema.model import Table, TableSet, TimeToLive, table
from osem_tasks.waiting.policy import using
from tests.properties.pairs import Pair, pairs
from tests.support.examples import examples
from tests.support.scripted_dynamodb import Fault, ScriptedDynamoDB, Way, refused
from tests.support.still_clock import still_clock
from tests.unit.apply.runs import MINUTE, POLICY, Told, new_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.apply.run import Run

PLAIN = table("Users", "id S")
INDEX = table("Users", "id S", {"a-index": "a S"})


def repaired(
    fake: ScriptedDynamoDB,
    declared: TableSet,
    given: Sequence[str] = (),
    seconds: float = MINUTE,
) -> tuple[Run, Told, OsemError | None]:
    """A repair with these options, what it told, and how it failed."""
    faults, fake.faults = fake.faults, []
    run, told = new_run(fake, declared, seconds)
    plan = Plan(repair_actions(inspect_when_stable(run)), tuple(given))
    fake.faults = faults
    fake.forget()
    try:
        repair(run, plan.runnable)
    except OsemError as error:
        return run, told, error
    return run, told, None


def holding(held: Table, *faults: Fault, delay: int = 0) -> ScriptedDynamoDB:
    """The control plane with one table and three items in it."""
    fake = ScriptedDynamoDB(*faults, delay=delay)
    fake.hold(held, items=3)
    return fake


@pytest.mark.parametrize("delay", [0, 3])
def test_a_repair_ends_with_a_reading(delay: int) -> None:
    """What it did is proven by reading everything again."""
    fake = holding(PLAIN, delay=delay)

    run, told, error = repaired(fake, TableSet((INDEX,)))

    assert error is None
    assert [action.kind for action in run.journal.completed] == [Kind.CREATE_INDEX]
    assert "reading everything again" in told.texts
    assert fake.calls[-1][0] == "DescribeTable"


def test_what_was_held_back_is_the_error() -> None:
    """The actions that ran are told, and so is what still differs."""
    fake = holding(table("Users", "id S", {"x-index": "x S"}))
    declared = replace(INDEX, tags=(("a", "1"),))

    run, _, error = repaired(fake, TableSet((declared,)))

    assert error is not None
    assert error.code is ErrorCode.SCHEMA_VALIDATION_FAILED
    assert [issue["type"] for issue in error.details["issues"]] == ["EXTRA_GSI"]
    assert {action.kind for action in run.journal.completed} == {
        Kind.CREATE_INDEX,
        Kind.SET_TAGS,
    }


def test_nothing_to_do_changes_nothing() -> None:
    """A table as declared is read and left alone."""
    fake = holding(INDEX)

    run, _, error = repaired(fake, TableSet((INDEX,)))

    assert (error, fake.writes, run.journal.completed) == (None, [], [])


@pytest.mark.parametrize("times", [1, 3])
def test_what_is_seen_late_is_looked_at_again(times: int) -> None:
    """An action that is done and still seems to be needed is eventual consistency."""
    fake = holding(INDEX, Fault("DescribeTable", Way.STALE, times=times, after=3))

    _, _, error = repaired(fake, TableSet((PLAIN,)), ["--prune"])

    assert error is None


def test_what_is_never_seen_is_the_error_after_some_seconds() -> None:
    """The looks are bounded by the window and the pauses."""
    fake = holding(PLAIN, Fault("DescribeTable", Way.STALE, times=None))

    run, _, error = repaired(fake, TableSet((INDEX,)), seconds=1000.0)

    assert error is not None
    assert error.code is ErrorCode.SCHEMA_VALIDATION_FAILED
    assert [action.kind for action in run.journal.completed] == [Kind.CREATE_INDEX]
    assert fake.count("DescribeTable") <= 2 * POLICY.visibility / POLICY.poll.first + 6


@pytest.mark.parametrize("seconds", [2.0, 5.0])
def test_no_reading_begins_after_the_deadline(seconds: float) -> None:
    """The window of the last readings ends with the deadline, however long it could be."""
    fake = holding(PLAIN, Fault("DescribeTable", Way.STALE, times=None))

    _, _, error = repaired(fake, TableSet((INDEX,)), seconds=seconds)

    assert error is not None
    assert error.code is ErrorCode.TIMEOUT
    assert fake.count("DescribeTable") <= seconds / POLICY.poll.first + 4


def test_a_failed_action_is_the_error() -> None:
    """Nothing is read again for a failure that is told already."""
    fake = holding(table("Users", "id S"), refused("UpdateTimeToLive", "AccessDeniedException"))
    declared = table("Users", "id S", ttl=TimeToLive("at"))

    run, told, error = repaired(fake, TableSet((declared,)), ["--prune"])

    assert error is not None
    assert error.code is ErrorCode.AWS_PERMISSIONS_DENIED
    assert list(run.journal.failed) == ["Users"]
    assert "reading everything again" not in told.texts


@given(pairs(most=2))
@examples(60)
def test_a_remedy_mends_what_it_is_proposed_for(pair: Pair) -> None:
    """A repair with the options of a remedy leaves no trace of that difference."""
    with still_clock(), using(POLICY):
        comparison = inspect(new_run(_held(pair), pair.declared)[0])
        remedies = Remedies(comparison, protected=False)
        for diff in comparison.diffs:
            for fact in diff.issues:
                remedy = remedies.of(diff, fact)
                if fact.issue_type is IssueType.TABLE_NOT_FOUND or remedy.task != "db.repair":
                    continue
                fake = _held(pair)
                repaired(fake, pair.declared, remedy.options)

                left = inspect(new_run(fake, pair.declared)[0])
                differing = {
                    (other.name, issue.path) for other in left.diffs for issue in other.issues
                }
                assert (diff.name, fact.path) not in differing


def _held(pair: Pair) -> ScriptedDynamoDB:
    """The control plane with the tables that exist."""
    fake = ScriptedDynamoDB()
    for held in pair.held:
        fake.hold(held, items=3)
    return fake
