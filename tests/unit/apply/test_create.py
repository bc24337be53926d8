"""CreateTable on a control plane that is slow, throttles, and loses answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.apply.create import MAX_CREATING, Creator
from osem_tasks.apply.request import PROVEN
from osem_tasks.aws.session import PARALLEL
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.model import TableSet, table
from osem_tasks.waiting.policy import current, using
from tests.support.fake_dynamodb import FakeDynamoDB, Killed
from tests.support.scripted_dynamodb import Fault, ScriptedDynamoDB, Way, refused
from tests.support.still_clock import StillClock, still_clock
from tests.unit.apply.runs import MINUTE, POLICY, Told, new_run

if TYPE_CHECKING:
    from osem_tasks.apply.run import Run

NAMES = ("Users", "Teams", "Plans", "Reports")
TABLES = TableSet(tuple(table(name, "id S") for name in NAMES))
IN_USE = "ResourceInUseException"
LIMIT = "LimitExceededException"
AT_ONCE = "Subscriber limit exceeded: Too many operations for a given subscriber"
QUOTA = "Subscriber limit exceeded: 2500 tables per account"


def create(fake: ScriptedDynamoDB, seconds: float = MINUTE) -> tuple[Run, Told, OsemError | None]:
    """A run that creates all tables, what it told, and how it failed."""
    run, told = new_run(fake, TABLES, seconds)
    try:
        Creator(run).create(TABLES)
    except OsemError as error:
        return run, told, error
    return run, told, None


def states(run: Run) -> dict[str, str]:
    """The tables that count as created, with their state."""
    return {name: entry.status for name, entry in run.journal.created.items()}


ALL = dict.fromkeys(NAMES, "ACTIVE")


@pytest.mark.parametrize("delay", [0, 1, 7])
def test_tables_are_requested_in_order_and_awaited_together(delay: int) -> None:
    """Every CreateTable goes out, in the model's order, before any table is waited for."""
    fake = ScriptedDynamoDB(delay=delay)

    run, _, error = create(fake)

    calls = [operation for operation, _ in fake.calls]
    assert (error, states(run)) == (None, ALL)
    assert fake.operations("CreateTable") == [("CreateTable", name) for name in NAMES]
    assert calls[:4] == ["CreateTable"] * 4
    assert fake.count("DescribeTable") == len(NAMES) * (delay + 1 if delay else 0)


def test_nothing_to_create_sends_nothing() -> None:
    """An empty list needs no call."""
    fake = ScriptedDynamoDB()
    run, _ = new_run(fake, TABLES)

    Creator(run).create([])

    assert (fake.calls, run.journal.created) == ([], {})


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_a_request_that_is_due_after_a_long_look_goes_out(own: StillClock, times: int) -> None:
    """No table is left to look at then: only the request can end the wait."""
    fault = refused("CreateTable", LIMIT, message=AT_ONCE, times=times, table="Teams")
    fake = ScriptedDynamoDB(fault, delay=1)
    looks = 2.0
    fake.before = lambda operation, _: own.pass_(looks * (operation == "DescribeTable"))

    run, _, error = create(fake)

    assert (error, states(run)) == (None, ALL)
    assert sum(own.slept) < MINUTE / 2


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(
            refused("CreateTable", "ThrottlingException", times=3, table="Teams"), id="throttled"
        ),
        pytest.param(
            refused("CreateTable", LIMIT, message=AT_ONCE, times=3, table="Teams"),
            id="too-many-at-once",
        ),
    ],
)
def test_what_passes_by_itself_is_waited_out(fault: Fault) -> None:
    """The same request is sent again, those behind it wait, and the reason is told."""
    fake = ScriptedDynamoDB(fault)

    run, told, error = create(fake)

    assert (error, states(run)) == (None, ALL)
    assert [name for _, name in fake.operations("CreateTable")] == [
        "Users",
        *["Teams"] * 4,
        "Plans",
        "Reports",
    ]
    assert len([text for text in told.texts if text.startswith("Teams has to wait: ")]) == 3


def test_a_pause_is_made_before_the_same_request_is_sent_again(own: StillClock) -> None:
    """Throttled requests do not follow each other at once."""
    fake = ScriptedDynamoDB(refused("CreateTable", "ThrottlingException", times=4))

    create(fake)

    assert sum(own.slept) >= 4 * POLICY.retry.first


