"""A setup: read first, create in order, complete, read again; an exact account of it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from osem_tasks.apply.setup import setup
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.plan.actions import Kind
from osem_tasks.schema.model import Index, Key, Stream, Table, TableSet, TimeToLive, table
from tests.support.fake_dynamodb import Killed
from tests.support.scripted_dynamodb import Fault, ScriptedDynamoDB, Way, refused
from tests.unit.apply.runs import MINUTE, POLICY, new_run

if TYPE_CHECKING:
    from osem_tasks.apply.run import Run

USERS = table("Users", "id S")
TEAMS = table("Teams", "id S", {"a-index": "a S"}, ttl=TimeToLive("at"))
PLANS = table("Plans", "id S", point_in_time_recovery=True, tags=(("team", "core"),))
TABLES = TableSet((USERS, TEAMS, PLANS))


def run_setup(
    fake: ScriptedDynamoDB,
    tables: TableSet = TABLES,
    *,
    repairing: bool = False,
    seconds: float = MINUTE,
) -> tuple[Run, OsemError | None]:
    """A setup and how it failed."""
    run, _ = new_run(fake, tables, seconds)
    try:
        setup(run, repairing=repairing)
    except OsemError as error:
        return run, error
    return run, None


def holding(*tables: Table, faults: tuple[Fault, ...] = (), delay: int = 0) -> ScriptedDynamoDB:
    """The control plane with these tables."""
    fake = ScriptedDynamoDB(*faults, delay=delay)
    for held in tables:
        fake.hold(held)
    return fake


def account(run: Run) -> dict[str, list[str]]:
    """The tables of each group."""
    journal = run.journal
    return {
        "created": [*journal.created],
        "verified": [*journal.verified],
        "failed": [*journal.failed],
        "not attempted": [*journal.not_attempted],
    }


NOTHING: dict[str, list[str]] = {"created": [], "verified": [], "failed": [], "not attempted": []}


@pytest.mark.parametrize("delay", [0, 3])
def test_an_empty_account_is_set_up_whole(delay: int) -> None:
    """Tables, time to live and point-in-time recovery are all there afterwards."""
    fake = holding(delay=delay)

    run, error = run_setup(fake)

    assert error is None
    assert account(run) == {**NOTHING, "created": ["Users", "Teams", "Plans"]}
    assert [(action.table, action.kind) for action in run.journal.completed] == [
        ("Teams", Kind.ENABLE_TTL),
        ("Plans", Kind.ENABLE_PITR),
    ]
    state = fake.state()
    assert (state["Teams"]["ttl"], state["Plans"]["recovery"]) == ("at", True)
    assert fake.refused == []


def test_a_setup_is_idempotent() -> None:
    """The second one verifies everything and sends nothing."""
    fake = holding(*TABLES)

    run, error = run_setup(fake)

    assert (error, fake.writes) == (None, [])
    assert account(run) == {**NOTHING, "verified": ["Users", "Teams", "Plans"]}
    assert not run.journal.changed


def test_what_is_missing_is_created_beside_what_exists() -> None:
    """Existing tables are verified, missing ones are created, in one run."""
    fake = holding(TEAMS)

    run, error = run_setup(fake)

    assert error is None
    assert account(run) == {**NOTHING, "created": ["Users", "Plans"], "verified": ["Teams"]}


def test_drift_stops_before_anything_is_sent() -> None:
    """A table that differs fails with its issues; the missing ones are not attempted."""
    fake = holding(replace(TEAMS, global_indexes=()), PLANS)

    run, error = run_setup(fake)

    assert error is not None
    assert error.code is ErrorCode.SCHEMA_VALIDATION_FAILED
    assert (error.table, fake.writes) == ("Teams", [])
    assert account(run) == {
        "created": [],
        "verified": ["Plans"],
        "failed": ["Teams"],
        "not attempted": ["Users"],
    }
    assert run.journal.failed["Teams"].issues == ("MISSING_GSI",)
    assert not run.journal.changed


@pytest.mark.parametrize(
    "held",
    [
        pytest.param(replace(TEAMS, ttl=TimeToLive(None)), id="time-to-live"),
        pytest.param(replace(PLANS, point_in_time_recovery=False), id="recovery"),
    ],
)
def test_what_a_killed_setup_left_off_is_completed(held: Table) -> None:
    """A setting that CreateTable cannot carry is work that is left, not drift."""
    tables = [held if declared.name == held.name else declared for declared in TABLES]
    fake = holding(*tables)

    run, error = run_setup(fake)

    assert error is None
    assert [action.table for action in run.journal.completed] == [held.name]
    assert account(run)["verified"] == ["Users", "Teams", "Plans"]


def test_a_table_with_work_left_is_not_called_verified() -> None:
    """Where other tables stop the setup, the time to live that is left to set is not set."""
    fake = holding(USERS, replace(TEAMS, ttl=TimeToLive(None)), replace(PLANS, tags=()))

    run, error = run_setup(fake)

    assert error is not None
    assert (error.table, fake.writes) == ("Plans", [])
    assert account(run) == {
        "created": [],
        "verified": ["Users"],
        "failed": ["Plans"],
        "not attempted": ["Teams"],
    }


def test_a_repairing_setup_mends_what_needs_no_option() -> None:
    """An index that is missing is built, and the table counts as verified."""
    fake = holding(USERS, replace(TEAMS, global_indexes=()), PLANS, delay=2)

    run, error = run_setup(fake, repairing=True)

    assert (error, fake.refused) == (None, [])
    assert fake.index_names("Teams") == {"a-index"}
    assert account(run)["verified"] == ["Users", "Teams", "Plans"]


@pytest.mark.parametrize(
    "held",
    [
        pytest.param(table("Users", "id N"), id="impossible"),
        pytest.param(replace(USERS, stream=Stream("OLD_IMAGE")), id="needs-an-option"),
    ],
)
def test_a_repairing_setup_stops_at_what_is_for_a_repair(held: Table) -> None:
    """Nothing is sent for any table."""
    fake = holding(held)
    users = replace(USERS, stream=Stream("NEW_IMAGE"))

    run, error = run_setup(fake, TableSet((users, TEAMS, PLANS)), repairing=True)

    assert error is not None
    assert (error.table, fake.writes) == ("Users", [])
    assert account(run)["not attempted"] == ["Teams", "Plans"]


@pytest.mark.parametrize("repairing", [False, True])
@pytest.mark.parametrize(
    "declared, held",
    [
        pytest.param(USERS, table("Users", "id S", {"x-index": "x S"}), id="global"),
        pytest.param(
            table("Users", "id S, at N"),
            replace(
                table("Users", "id S, at N"),
                local_indexes=(Index("x-local", Key.parse("id S, x S")),),
            ),
            id="local",
        ),
    ],
)
def test_an_undeclared_index_stops_nothing(repairing: bool, declared: Table, held: Table) -> None:
    """The index stays, its table counts as verified, and the other tables are created."""
    fake = holding(held)

    run, error = run_setup(fake, TableSet((declared, TEAMS)), repairing=repairing)

    assert error is None
    assert account(run) == {**NOTHING, "verified": ["Users"], "created": ["Teams"]}
    assert [(name, fact.found is None) for name, fact in run.journal.undeclared] == [
        ("Users", False)
    ]
    assert fake.state()["Users"] == holding(held).state()["Users"]


def test_what_setup_completes_is_done_beside_an_undeclared_index() -> None:
    """The last reading does not take the index for a difference either."""
    fake = holding(
        replace(
            TEAMS,
            ttl=TimeToLive(None),
            global_indexes=(*TEAMS.global_indexes, Index("extra", Key.parse("x S"))),
        )
    )

    run, error = run_setup(fake, TableSet((TEAMS,)))

    assert (error, fake.state()["Teams"]["ttl"]) == (None, "at")
    assert account(run) == {**NOTHING, "verified": ["Teams"]}


def test_a_table_in_motion_is_waited_for_before_it_is_judged() -> None:
    """Another setup's table that is just being created is no drift."""
    fake = holding(delay=4)
    fake.create_table(
        TableName="Users",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    run, error = run_setup(fake)

    assert error is None
    assert account(run) == {**NOTHING, "created": ["Teams", "Plans"], "verified": ["Users"]}


def test_a_failed_creation_keeps_the_account_exact() -> None:
    """What was created stays told, and the settings of created tables are left for the next run."""
    fake = holding(faults=(refused("CreateTable", "AccessDeniedException", table="Plans"),))

    run, error = run_setup(fake)

    assert error is not None
    assert error.code is ErrorCode.AWS_PERMISSIONS_DENIED
    assert account(run) == {**NOTHING, "created": ["Users", "Teams"], "failed": ["Plans"]}
    assert run.journal.completed == []

    again, none = run_setup(fake)
    assert none is None
    assert account(again)["created"] == ["Plans"]
    assert fake.state()["Teams"]["ttl"] == "at"


def test_backups_that_come_too_early_are_waited_out() -> None:
    """A new table's backups are still being set up for a moment."""
    fake = holding(
        faults=(
            refused("UpdateContinuousBackups", "ContinuousBackupsUnavailableException", times=3),
        )
    )

    _, error = run_setup(fake)

    assert error is None
    assert fake.count("UpdateContinuousBackups") == 4
    assert fake.state()["Plans"]["recovery"] is True


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    "operation, table_name, fact, expected",
    [
        ("UpdateTimeToLive", "Teams", "ttl", "at"),
        ("UpdateContinuousBackups", "Plans", "recovery", True),
    ],
)
def test_a_setting_whose_request_was_lost_is_not_taken_for_set(
    number: int, operation: str, table_name: str, fact: str, expected: object
) -> None:
    """A setup that succeeds has everything; what did not arrive is sent again, or is a failure."""
    fake = holding(faults=(Fault(operation, Way.DROPPED, times=number),))

    _, error = run_setup(fake)

    assert error is not None or fake.state()[table_name][fact] == expected


