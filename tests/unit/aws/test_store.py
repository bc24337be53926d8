"""The tables of a target read: what is asked of DynamoDB, and what its answers mean."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.facts import SETTINGS, Setting
from osem_tasks.schema.model import Stream, Table, TimeToLive
from tests.support.canned_aws import Answer, CannedAws, Refusal, answers
from tests.support.fake_dynamodb import FakeDynamoDB, store
from tests.unit.aws.described import (
    AWS_ARN,
    DENIED,
    FULL,
    LOCAL_ARN,
    NO_SUCH_CALL,
    NOT_FOUND,
    PLANS,
    TTL_ON,
    described,
    index,
    opened,
    recovery,
    store_with,
)
from tests.unit.schema.test_facts import VALUES

if TYPE_CHECKING:
    from osem_tasks.aws.store import TableStore

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

OWN_CALLS = [setting for setting in SETTINGS if setting.own_call]


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys as a shell holds them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOWNKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own-secret")


def failure(of: TableStore, declared: Table = PLANS) -> OsemError:
    """The error of a reading."""
    with pytest.raises(OsemError) as caught:
        of.read(declared)
    return caught.value


def test_a_description_is_a_live_table() -> None:
    """State, indexes, counts and ARN come from DescribeTable alone."""
    states = [
        index("a-index", "a", IndexStatus="CREATING", Backfilling=True),
        index("b-index", "b", IndexStatus="DELETING"),
    ]
    answer = described(TableStatus="UPDATING", GlobalSecondaryIndexes=states)
    mine, canned = store_with(DescribeTable=answer)

    live = mine.describe(FULL)

    assert live is not None
    assert live.index_status == {"a-index": "BACKFILLING", "b-index": "DELETING"}
    assert (live.status, live.items, live.size, live.arn) == ("UPDATING", 12, 3400, AWS_ARN)
    assert (live.table.name, live.table.key, live.unreadable) == ("Plans", PLANS.key, {})
    assert canned.calls == [("DescribeTable", {"TableName": "Plans"})]


@pytest.mark.parametrize("status", ["CREATING", "ACTIVE"])
def test_an_index_that_is_not_backfilling_has_its_own_state(status: str) -> None:
    """BACKFILLING is the second part of CREATING and of nothing else."""
    states = [index("a-index", "a", IndexStatus=status, Backfilling=status == "ACTIVE")]
    mine, _ = store_with(DescribeTable=described(GlobalSecondaryIndexes=states))

    live = mine.describe(PLANS)

    assert live is not None
    assert live.index_status == {"a-index": status}


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "TableNotFoundException"])
def test_a_table_that_is_not_there_is_none(code: str) -> None:
    """A missing table is no failure, neither of a glance nor of a reading."""
    mine, _ = store_with(DescribeTable=Refusal(code))

    assert (mine.describe(PLANS), mine.read(PLANS)) == (None, None)


@pytest.mark.parametrize("answer", [{}, {"Table": {}}, {"Table": {"TableName": "Plans"}}])
def test_half_a_description_is_a_failure(answer: dict[str, Any]) -> None:
    """botocore raises nothing for an answer without its content."""
    error = failure(store_with(DescribeTable=answer)[0])

    assert (error.code, error.table) == (ErrorCode.NETWORK_ERROR, "Plans")


def test_a_refusal_names_the_table() -> None:
    """What DynamoDB refuses is an error with the step and the table."""
    error = failure(store_with(DescribeTable=DENIED)[0])

    assert (error.code, error.table) == (ErrorCode.AWS_PERMISSIONS_DENIED, "Plans")
    assert error.message == "AWS does not allow reading Plans: its words"


@pytest.mark.parametrize(
    "declared, operations",
    [
        pytest.param(PLANS, [], id="nothing-declared"),
        pytest.param(replace(PLANS, stream=Stream(None)), [], id="what-describe-table-shows"),
        pytest.param(replace(PLANS, tags=()), ["ListTagsOfResource"], id="tags"),
        pytest.param(replace(PLANS, ttl=TimeToLive(None)), ["DescribeTimeToLive"], id="ttl"),
        pytest.param(
            replace(PLANS, point_in_time_recovery=False),
            ["DescribeContinuousBackups"],
            id="recovery",
        ),
        pytest.param(
            FULL,
            ["ListTagsOfResource", "DescribeTimeToLive", "DescribeContinuousBackups"],
            id="all",
        ),
    ],
)
def test_a_reading_asks_for_what_is_declared(declared: Table, operations: list[str]) -> None:
    """The calls that AWS limits are made for a declared fact only."""
    mine, canned = store_with(
        DescribeTable=described(),
        ListTagsOfResource={"Tags": []},
        DescribeTimeToLive=TTL_ON,
        DescribeContinuousBackups=recovery(),
    )

    mine.read(declared)

    assert canned.operations == ["DescribeTable", *operations]


@pytest.mark.parametrize("setting", OWN_CALLS, ids=lambda setting: setting.field)
def test_every_setting_with_a_call_of_its_own_is_read(setting: Setting) -> None:
    """Whatever DescribeTable does not show is fetched, and is as the engine holds it."""
    for value in (*VALUES[setting.field], setting.default):
        facts = {setting.field: value}
        declared = replace(PLANS, **facts)
        fake = FakeDynamoDB()
        fake.hold(declared)

        live = store(fake).read(declared)

        assert live is not None
        assert getattr(live.table, setting.field) == value


@pytest.mark.parametrize(
    "answer, expected",
    [
        pytest.param(TTL_ON, TimeToLive("expiresAt"), id="on"),
        pytest.param(
            {
                "TimeToLiveDescription": {
                    "TimeToLiveStatus": "ENABLING",
                    "AttributeName": "expiresAt",
                }
            },
            TimeToLive("expiresAt"),
            id="coming",
        ),
        pytest.param(
            {
                "TimeToLiveDescription": {
                    "TimeToLiveStatus": "DISABLING",
                    "AttributeName": "expiresAt",
                }
            },
            TimeToLive(None),
            id="going",
        ),
        pytest.param(NOT_FOUND, TimeToLive(None), id="table-just-coming"),
    ],
)
def test_time_to_live(answer: Answer, expected: TimeToLive) -> None:
    """A time to live that is on its way counts as on, one that is going as off."""
    mine, _ = store_with(DescribeTable=described(), DescribeTimeToLive=answer)

    live = mine.read(replace(PLANS, ttl=TimeToLive("expiresAt")))

    assert live is not None
    assert live.table.ttl == expected


@pytest.mark.parametrize(
    "answer, expected",
    [
        pytest.param(recovery(), True, id="on"),
        pytest.param(recovery("DISABLED"), False, id="off"),
        pytest.param(
            {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "DISABLED"}},
            False,
            id="nothing-said",
        ),
    ],
)
def test_point_in_time_recovery(answer: Answer, expected: bool) -> None:
    """Only ENABLED counts as on."""
    mine, _ = store_with(DescribeTable=described(), DescribeContinuousBackups=answer)

    live = mine.read(replace(PLANS, point_in_time_recovery=True))

    assert live is not None
    assert live.table.point_in_time_recovery is expected


@pytest.mark.parametrize("days", [1, 35, None])
def test_the_recovery_period_comes_with_recovery(days: int | None) -> None:
    """One call tells both; an engine that tells no period leaves it unreadable."""
    answer = recovery()
    shown: Any = answer["ContinuousBackupsDescription"]
    if days is not None:
        shown["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] = days
    mine, _ = store_with(DescribeTable=described(), DescribeContinuousBackups=answer)

    live = mine.read(replace(PLANS, point_in_time_recovery=True, recovery_period_in_days=7))

    assert live is not None
    assert live.table.recovery_period_in_days == days
    assert ("recovery_period_in_days" in live.unreadable) == (days is None)


def test_tags_come_in_pages() -> None:
    """AWS lists ten tags at a time."""
    fake = FakeDynamoDB()
    declared = replace(PLANS, tags=tuple((f"k{n:02}", str(n)) for n in range(23)))
    fake.hold(declared)

    live = store(fake).read(declared)

    assert live is not None
    assert live.table.tags == declared.tags
    assert [operation for operation, _ in fake.calls].count("ListTagsOfResource") == 3


@pytest.mark.parametrize(
    "operation", ["ListTagsOfResource", "DescribeTimeToLive", "DescribeContinuousBackups"]
)
def test_half_an_answer_about_a_fact_is_a_failure(operation: str) -> None:
    """A fact that was not answered is not taken for one that is off."""
    whole: dict[str, Answer] = {
        "DescribeTable": described(),
        "ListTagsOfResource": {"Tags": []},
        "DescribeTimeToLive": TTL_ON,
        "DescribeContinuousBackups": recovery(),
    }
    canned = CannedAws(answers(**{**whole, operation: {}}))

    assert failure(opened(canned), FULL).code is ErrorCode.NETWORK_ERROR


def test_a_call_that_an_engine_has_not_is_asked_once() -> None:
    """One refusal speaks for every table: the fact is unreadable, with the engine's name."""
    mine, canned = store_with(
        "local", DescribeTable=described(TableArn=LOCAL_ARN), ListTagsOfResource=NO_SUCH_CALL
    )
    declared = replace(PLANS, tags=(("team", "core"),))

    lives = [mine.read(declared) for _ in range(3)]

    assert [live.unreadable["tags"] for live in lives if live] == (
        ["DynamoDB Local has no such call"] * 3
    )
    assert canned.operations.count("ListTagsOfResource") == 1