@pytest.mark.parametrize(
    "fault, code",
    [
        pytest.param(
            refused("CreateTable", LIMIT, message=QUOTA, table="Teams"),
            ErrorCode.TABLE_LIMIT_EXCEEDED,
            id="quota",
        ),
        pytest.param(
            refused("CreateTable", "AccessDeniedException", table="Teams"),
            ErrorCode.AWS_PERMISSIONS_DENIED,
            id="denied",
        ),
        pytest.param(
            Fault("CreateTable", Way.DROPPED, times=None, table="Teams"),
            ErrorCode.NETWORK_ERROR,
            id="no-network",
        ),
    ],
)
def test_a_failure_stops_the_rest_and_what_was_accepted_is_awaited(
    fault: Fault, code: ErrorCode
) -> None:
    """The account tells them apart: created, failed, not attempted."""
    fake = ScriptedDynamoDB(fault, delay=5)

    run, _, error = create(fake)

    assert error is not None
    assert error.code is code
    assert states(run) == {"Users": "ACTIVE"}
    assert list(run.journal.failed) == ["Teams"]
    assert run.journal.failed["Teams"].error is error
    assert run.journal.not_attempted == ("Plans", "Reports")


def test_lost_answers_are_accepted_a_few_times_in_a_row() -> None:
    """A request that never arrives is tried as often as the policy allows."""
    fake = ScriptedDynamoDB(Fault("CreateTable", Way.DROPPED, times=None))

    _, _, error = create(fake)

    assert error is not None
    assert fake.count("CreateTable") == POLICY.max_ambiguous


@pytest.mark.parametrize("number", [1, 2])
def test_a_request_that_did_not_arrive_is_sent_again(number: int) -> None:
    """A reading tells that the table is not there, so that nothing is created twice."""
    fake = ScriptedDynamoDB(Fault("CreateTable", Way.DROPPED, times=number, table="Teams"))

    run, _, error = create(fake)

    assert (error, states(run)) == (None, ALL)
    assert fake.operations("CreateTable").count(("CreateTable", "Teams")) == number + 1


def test_a_request_whose_answer_was_lost_is_found_by_reading() -> None:
    """The table exists: it counts as created, and nothing is sent again."""
    fake = ScriptedDynamoDB(Fault("CreateTable", Way.LOST, table="Teams"), delay=3)

    run, _, error = create(fake)

    assert (error, states(run)) == (None, ALL)
    assert fake.count("CreateTable") == len(NAMES)


def test_a_table_that_is_seen_late_is_still_this_runs_own() -> None:
    """After a lost answer, "it exists already" is the trace of the first request."""
    fake = ScriptedDynamoDB(
        Fault("CreateTable", Way.LOST, table="Teams"),
        Fault("DescribeTable", Way.UNSEEN, table="Teams"),
    )

    run, _, error = create(fake)

    assert (error, states(run)) == (None, ALL)
    assert fake.operations("CreateTable").count(("CreateTable", "Teams")) == 2
    assert run.journal.verified == {}


def test_a_quota_that_the_lost_request_used_up_is_no_failure() -> None:
    """The last table of the quota was created, and its answer lost: the refusal proves nothing."""
    fake = ScriptedDynamoDB(
        Fault("CreateTable", Way.LOST, table="Teams"),
        refused("CreateTable", LIMIT, message=QUOTA, table="Teams"),
        Fault("DescribeTable", Way.UNSEEN, times=4, table="Teams"),
    )

    run, _, error = create(fake)

    assert (error, states(run)) == (None, ALL)


def test_what_the_last_try_created_is_seen_late() -> None:
    """The answer to the last try is lost, and the table not visible at once: it is no failure."""
    fake = ScriptedDynamoDB(
        Fault("CreateTable", Way.DROPPED, times=POLICY.max_ambiguous - 1, table="Teams"),
        Fault("CreateTable", Way.LOST, table="Teams"),
        Fault("DescribeTable", Way.UNSEEN, times=6, table="Teams"),
    )

    run, _, error = create(fake)

    assert (error, states(run)) == (None, ALL)


@pytest.mark.parametrize(
    "words",
    [
        "Subscriber limit exceeded: Update to PayPerRequest mode are limited to once in 1 day(s)",
        "Requested MaxReadRequestUnits exceeds TableMaxReadCapacityUnits of the account",
        "There is a limit of 2500 tables per subscriber",
    ],
)
def test_a_limit_that_does_not_pass_is_asked_for_once(words: str) -> None:
    """Neither a quota nor an interval of AWS's is waited for."""
    fake = ScriptedDynamoDB(refused("CreateTable", LIMIT, message=words, times=None))

    _, _, error = create(fake)

    assert error is not None
    assert error.code is ErrorCode.TABLE_LIMIT_EXCEEDED
    assert fake.count("CreateTable") == 1


def test_an_unknown_limit_is_waited_for_a_limited_time() -> None:
    """It may pass, but not until a deadline of a day."""
    fake = ScriptedDynamoDB(refused("CreateTable", LIMIT, message="something new", times=None))

    _, _, error = create(fake, seconds=86_400)

    assert error is not None
    assert error.code is ErrorCode.TABLE_LIMIT_EXCEEDED
    assert 2 < fake.count("CreateTable") <= POLICY.unknown_limit / POLICY.retry.first + 2