def test_what_is_seen_late_is_looked_at_again() -> None:
    """The last reading may still show the state before; it is repeated for some seconds."""
    fake = holding(
        faults=(Fault("DescribeTable", Way.UNSEEN, times=3, table="Users", after=1),),
    )

    _, error = run_setup(fake, TableSet((USERS,)))

    assert error is None


def test_what_still_differs_after_some_seconds_is_the_failure() -> None:
    """The looks are bounded by the window and the pauses; the table stays created."""
    fake = holding(
        faults=(Fault("DescribeTable", Way.UNSEEN, times=None, table="Users", after=1),),
    )

    run, error = run_setup(fake, TableSet((USERS,)))

    assert error is not None
    assert error.code is ErrorCode.SCHEMA_VALIDATION_FAILED
    assert account(run)["created"] == ["Users"]
    assert fake.count("DescribeTable") <= POLICY.visibility / POLICY.poll.first + 4


@pytest.mark.parametrize("at", range(14))
@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
def test_a_killed_setup_is_completed_by_the_next(at: int, answered: bool) -> None:
    """At whatever call it ends: the next run needs no memory."""
    fake = holding()
    fake.kill(at, answered=answered)
    with contextlib.suppress(Killed):  # an answer that refuses kills nobody
        run_setup(fake)
    fake.revive()

    _, error = run_setup(fake)

    final, none = run_setup(fake)
    assert (error, none) == (None, None)
    assert account(final) == {**NOTHING, "verified": ["Users", "Teams", "Plans"]}