def test_a_refusal_of_a_fact_names_fact_and_table() -> None:
    """A permission that is missing is told by what it is needed for."""
    mine, _ = store_with(DescribeTable=described(), DescribeContinuousBackups=DENIED)

    error = failure(mine, replace(PLANS, point_in_time_recovery=True))

    assert error.message == (
        "AWS does not allow reading point in time recovery of Plans: its words"
    )


@pytest.mark.parametrize(
    "arn, server, expected",
    [
        pytest.param(AWS_ARN, "Server", {}, id="aws"),
        pytest.param(
            LOCAL_ARN,
            "Jetty",
            dict.fromkeys(
                ("encryption", "table_class", "max_throughput", "warm_throughput"),
                "DynamoDB Local does not keep it",
            ),
            id="dynamodb-local",
        ),
        pytest.param(
            AWS_ARN,
            "Werkzeug/3.0",
            dict.fromkeys(("table_class", "max_throughput"), "moto does not keep it"),
            id="moto",
        ),
    ],
)
def test_what_an_engine_drops_is_unreadable(
    arn: str, server: str, expected: dict[str, str]
) -> None:
    """The engine is known by its answer, and its gaps are named for a glance and a reading."""
    canned = CannedAws(answers(DescribeTable=described(TableArn=arn)), server)
    mine = opened(canned, "local")

    lives = [mine.describe(PLANS), mine.read(PLANS)]

    assert [live.unreadable for live in lives if live] == [expected, expected]


def test_tables_are_read_side_by_side_and_named() -> None:
    """Every table has its entry under its name, in the order in which it was asked for."""
    names = [f"Plans{number}" for number in range(12)]
    canned = CannedAws(
        lambda _, request: (
            NOT_FOUND
            if request["TableName"] == "Plans5"
            else described(TableName=request["TableName"])
        )
    )
    mine = opened(canned)
    declared = [replace(PLANS, name=name) for name in names]

    for found in (mine.read_all(declared), mine.describe_all(declared)):
        assert list(found) == names
        assert [name for name, live in found.items() if live is None] == ["Plans5"]
        assert all(live is None or live.table.name == name for name, live in found.items())


def test_no_tables_are_read_without_a_call() -> None:
    """An empty set asks nothing."""
    mine, canned = store_with()

    assert (mine.read_all([]), mine.describe_all([]), canned.calls) == ({}, {}, [])