def test_a_reading_that_fails_after_a_lost_answer_proves_nothing() -> None:
    """Neither the request nor the look was answered: it is sent again, and counts as this run's."""
    fake = ScriptedDynamoDB(
        Fault("CreateTable", Way.LOST, table="Teams"),
        Fault("DescribeTable", Way.DROPPED, table="Teams"),
    )

    run, _, error = create(fake)

    assert (error, states(run)) == (None, ALL)
    assert run.journal.verified == {}


def test_a_table_that_another_setup_created_is_verified() -> None:
    """It exists, but this run did not create it; it is waited for all the same."""
    fake = ScriptedDynamoDB(delay=3)
    fake.create_table(
        TableName="Teams",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    run, _, error = create(fake)

    assert (error, list(states(run))) == (None, ["Users", "Plans", "Reports"])
    assert {name: entry.status for name, entry in run.journal.verified.items()} == {
        "Teams": "ACTIVE"
    }


def test_a_new_table_may_be_unseen_for_a_while() -> None:
    """DescribeTable is eventually consistent."""
    fake = ScriptedDynamoDB(Fault("DescribeTable", Way.UNSEEN, times=4, table="Teams"), delay=1)

    run, _, error = create(fake)

    assert (error, states(run)) == (None, ALL)


def test_a_new_table_that_is_never_seen_is_a_failure() -> None:
    """Eventual consistency explains it for some seconds only."""
    fake = ScriptedDynamoDB(Fault("DescribeTable", Way.UNSEEN, times=None, table="Teams"), delay=1)

    run, _, error = create(fake)

    assert error is not None
    assert (error.code, error.table) == (ErrorCode.TABLE_NOT_FOUND, "Teams")
    assert "and still cannot be seen" in error.message
    looks = fake.operations("DescribeTable").count(("DescribeTable", "Teams"))
    assert looks <= POLICY.visibility / POLICY.poll.first + 2
    assert "Teams" in states(run)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("DescribeTable", Way.DROPPED, times=2), id="no-network"),
        pytest.param(refused("DescribeTable", "ThrottlingException", times=2), id="throttled"),
    ],
)
def test_a_reading_that_fails_does_not_unmake_the_tables(fault: Fault) -> None:
    """The tables are accepted: a look that fails is followed by another one."""
    fake = ScriptedDynamoDB(fault, delay=2)

    run, told, error = create(fake)

    assert (error, states(run)) == (None, ALL)
    assert [text for text in told.texts if text.startswith("cannot read: ")] != []


def test_readings_that_keep_failing_are_the_failure() -> None:
    """As many lost answers in a row as the policy accepts, then the cause."""
    fake = ScriptedDynamoDB(Fault("DescribeTable", Way.DROPPED, times=None), delay=2)

    run, _, error = create(fake)

    assert error is not None
    assert error.code is ErrorCode.NETWORK_ERROR
    assert list(states(run)) == [*NAMES]


@given(st.floats(0.0, 40.0))
def test_tables_that_never_become_active_are_a_timeout(seconds: float) -> None:
    """At the deadline they are named; the looks are bounded by the deadline and the pauses."""
    with still_clock(), using(POLICY):
        fake = ScriptedDynamoDB(delay=10**9)

        run, _, error = create(fake, seconds)

        waiting = [name for name, state in states(run).items() if state != "ACTIVE"]
        assert error is not None
        assert error.code is ErrorCode.TIMEOUT
        assert set(waiting) <= {*NAMES}
        assert fake.count("DescribeTable") <= len(NAMES) * (seconds / current().poll.first + 2)


@given(st.floats(0.1, 40.0))
def test_throttling_until_the_deadline_is_the_error(seconds: float) -> None:
    """What a request waits for says more than that it waits; the tries are bounded."""
    with still_clock(), using(POLICY):
        fake = ScriptedDynamoDB(refused("CreateTable", "ThrottlingException", times=None))

        run, _, error = create(fake, seconds)

        assert error is not None
        assert error.code is ErrorCode.THROTTLED
        assert list(run.journal.failed) == ["Users"]
        assert states(run) == {}
        assert fake.count("CreateTable") <= seconds / current().retry.first + 2


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
def test_an_interrupt_in_a_request_leaves_the_table_among_the_created(answered: bool) -> None:
    """The request may have arrived, so that the account must not say that it did not."""
    fake = ScriptedDynamoDB()
    fake.kill(1, answered=answered)
    run, _ = new_run(fake, TABLES)

    with pytest.raises(Killed):
        Creator(run).create(TABLES)

    assert states(run) == {"Users": "ACTIVE", "Teams": "REQUESTED"}
    assert run.journal.changed


