"""Changes of existing tables: one at a time on a table, awaited, and told exactly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.apply.read import inspect_when_stable
from osem_tasks.apply.update import Updater
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.plan.actions import PRUNE, Action, Kind, Plan
from osem_tasks.plan.repair import repair_actions
from osem_tasks.schema.model import Table, TableSet, TimeToLive, table
from osem_tasks.waiting.policy import Policy, current, using
from tests.support.fake_dynamodb import Killed
from tests.support.scripted_dynamodb import Fault, ScriptedDynamoDB, Way, refused
from tests.support.still_clock import still_clock
from tests.unit.apply.runs import MINUTE, POLICY, Told, new_run

if TYPE_CHECKING:
    from osem_tasks.apply.run import Run

ONE = table("Users", "id S", {"a-index": "a S", "b-index": "b S"})
BARE = table("Users", "id S", {"x-index": "x S"})
INDEX = table("Users", "id S", {"a-index": "a S"})
PLAIN = table("Users", "id S")
STALE = Fault("DescribeTable", Way.STALE, times=None)


def planned(
    fake: ScriptedDynamoDB, declared: TableSet, seconds: float = MINUTE
) -> tuple[Run, Told, tuple[Action, ...]]:
    """A run, what it tells, and the repairs from what the fake holds to what is declared."""
    faults, fake.faults = fake.faults, []
    run, told = new_run(fake, declared, seconds)
    actions = Plan(repair_actions(inspect_when_stable(run)), (PRUNE,)).runnable
    fake.faults = faults
    fake.forget()
    return run, told, actions


def applied(
    fake: ScriptedDynamoDB, declared: Table, held: Table, seconds: float = MINUTE
) -> tuple[Run, Told, OsemError | None]:
    """The repairs of one table carried out."""
    fake.hold(held)
    run, told, actions = planned(fake, TableSet((declared,)), seconds)
    try:
        Updater(run).apply(actions)
    except OsemError as error:
        return run, told, error
    return run, told, None


def kinds(run: Run) -> list[Kind]:
    """What was completed, in order."""
    return [action.kind for action in run.journal.completed]


@pytest.mark.parametrize("delay", [0, 1, 6])
def test_one_action_at_a_time_on_a_table(delay: int) -> None:
    """DynamoDB refuses a change while an index is built or dropped: none is sent too early."""
    fake = ScriptedDynamoDB(delay=delay)

    run, told, error = applied(fake, ONE, BARE)

    assert (error, fake.refused) == (None, [])
    assert kinds(run) == [Kind.DELETE_INDEX, Kind.CREATE_INDEX, Kind.CREATE_INDEX]
    assert fake.index_names("Users") == {"a-index", "b-index"}
    assert [text for text in told.texts if text.startswith("index ")][:1] == [
        "index 1 of 3 on Users: delete index x-index (x S)"
    ]


def test_what_is_not_about_an_index_is_not_counted() -> None:
    """Only index actions have a number; the others are named by themselves."""
    fake = ScriptedDynamoDB()

    _, told, _ = applied(fake, replace(INDEX, tags=(("a", "1"),)), PLAIN)

    assert [text for text in told.texts if not text.startswith("Users")] == [
        "index 1 of 1 on Users: create index a-index (a S)"
    ]
    assert "Users: set tags a=1" in told.texts


def test_tables_are_changed_side_by_side_and_each_in_order() -> None:
    """Every table has its own actions in their order, whichever table ends first."""
    names = [f"Table{number}" for number in range(6)]
    fake = ScriptedDynamoDB(delay=2)
    for name in names:
        fake.hold(replace(BARE, name=name))
    run, _, actions = planned(fake, TableSet(tuple(replace(ONE, name=name) for name in names)))

    Updater(run).apply(actions)

    for name in names:
        done = [action for action in run.journal.completed if action.table == name]
        assert done == [action for action in actions if action.table == name]
    assert fake.refused == []


def test_no_actions_need_no_call() -> None:
    """Nothing to do sends nothing."""
    fake = ScriptedDynamoDB()
    fake.hold(PLAIN)
    run, _, actions = planned(fake, TableSet((PLAIN,)))

    Updater(run).apply(actions)

    assert (actions, fake.calls) == ((), [])


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(refused("UpdateTable", "ThrottlingException", times=3), id="throttled"),
        pytest.param(
            refused(
                "UpdateTable",
                "LimitExceededException",
                message="Subscriber limit exceeded: Only 1 online index can be created or "
                "deleted simultaneously per table",
                times=3,
            ),
            id="too-many-at-once",
        ),
        pytest.param(
            refused("UpdateTable", "ResourceInUseException", times=3), id="changed-by-another"
        ),
    ],
)
def test_what_passes_by_itself_is_waited_out(fault: Fault) -> None:
    """The same change is sent again after a pause, and done once."""
    fake = ScriptedDynamoDB(fault)

    run, told, error = applied(fake, INDEX, PLAIN)

    assert (error, kinds(run)) == (None, [Kind.CREATE_INDEX])
    assert fake.count("UpdateTable") == 4
    assert len([text for text in told.texts if text.startswith("trying again: ")]) == 3


@pytest.mark.parametrize(
    "fault, code",
    [
        pytest.param(
            refused("UpdateTable", "AccessDeniedException"),
            ErrorCode.AWS_PERMISSIONS_DENIED,
            id="denied",
        ),
        pytest.param(
            refused("UpdateTable", "ValidationException"),
            ErrorCode.INVALID_CONFIGURATION,
            id="wrong",
        ),
        pytest.param(
            Fault("UpdateTable", Way.DROPPED, times=None), ErrorCode.NETWORK_ERROR, id="no-network"
        ),
    ],
)
def test_a_failure_stops_the_table_and_is_told(fault: Fault, code: ErrorCode) -> None:
    """What was done before stays done; what comes after is left alone."""
    fake = ScriptedDynamoDB(fault)
    fault.after = 1

    run, _, error = applied(fake, ONE, PLAIN)

    assert error is not None
    assert error.code is code
    assert kinds(run) == [Kind.CREATE_INDEX]
    assert run.journal.failed["Users"].error is error
    assert fake.index_names("Users") == {"a-index"}


def test_a_change_whose_answer_was_lost_is_not_sent_again() -> None:
    """Its effect can be seen: an index is not asked for twice."""
    fake = ScriptedDynamoDB(Fault("UpdateTable", Way.LOST), delay=2)

    run, _, error = applied(fake, INDEX, PLAIN)

    assert (error, kinds(run)) == (None, [Kind.CREATE_INDEX])
    assert (fake.count("UpdateTable"), fake.refused) == (1, [])


@pytest.mark.parametrize("number", [1, 2])
def test_a_change_that_did_not_arrive_is_sent_again(number: int) -> None:
    """Its effect cannot be seen: the request was lost, not only its answer."""
    fake = ScriptedDynamoDB(Fault("UpdateTable", Way.DROPPED, times=number))

    run, _, error = applied(fake, INDEX, PLAIN)

    assert (error, kinds(run)) == (None, [Kind.CREATE_INDEX])
    assert fake.count("UpdateTable") == number + 1
    assert fake.index_names("Users") == {"a-index"}


@pytest.mark.parametrize("times", [1, 4])
def test_an_effect_that_is_seen_late_is_waited_for(times: int) -> None:
    """ACTIVE may still be the state before: the next action waits until the index is seen."""
    fake = ScriptedDynamoDB(Fault("DescribeTable", Way.STALE, times=times, after=1))

    run, _, error = applied(fake, ONE, PLAIN)

    assert (error, kinds(run)) == (None, [Kind.CREATE_INDEX] * 2)
    assert fake.refused == []


@given(st.floats(0.1, POLICY.visibility - 1.0))
def test_an_effect_that_is_never_seen_is_a_timeout(seconds: float) -> None:
    """At the deadline the action is named; the looks are bounded by the deadline and the pauses."""
    with still_clock(), using(POLICY):
        fake = ScriptedDynamoDB(STALE)

        run, _, error = applied(fake, INDEX, PLAIN, seconds)

        assert error is not None
        assert error.code is ErrorCode.TIMEOUT
        assert "create index a-index" in error.message
        assert kinds(run) == []
        assert fake.count("UpdateTable") == 1
        assert fake.count("DescribeTable") <= seconds / current().poll.first + 4


@given(st.floats(1.0, 40.0), st.floats(0.2, 1.0), st.floats(0.0, 1.0))
def test_the_looks_of_any_wait_are_bounded(seconds: float, first: float, more: float) -> None:
    """Whatever the deadline and the pauses: no wait spins, before its end or after it."""
    policy = Policy(
        poll=POLICY.poll._replace(first=first, longest=first + more),
        retry=POLICY.retry,
        visibility=10**6,
        calls_per_second={},
    )
    with still_clock(), using(policy):
        fake = ScriptedDynamoDB(STALE)

        _, _, error = applied(fake, INDEX, PLAIN, seconds)

        assert error is not None
        assert error.code is ErrorCode.TIMEOUT
        assert fake.count("DescribeTable") <= seconds / first + 4


def test_after_some_seconds_an_effect_is_taken_for_granted() -> None:
    """Eventual consistency lasts seconds; what is read in the end is the proof."""
    fake = ScriptedDynamoDB(STALE)

    run, _, error = applied(fake, INDEX, PLAIN, 100.0)

    assert (error, kinds(run)) == (None, [Kind.CREATE_INDEX])
    assert fake.count("DescribeTable") <= POLICY.visibility / POLICY.poll.first + 4


@given(st.floats(0.1, 40.0))
def test_a_build_that_never_ends_is_a_timeout(seconds: float) -> None:
    """The state of the table is part of the message; the looks are bounded."""
    with still_clock(), using(POLICY):
        fake = ScriptedDynamoDB(delay=10**9)

        run, told, error = applied(fake, INDEX, PLAIN, seconds)

        assert error is not None
        assert error.code is ErrorCode.TIMEOUT
        assert "creating" in error.message
        assert kinds(run) == []
        assert any("creating" in text for text in told.texts)
        assert fake.count("DescribeTable") <= seconds / current().poll.first + 4


def test_a_table_that_somebody_deletes_meanwhile_is_told() -> None:
    """It is not created again behind anybody's back: the remedy says how."""
    fake = ScriptedDynamoDB(Fault("DescribeTable", Way.UNSEEN, times=None, after=2), delay=5)

    _, _, error = applied(fake, INDEX, PLAIN)

    assert error is not None
    assert (error.code, error.table) == (ErrorCode.TABLE_NOT_FOUND, "Users")
    assert error.remediation == "inv db.setup --env dev   creates it again, empty"


