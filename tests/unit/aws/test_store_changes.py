"""The tables of a target created and changed; and the limits that a store keeps to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from osem_tasks.aws.store import TableStore
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.plan.calls import Call
from osem_tasks.schema.requests import create_request
from osem_tasks.waiting.policy import current
from tests.support.canned_aws import Answer, CannedAws, Refusal
from tests.support.still_clock import still_clock
from tests.unit.aws.described import (
    AWS_ARN,
    DENIED,
    NO_SUCH_CALL,
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


def test_a_table_is_created_by_its_request() -> None:
    """CreateTable is sent as the model says, and the answer is the live table."""
    answer = {"TableDescription": described(TableStatus="CREATING")["Table"]}
    mine, canned = store_with(CreateTable=answer)

    live = mine.create(PLANS)

    assert live is not None
    assert (live.status, live.ready) == ("CREATING", False)
    assert canned.calls == [("CreateTable", dict(create_request(PLANS)))]


def test_create_table_is_sent_once() -> None:
    """A failure of the server is not repeated by botocore: nobody would know who created it."""
    mine, canned = store_with(CreateTable=Refusal("InternalServerError", status=500))

    with pytest.raises(OsemError) as caught:
        mine.create(PLANS)

    assert caught.value.code is ErrorCode.NETWORK_ERROR
    assert canned.operations == ["CreateTable"]


@pytest.mark.parametrize("code", ["ResourceInUseException", "TableAlreadyExistsException"])
def test_a_table_that_exists_already_is_not_created(code: str) -> None:
    """Somebody else was quicker: that is for the caller to judge."""
    assert store_with(CreateTable=Refusal(code))[0].create(PLANS) is None


@pytest.mark.parametrize(
    "answer, code",
    [
        pytest.param({}, ErrorCode.NETWORK_ERROR, id="truncated"),
        pytest.param({"TableDescription": {}}, ErrorCode.NETWORK_ERROR, id="empty"),
        pytest.param(
            Refusal("LimitExceededException"), ErrorCode.TABLE_LIMIT_EXCEEDED, id="refused"
        ),
    ],
)
def test_a_creation_that_fails(answer: Answer, code: ErrorCode) -> None:
    """An answer without its content leaves open whether the table exists."""
    with pytest.raises(OsemError) as caught:
        store_with(CreateTable=answer)[0].create(PLANS)

    assert (caught.value.code, caught.value.table) == (code, "Plans")


TAG = Call("tag_resource", {"ResourceArn": AWS_ARN, "Tags": [{"Key": "a", "Value": "1"}]})


def test_a_change_is_sent_as_it_was_planned() -> None:
    """The call's method and its arguments."""
    mine, canned = store_with(TagResource={})

    mine.update("Plans", "to set tags on", TAG)

    assert canned.calls == [("TagResource", TAG.arguments)]


def test_a_change_that_is_refused_names_the_step() -> None:
    """The error says what was being done to which table."""
    mine, _ = store_with(TagResource=DENIED)

    with pytest.raises(OsemError, match="AWS does not allow to set tags on Plans") as caught:
        mine.update("Plans", "to set tags on", TAG)

    assert caught.value.table == "Plans"


def test_an_engine_without_the_call_has_nothing_to_change() -> None:
    """On a local engine a missing call is passed over; reading says that it is not comparable."""
    local, _ = store_with("local", TagResource=NO_SUCH_CALL)
    aws, _ = store_with("dev", TagResource=NO_SUCH_CALL)

    local.update("Plans", "to set tags on", TAG)
    with pytest.raises(OsemError) as caught:
        aws.update("Plans", "to set tags on", TAG)

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION


def test_names_come_in_pages() -> None:
    """ListTables gives a hundred names at a time."""
    pages: list[dict[str, Any]] = [
        {"TableNames": ["one", "two"], "LastEvaluatedTableName": "two"},
        {"TableNames": ["three"]},
    ]
    canned = CannedAws(lambda *_: pages.pop(0))

    assert opened(canned).names() == ["one", "two", "three"]
    assert [request for _, request in canned.calls] == [{}, {"ExclusiveStartTableName": "two"}]


@pytest.mark.parametrize(
    "name, paced", [("dev", True), ("local", False)], ids=["aws", "local-engine"]
)
def test_limited_calls_keep_their_pace_on_aws(name: str, paced: bool) -> None:
    """AWS allows ListTagsOfResource ten times a second; an engine on this machine any number."""
    with still_clock() as own:
        mine, _ = store_with(name, DescribeTable=described(), ListTagsOfResource={"Tags": []})
        calls = current().calls_per_second["tags"] + 5
        for _ in range(calls):
            mine.read(replace(PLANS, tags=()))

        assert len(own.slept) == (5 if paced else 0)


def test_a_store_cannot_delete() -> None:
    """Nothing that has a store reaches DeleteTable through it."""
    assert [name for name in dir(TableStore) if "delete" in name.lower()] == []