MANY = TableSet(tuple(table(f"Table{number:03}", "id S") for number in range(PROVEN + 15)))


def create_many(*faults: Fault, delay: int = 0) -> tuple[Run, ScriptedDynamoDB, OsemError | None]:
    """A run that creates so many tables that requests go out side by side."""
    fake = ScriptedDynamoDB(*faults, delay=delay)
    run, _ = new_run(fake, MANY)
    try:
        Creator(run).create(MANY)
    except OsemError as error:
        return run, fake, error
    return run, fake, None


def test_requests_go_out_side_by_side_once_some_were_accepted() -> None:
    """The first ones go out one at a time, and the others as many as there are connections."""
    run, told = new_run(ScriptedDynamoDB(), MANY)

    Creator(run).create(MANY)

    sent = [text.split(", ") for text in told.texts if text.startswith("creating")]
    assert [len(names) for names in sent] == [1] * PROVEN + [PARALLEL, 15 - PARALLEL]
    assert states(run) == dict.fromkeys(MANY.names, "ACTIVE")


@pytest.mark.parametrize("place", [PROVEN, PROVEN + 4, PROVEN + 9, PROVEN + 12])
def test_a_failure_among_others_is_followed_by_no_request(place: int) -> None:
    """What went out beside it is told as created, what would have followed as not attempted."""
    fault = refused("CreateTable", "AccessDeniedException", table=MANY.names[place])

    run, fake, error = create_many(fault, delay=2)

    sent = sorted(name for _, name in fake.operations("CreateTable"))
    last = PROVEN + PARALLEL if place < PROVEN + PARALLEL else len(MANY.names)
    assert error is not None
    assert error.code is ErrorCode.AWS_PERMISSIONS_DENIED
    assert sent == list(MANY.names[:last])
    assert list(run.journal.failed) == [MANY.names[place]]
    assert list(run.journal.created) == [name for name in sent if name != MANY.names[place]]
    assert run.journal.not_attempted == MANY.names[last:]


@pytest.mark.parametrize("code, message", [("ThrottlingException", ""), (LIMIT, AT_ONCE)])
def test_what_is_refused_among_others_goes_out_again_one_at_a_time(code: str, message: str) -> None:
    """Every table is created once, and told in the model's order."""
    faults = [
        refused("CreateTable", code, message=message, times=2, table=MANY.names[PROVEN + place])
        for place in (1, 4, 7)
    ]

    run, fake, error = create_many(*faults, delay=1)

    names = [name for _, name in fake.operations("CreateTable")]
    assert (error, list(states(run).items())) == (None, [(name, "ACTIVE") for name in MANY.names])
    assert len(names) == len(MANY.names) + 6
    assert run.journal.uncertain == set()


@pytest.mark.parametrize("way", [Way.LOST, Way.DROPPED])
def test_an_answer_that_is_lost_among_others_is_resolved_by_reading(way: Way) -> None:
    """As for a request that goes out alone."""
    run, fake, error = create_many(Fault("CreateTable", way, table=MANY.names[PROVEN + 3]), delay=1)

    assert (error, states(run)) == (None, dict.fromkeys(MANY.names, "ACTIVE"))
    assert fake.count("CreateTable") == len(MANY.names) + (way is Way.DROPPED)


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
def test_an_interrupt_among_others_leaves_all_of_them_among_the_created(answered: bool) -> None:
    """Each of the requests may have arrived."""
    fake = FakeDynamoDB()
    fake.kill(PROVEN + 3, answered=answered)
    run, _ = new_run(fake, MANY)

    with pytest.raises(Killed):
        Creator(run).create(MANY)

    assert list(run.journal.created) == list(MANY.names[: PROVEN + PARALLEL])


def test_a_proven_server_gets_all_requests_side_by_side() -> None:
    """Such as the engine of a test run: what is declared was created there before."""
    fake = ScriptedDynamoDB()
    run, told = new_run(fake, TABLES)

    Creator(run, proven=True).create(TABLES)

    assert [text for text in told.texts if text.startswith("creating")] == [
        "creating Users, Teams, Plans, Reports"
    ]


def test_no_more_tables_are_under_way_than_aws_allows() -> None:
    """Requests beyond the limit wait until others have ended."""
    names = [f"Table{number:03}" for number in range(MAX_CREATING + 5)]
    many = TableSet(tuple(table(name, "id S") for name in names))
    fake = ScriptedDynamoDB(delay=2)
    run, _ = new_run(fake, many)

    Creator(run).create(many)

    assert fake.most_moving == MAX_CREATING
    assert set(states(run).values()) == {"ACTIVE"}
    assert list(run.journal.created) == names
