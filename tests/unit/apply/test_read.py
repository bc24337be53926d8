"""The live tables read and compared, in motion or at rest; nothing is changed by it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from osem_tasks.apply.read import (
    difference_error,
    inspect,
    inspect_when_stable,
    read_tables,
)
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.model import TableSet, TimeToLive, table
from tests.support.fake_dynamodb import TARGET
from tests.support.scripted_dynamodb import Fault, ScriptedDynamoDB, Way, refused
from tests.unit.apply.runs import new_run

USERS, TEAMS = table("Users", "id S"), table("Teams", "id S", {"a-index": "a S"})
TABLES = TableSet((USERS, TEAMS))


def holding(*faults: Fault, delay: int = 0) -> ScriptedDynamoDB:
    """The control plane with both tables, at rest."""
    fake = ScriptedDynamoDB(*faults, delay=delay)
    for declared in TABLES:
        fake.hold(declared)
    return fake


def moving(looks: int, *faults: Fault) -> ScriptedDynamoDB:
    """The control plane with Teams being changed for so many looks."""
    fake = holding(*faults, delay=looks)
    fake.update_table(TableName="Teams", DeletionProtectionEnabled=True)
    fake.forget()
    return fake


def test_an_inspection_compares_every_table_as_it_is() -> None:
    """Tables that move, differ or are missing are compared as they are found, at once."""
    fake = moving(5)

    comparison = inspect(new_run(fake, TableSet((*TABLES, table("Gone", "id S"))))[0])

    assert [(diff.name, diff.status) for diff in comparison.diffs] == [
        ("Users", "ACTIVE"),
        ("Teams", "UPDATING"),
        ("Gone", "NOT_FOUND"),
    ]
    assert fake.writes == []


def test_a_table_in_motion_is_waited_for() -> None:
    """It is looked at until it has come to rest; what is at rest is read once."""
    fake = moving(4)
    run, told = new_run(fake, TABLES)

    comparison = inspect_when_stable(run)

    assert [diff.status for diff in comparison.diffs] == ["ACTIVE", "ACTIVE"]
    assert fake.operations("DescribeTable").count(("DescribeTable", "Users")) == 1
    assert "Teams: UPDATING" in told.texts


def test_after_the_waiting_every_fact_is_read() -> None:
    """A description for waiting lacks tags and time to live; the comparison has them."""
    declared = TableSet((USERS, replace(TEAMS, ttl=TimeToLive("at"), tags=(("a", "1"),))))
    fake = moving(3)

    comparison = inspect_when_stable(new_run(fake, declared)[0])

    assert [fact.path for diff in comparison.diffs for fact in diff.issues] == ["tags", "ttl"]


def test_a_table_that_is_being_deleted_is_missing_afterwards() -> None:
    """A deletion is waited out."""
    fake = moving(3)
    fake.faults.append(Fault("DescribeTable", Way.UNSEEN, times=None, table="Teams", after=2))

    comparison = inspect_when_stable(new_run(fake, TABLES)[0])

    assert [diff.exists for diff in comparison.diffs] == [True, False]


@pytest.mark.parametrize("seconds", [0.5, 5.0, 30.0])
def test_a_table_that_never_comes_to_rest_is_a_timeout(seconds: float) -> None:
    """At the deadline the table is named, after a number of looks that the pauses bound."""
    fake = moving(10**9)

    with pytest.raises(OsemError) as caught:
        inspect_when_stable(new_run(fake, TABLES, seconds)[0])

    assert caught.value.code is ErrorCode.TIMEOUT
    assert "waiting for Teams" in caught.value.message
    assert fake.count("DescribeTable") <= len(TABLES) + seconds + 2


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(refused("DescribeTable", "ThrottlingException", times=3), id="throttled"),
        pytest.param(
            refused("DescribeTable", "LimitExceededException", times=3), id="too-many-at-once"
        ),
    ],
)
def test_throttling_is_waited_out(fault: Fault) -> None:
    """A reading is tried again, and says why."""
    fake = holding(fault)
    run, told = new_run(fake, TABLES)

    found = read_tables(run, TABLES)

    assert list(found) == ["Users", "Teams"]
    assert [text for text in told.texts if text.startswith("trying again: ")] != []


@pytest.mark.parametrize(
    "fault, code",
    [
        pytest.param(
            refused("DescribeTable", "AccessDeniedException", times=None),
            ErrorCode.AWS_PERMISSIONS_DENIED,
            id="denied",
        ),
        pytest.param(
            Fault("DescribeTable", Way.DROPPED, times=None),
            ErrorCode.NETWORK_ERROR,
            id="no-network",
        ),
        pytest.param(
            refused("DescribeTable", "ThrottlingException", times=None),
            ErrorCode.THROTTLED,
            id="throttled-until-the-deadline",
        ),
    ],
)
def test_a_reading_that_fails_raises_its_cause(fault: Fault, code: ErrorCode) -> None:
    """Where waiting does not help, or the time is over, the cause is the error."""
    with pytest.raises(OsemError) as caught:
        read_tables(new_run(holding(fault), TABLES, 5.0)[0], TABLES)

    assert caught.value.code is code


def test_the_error_of_a_difference_carries_its_issues() -> None:
    """Each issue with table, type and path; one table alone is named as the error's table."""
    declared = TableSet(
        (replace(USERS, ttl=TimeToLive("at")), table("Teams", "id S", {"b-index": "b S"}))
    )
    diffs = inspect(new_run(holding(), declared)[0]).differing

    both, one = difference_error(diffs, TARGET), difference_error(diffs[:1], TARGET, "db.repair -x")

    assert both.message == "Users, Teams differ from the model in 3 facts."
    assert (both.code, both.table) == (ErrorCode.SCHEMA_VALIDATION_FAILED, None)
    assert both.details["issues"] == [
        {"tableName": "Users", "type": "WRONG_TTL", "path": "ttl"},
        {"tableName": "Teams", "type": "MISSING_GSI", "path": "index[b-index]"},
        {"tableName": "Teams", "type": "EXTRA_GSI", "path": "index[a-index]"},
    ]
    assert one.message == "Users differs from the model in 1 fact."
    assert (one.table, one.remediation.split("   ")[0]) == ("Users", "inv db.repair --env dev -x")
