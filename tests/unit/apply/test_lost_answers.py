"""A lost answer to a change: whatever the change is, reading tells whether it went through."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from osem_tasks.apply.read import inspect_when_stable
from osem_tasks.apply.update import Updater
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.plan.actions import OPTIONS, Action, Plan
from osem_tasks.plan.repair import repair_actions
from osem_tasks.schema.model import (
    Encryption,
    Stream,
    Table,
    TableSet,
    Throughput,
    TimeToLive,
    table,
)
from osem_tasks.schema.warm import WarmThroughput
from tests.support.scripted_dynamodb import Fault, ScriptedDynamoDB, Way
from tests.unit.apply.runs import POLICY, new_run

if TYPE_CHECKING:
    from osem_tasks.apply.run import Run

PLAIN = table("Users", "id S")
PAID = replace(PLAIN, billing="PROVISIONED", throughput=Throughput(5, 5))
# Each kind of change: what is held, and what is declared.
CHANGES: dict[str, tuple[Table, Table]] = {
    "create index": (PLAIN, table("Users", "id S", {"a-index": "a S"})),
    "delete index": (table("Users", "id S", {"a-index": "a S"}), PLAIN),
    "billing to on demand": (PAID, PLAIN),
    "billing to provisioned": (PLAIN, PAID),
    "throughput": (PAID, replace(PAID, throughput=Throughput(9, 9))),
    "maximum throughput": (PLAIN, replace(PLAIN, max_throughput=Throughput(9, 9))),
    "warm throughput": (PLAIN, replace(PLAIN, warm_throughput=WarmThroughput(20_000, 5_000))),
    "recovery period": (
        replace(PLAIN, point_in_time_recovery=True, recovery_period_in_days=35),
        replace(PLAIN, point_in_time_recovery=True, recovery_period_in_days=7),
    ),
    "stream on": (PLAIN, replace(PLAIN, stream=Stream("NEW_IMAGE"))),
    "stream off": (replace(PLAIN, stream=Stream("NEW_IMAGE")), replace(PLAIN, stream=Stream(None))),
    "time to live on": (PLAIN, replace(PLAIN, ttl=TimeToLive("ends"))),
    "time to live off": (
        replace(PLAIN, ttl=TimeToLive("ends")),
        replace(PLAIN, ttl=TimeToLive(None)),
    ),
    "recovery on": (PLAIN, replace(PLAIN, point_in_time_recovery=True)),
    "recovery off": (
        replace(PLAIN, point_in_time_recovery=True),
        replace(PLAIN, point_in_time_recovery=False),
    ),
    "protection on": (PLAIN, replace(PLAIN, deletion_protection=True)),
    "protection off": (
        replace(PLAIN, deletion_protection=True),
        replace(PLAIN, deletion_protection=False),
    ),
    "tags": (PLAIN, replace(PLAIN, tags=(("team", "shop"),))),
    "encryption": (PLAIN, replace(PLAIN, encryption=Encryption("KMS"))),
    "table class": (PLAIN, replace(PLAIN, table_class="STANDARD_INFREQUENT_ACCESS")),
}
READINGS = (
    "DescribeTable",
    "ListTagsOfResource",
    "DescribeTimeToLive",
    "DescribeContinuousBackups",
)


def _planned(fake: ScriptedDynamoDB, held: Table, declared: Table) -> tuple[Run, Action]:
    fake.hold(held)
    run, _ = new_run(fake, TableSet((declared,)))
    [action] = Plan(repair_actions(inspect_when_stable(run)), OPTIONS).runnable
    fake.forget()
    return run, action


def _applied(run: Run, action: Action) -> OsemError | None:
    try:
        Updater(run).apply([action])
    except OsemError as error:
        return error
    return None


def _operation(fake: ScriptedDynamoDB) -> str:
    """The operation of the one kind of change that was sent."""
    [operation] = {operation for operation, _ in fake.writes}
    return operation


def _sender(held: Table, declared: Table) -> str:
    """The operation that makes the change, found by making it."""
    fake = ScriptedDynamoDB()
    _applied(*_planned(fake, held, declared))
    return _operation(fake)


by_change = pytest.mark.parametrize("held, declared", CHANGES.values(), ids=CHANGES)


@by_change
@pytest.mark.parametrize("delay", [0, 3])
def test_it_is_read_before_it_is_sent_again(held: Table, declared: Table, delay: int) -> None:
    """The change went through: nothing is sent again, and the step is done."""
    fake = ScriptedDynamoDB(delay=delay)
    run, action = _planned(fake, held, declared)
    fake.faults = [Fault(_sender(held, declared), Way.LOST)]

    error = _applied(run, action)

    assert (error, run.journal.completed) == (None, [action])
    assert (len(fake.writes), fake.refused, run.journal.uncertain) == (1, [], set())


@by_change
@pytest.mark.parametrize("looks", [1, 4])
def test_a_reading_that_is_behind_does_not_make_it_fail(
    held: Table, declared: Table, looks: int
) -> None:
    """Readings are eventually consistent: a refused repetition is no proof of a failure."""
    fake = ScriptedDynamoDB()
    run, action = _planned(fake, held, declared)
    fake.faults = [
        Fault(_sender(held, declared), Way.LOST),
        *(Fault(reading, Way.BEFORE, times=looks) for reading in READINGS),
    ]

    error = _applied(run, action)

    assert (error, run.journal.completed) == (None, [action])


@by_change
def test_what_the_last_try_did_is_read_too(held: Table, declared: Table) -> None:
    """Two requests are lost on the way, and the answer to the last one: it is done."""
    fake = ScriptedDynamoDB()
    run, action = _planned(fake, held, declared)
    operation = _sender(held, declared)
    fake.faults = [
        Fault(operation, Way.DROPPED, times=POLICY.max_ambiguous - 1),
        Fault(operation, Way.LOST),
    ]

    error = _applied(run, action)

    assert (error, run.journal.completed) == (None, [action])
    assert fake.count(operation) == POLICY.max_ambiguous


@by_change
def test_what_never_arrives_is_a_failure(held: Table, declared: Table) -> None:
    """After a bounded number of tries the cause is told, and the outcome counts as unknown."""
    fake = ScriptedDynamoDB()
    run, action = _planned(fake, held, declared)
    fake.faults = [Fault(_sender(held, declared), Way.DROPPED, times=None)]

    error = _applied(run, action)

    assert error is not None
    assert (error.code, error.table) == (ErrorCode.NETWORK_ERROR, "Users")
    assert (run.journal.completed, list(run.journal.failed)) == ([], ["Users"])
    assert run.journal.changed


@by_change
def test_a_refusal_without_a_lost_answer_is_a_failure(held: Table, declared: Table) -> None:
    """What DynamoDB refused was not done: nothing counts as done or as uncertain."""
    fake = ScriptedDynamoDB()
    run, action = _planned(fake, held, declared)
    refusal = Fault(_sender(held, declared), Way.REFUSED, "AccessDeniedException", times=None)
    fake.faults = [refusal]

    error = _applied(run, action)

    assert error is not None
    assert error.code is ErrorCode.AWS_PERMISSIONS_DENIED
    assert (run.journal.completed, run.journal.changed) == ([], False)