def test_a_failure_of_one_table_begins_no_action_of_another() -> None:
    """What is under way ends; with one table at a time, nothing follows the failure."""
    fake = ScriptedDynamoDB(refused("UpdateTimeToLive", "AccessDeniedException"))
    declared = []
    for name in ("One", "Two"):
        fake.hold(table(name, "id S"))
        declared.append(table(name, "id S", ttl=TimeToLive("at"), tags=(("a", "1"),)))
    run, _, actions = planned(fake, TableSet(tuple(declared)))

    with pytest.raises(OsemError):
        Updater(run).apply(actions)

    begun = {action.table for action in run.journal.completed} | {*run.journal.failed}
    assert begun <= {"One", "Two"}
    assert len(run.journal.failed) == 1


@pytest.mark.parametrize("at", range(6))
def test_an_interrupted_run_is_carried_on_by_the_next(at: int) -> None:
    """A run needs no memory: the next one finds what is left, and no item is lost."""
    fake = ScriptedDynamoDB(delay=1)
    fake.hold(BARE, items=3)
    run, _, actions = planned(fake, TableSet((ONE,)))
    fake.kill(at)
    with pytest.raises(Killed):
        Updater(run).apply(actions)
    fake.revive()

    again, _, left = planned(fake, TableSet((ONE,)))
    Updater(again).apply(left)

    assert fake.index_names("Users") == {"a-index", "b-index"}
    assert len(fake.items_of("Users")) == 3
