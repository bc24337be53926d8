"""Answers that lack what they must hold: cut short, and never read as fine."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from typing import Any

import pytest

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.model import TimeToLive
from osem_tasks.waiting.clock import Deadline
from tests.support.canned_aws import CannedAws
from tests.support.still_clock import still_clock
from tests.unit.aws.described import (
    DENIED,
    FULL,
    NOT_FOUND,
    PLANS,
    described,
    opened,
    store_with,
)

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys as a shell holds them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOWNKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own-secret")


# What AWS, DynamoDB Local and moto always show; what may be left out is a default.
ALWAYS = (
    "TableName",
    "TableArn",
    "KeySchema",
    "AttributeDefinitions",
    "ItemCount",
    "TableSizeBytes",
)
OF_INDEX = ("IndexName", "KeySchema", "Projection", "IndexStatus")


def without(description: dict[str, Any], *path: str) -> dict[str, Any]:
    """A copy of a description that lacks the member at the end of ``path``."""
    first, *rest = path
    if not rest:
        return {key: value for key, value in description.items() if key != first}
    held = description[first]
    changed = (
        [without(item, *rest) for item in held] if isinstance(held, list) else without(held, *rest)
    )
    return {**description, first: changed}


@pytest.mark.parametrize(
    "path",
    [
        *((member,) for member in ALWAYS),
        *(("GlobalSecondaryIndexes", member) for member in OF_INDEX),
        ("GlobalSecondaryIndexes", "Projection", "ProjectionType"),
        ("BillingModeSummary", "BillingMode"),
        ("StreamSpecification", "StreamEnabled"),
        ("StreamSpecification", "StreamViewType"),
        ("SSEDescription", "Status"),
        ("TableClassSummary", "TableClass"),
    ],
    ids="/".join,
)
def test_a_description_that_lacks_something_is_not_read_as_fine(path: tuple[str, ...]) -> None:
    """An absent IndexStatus is not ACTIVE, an absent ProjectionType not ALL: it was cut short."""
    whole = described(
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        SSEDescription={"Status": "ENABLED", "SSEType": "KMS"},
        TableClassSummary={"TableClass": "STANDARD"},
    )
    assert store_with(DescribeTable=whole)[0].describe(PLANS) is not None

    mine, _ = store_with(DescribeTable={"Table": without(whole["Table"], *path)})
    with pytest.raises(OsemError, match="incomplete response") as caught:
        mine.read(PLANS)

    assert caught.value.code is ErrorCode.NETWORK_ERROR


@pytest.mark.parametrize(
    "member", ["BillingModeSummary", "SSEDescription", "StreamSpecification", "TableClassSummary"]
)
def test_what_aws_leaves_out_is_its_default(member: str) -> None:
    """A description without the whole part is complete."""
    assert store_with(DescribeTable=described(**{member: None}))[0].describe(PLANS) is not None


def test_a_table_that_is_going_may_be_described_by_its_name() -> None:
    """While a table is deleted, AWS shows little of it; it is still known to be there."""
    going = {"Table": {"TableName": "Plans", "TableStatus": "DELETING"}}

    live = store_with(DescribeTable=going)[0].describe(PLANS)

    assert live is not None
    assert (live.status, live.ready) == ("DELETING", False)


@pytest.mark.parametrize(
    "operation, answer, declared",
    [
        ("DescribeTimeToLive", {"TimeToLiveDescription": {}}, {"ttl": TimeToLive("at")}),
        (
            "DescribeTimeToLive",
            {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}},
            {"ttl": TimeToLive("at")},
        ),
        (
            "DescribeContinuousBackups",
            {"ContinuousBackupsDescription": {}},
            {"point_in_time_recovery": True},
        ),
        (
            "DescribeContinuousBackups",
            {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"}},
            {"point_in_time_recovery": True},
        ),
        (
            "DescribeContinuousBackups",
            {
                "ContinuousBackupsDescription": {
                    "ContinuousBackupsStatus": "ENABLED",
                    "PointInTimeRecoveryDescription": {},
                }
            },
            {"point_in_time_recovery": True},
        ),
        ("ListTagsOfResource", {}, {"tags": (("a", "1"),)}),
        ("ListTagsOfResource", {"Tags": [{"Key": "a"}]}, {"tags": (("a", "1"),)}),
    ],
)
def test_a_setting_that_is_not_told_is_not_off(
    operation: str, answer: dict[str, Any], declared: dict[str, Any]
) -> None:
    """An absent status of a time to live or of backups is a cut answer, not "disabled"."""
    by_operation: dict[str, Any] = {"DescribeTable": described(), operation: answer}
    mine, _ = store_with(**by_operation)

    with pytest.raises(OsemError) as caught:
        mine.read(replace(PLANS, **declared))

    assert caught.value.code is ErrorCode.NETWORK_ERROR


@pytest.mark.parametrize(
    "tags, code",
    [
        ({}, ErrorCode.NETWORK_ERROR),
        (NOT_FOUND, ErrorCode.NETWORK_ERROR),
        (DENIED, ErrorCode.AWS_PERMISSIONS_DENIED),
    ],
    ids=["cut-short", "not-seen", "denied"],
)
def test_a_deletion_is_decided_by_tags_that_were_read(tags: Any, code: ErrorCode) -> None:
    """Tags that do not come are no absence of tags."""
    mine, _ = store_with(DescribeTable=described(), ListTagsOfResource=tags)

    with pytest.raises(OsemError) as caught:
        mine.read_owner(FULL)

    assert caught.value.code is code


def test_pages_that_never_end_are_a_timeout() -> None:
    """After the deadline no further page of tags is asked for."""
    with still_clock() as clock:
        number = itertools.count()

        def answer(operation: str, _: dict[str, Any]) -> dict[str, Any]:
            clock.pass_(1)
            page = {"Tags": [], "NextToken": str(next(number))}
            return page if operation == "ListTagsOfResource" else described()

        mine = opened(CannedAws(answer))
        mine._deadline = Deadline(10)
        with pytest.raises(OsemError) as caught:
            mine.read_owner(FULL)

    assert caught.value.code is ErrorCode.TIMEOUT


@pytest.mark.parametrize("value", [5, "x", [], None, True, [1], [["a"]], {"a": 1}], ids=repr)
@pytest.mark.parametrize(
    "member",
    [
        "Table",
        "TableStatus",
        "KeySchema",
        "GlobalSecondaryIndexes",
        "AttributeDefinitions",
        "ItemCount",
    ],
)
def test_a_member_of_a_wrong_kind_never_ends_in_a_traceback(member: str, value: Any) -> None:
    """Rubbish in place of a member is an OsemError, or what botocore makes a value of."""
    answer = {"Table": value} if member == "Table" else described(**{member: value})
    mine, _ = store_with(DescribeTable=answer)

    with contextlib.suppress(OsemError):
        assert mine.describe(PLANS) is not None
