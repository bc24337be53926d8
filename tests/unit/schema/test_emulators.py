"""Where emulators differ from AWS: known by what they answer, allowed for in one place."""

from __future__ import annotations

from typing import Any

import pytest

from osem_tasks.schema.emulators import (
    AWS,
    DYNAMODB_LOCAL,
    MINISTACK,
    MOTO,
    Engine,
    dropped_facts,
    engine_of,
    fixed_facts,
    keep_protection,
    latest_tags,
    local_engine_of,
    proven_local,
    server_of,
)
from osem_tasks.schema.live import (
    ENCRYPTION,
    MAX_THROUGHPUT,
    TABLE_CLASS,
    WARM_THROUGHPUT,
    LiveTable,
)
from osem_tasks.schema.model import Key, Table

AWS_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/Plans"
LOCAL_ARN = "arn:aws:dynamodb:ddblocal:000000000000:table/Plans"
MINISTACK_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/Plans"
WERKZEUG = "Werkzeug/3.0.3 Python/3.12.3"
SHOWN: dict[str, Any] = {
    ENCRYPTION: {"SSEDescription": {"Status": "ENABLED"}},
    TABLE_CLASS: {"TableClassSummary": {"TableClass": "STANDARD"}},
    WARM_THROUGHPUT: {"WarmThroughput": {"ReadUnitsPerSecond": 12000}},
    MAX_THROUGHPUT: {"OnDemandThroughput": {"MaxReadRequestUnits": 5}},
}


@pytest.mark.parametrize(
    "arn, server, expected",
    [
        pytest.param(AWS_ARN, "Server", AWS, id="aws"),
        pytest.param(AWS_ARN, "", AWS, id="aws-without-header"),
        pytest.param("", "", AWS, id="nothing-known"),
        pytest.param("", "Jetty(9.4.53.v20231009)", DYNAMODB_LOCAL, id="no-table-yet"),
        pytest.param(AWS_ARN, "Jetty(9.4.53)", AWS, id="an-arn-of-aws-counts-more"),
        pytest.param(LOCAL_ARN, "Jetty(12.0.8)", DYNAMODB_LOCAL, id="dynamodb-local"),
        pytest.param(AWS_ARN, WERKZEUG, MOTO, id="moto"),
        pytest.param(LOCAL_ARN, WERKZEUG, DYNAMODB_LOCAL, id="dynamodb-local-behind-a-proxy"),
        pytest.param(MINISTACK_ARN, "ministack", MINISTACK, id="ministack"),
        pytest.param(AWS_ARN, "ministack", MINISTACK, id="ministack-another-account"),
        pytest.param("", "ministack", MINISTACK, id="ministack-no-table-yet"),
        pytest.param(MINISTACK_ARN, "", AWS, id="another-emulator"),
    ],
)
def test_engine_by_its_description(arn: str, server: str, expected: Engine) -> None:
    """DynamoDB Local is known by the ARNs that it makes up, moto by its server's header."""
    assert engine_of(arn, server) is expected


@pytest.mark.parametrize(
    "server, expected",
    [
        pytest.param("Jetty(12.0.8)", DYNAMODB_LOCAL, id="dynamodb-local"),
        pytest.param("", DYNAMODB_LOCAL, id="no-header"),
        pytest.param(WERKZEUG, MOTO, id="moto"),
        pytest.param("ministack", MINISTACK, id="ministack"),
    ],
)
def test_engine_of_this_machine(server: str, expected: Engine) -> None:
    """On this machine whatever is not moto is DynamoDB Local."""
    assert local_engine_of(server) is expected


@pytest.mark.parametrize(
    "headers, expected",
    [
        pytest.param({}, "", id="none"),
        pytest.param({"server": "Server", "x-amzn-requestid": "1"}, "Server", id="aws"),
        pytest.param({"server": "Jetty(12.0.8)"}, "Jetty(12.0.8)", id="dynamodb-local"),
        pytest.param({"server": f"{WERKZEUG}, amazon.com"}, f"{WERKZEUG}, amazon.com", id="moto"),
        pytest.param({"x-amz-id-2": "x"}, "ministack", id="ministack"),
        pytest.param({"server": "Server", "x-amz-id-2": "x"}, "Server", id="a-named-one-counts"),
        pytest.param({"server": "", "x-amzn-requestid": "1"}, "", id="a-proxy-before-aws"),
    ],
)
def test_the_server_by_its_headers(headers: dict[str, str], expected: str) -> None:
    """ministack names itself nowhere, but sends a header that no other DynamoDB sends."""
    assert server_of(headers) == expected


@pytest.mark.parametrize(
    "arn, server, expected",
    [
        pytest.param(MINISTACK_ARN, "ministack", "ministack (account 000000000000)", id="its-own"),
        pytest.param(AWS_ARN, "ministack", "", id="an-account-that-aws-assigns"),
        pytest.param(MINISTACK_ARN, "", "an emulator (account 000000000000)", id="another"),
        pytest.param(AWS_ARN, "Server", "", id="aws"),
    ],
)
def test_what_proves_a_local_engine(arn: str, server: str, expected: str) -> None:
    """An account that AWS never assigns does; headers alone never do."""
    assert proven_local(arn, server) == expected


@pytest.mark.parametrize(
    "description, dropped",
    [
        pytest.param({}, True, id="nothing"),
        pytest.param(
            {"WarmThroughput": {"ReadUnitsPerSecond": 0, "WriteUnitsPerSecond": 0, "Status": "A"}},
            True,
            id="zeros",
        ),
        pytest.param(
            {
                "WarmThroughput": {"ReadUnitsPerSecond": 0, "WriteUnitsPerSecond": 0},
                "GlobalSecondaryIndexes": [{"WarmThroughput": {"ReadUnitsPerSecond": 5}}],
            },
            True,
            id="zeros-beside-an-index",
        ),
        pytest.param({"WarmThroughput": {"ReadUnitsPerSecond": 12000}}, False, id="a-value"),
    ],
)
def test_a_warm_throughput_of_zero_is_none(description: dict[str, Any], dropped: bool) -> None:
    """ministack shows zeros whatever is set; a later version that keeps it is compared."""
    assert (WARM_THROUGHPUT in dropped_facts(MINISTACK, description)) is dropped


@pytest.mark.parametrize(
    "engine", [AWS, DYNAMODB_LOCAL, MINISTACK, MOTO], ids=lambda engine: engine.name
)
def test_a_dropped_fact_is_named_with_the_engine(engine: Engine) -> None:
    """The facts that an engine does not keep prove nothing by their absence; AWS keeps all."""
    expected = dict.fromkeys(engine.drops, f"{engine.name} does not keep it")

    assert dropped_facts(engine, {"TableName": "Plans"}) == expected


@pytest.mark.parametrize("fact", DYNAMODB_LOCAL.drops)
@pytest.mark.parametrize("of_index", [False, True], ids=["of-the-table", "of-an-index"])
def test_a_fact_that_is_shown_is_readable(fact: str, of_index: bool) -> None:
    """A description that mentions the fact, for the table or an index, can be compared."""
    shown = SHOWN[fact]
    description = {"GlobalSecondaryIndexes": [{}, shown]} if of_index else shown

    assert fact not in dropped_facts(DYNAMODB_LOCAL, description)


@pytest.mark.parametrize(
    "arn, protected, arguments, expected",
    [
        pytest.param(AWS_ARN, True, {}, {}, id="aws-keeps-it"),
        pytest.param(
            LOCAL_ARN, True, {}, {"DeletionProtectionEnabled": True}, id="local-must-be-told"
        ),
        pytest.param(LOCAL_ARN, False, {}, {}, id="local-unprotected"),
        pytest.param(LOCAL_ARN, None, {}, {}, id="local-unknown"),
        pytest.param(
            LOCAL_ARN,
            True,
            {"DeletionProtectionEnabled": False},
            {"DeletionProtectionEnabled": False},
            id="local-is-switched-off",
        ),
    ],
)
def test_an_update_keeps_the_protection(
    arn: str, protected: bool | None, arguments: dict[str, Any], expected: dict[str, Any]
) -> None:
    """DynamoDB Local forgets the protection in each update that does not name it."""
    table = Table(name="Plans", key=Key.parse("planId S"), deletion_protection=protected)
    live = LiveTable(table=table, status="ACTIVE", index_status={}, arn=arn)

    assert keep_protection(live, arguments) == expected


@pytest.mark.parametrize(
    "tags, expected",
    [
        pytest.param([], (), id="none"),
        pytest.param(
            [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
            (("a", "1"), ("b", "2")),
            id="two",
        ),
        pytest.param(
            [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], (("a", "2"),), id="set-again"
        ),
    ],
)
def test_the_later_of_two_equal_tags_counts(
    tags: list[dict[str, str]], expected: tuple[tuple[str, str], ...]
) -> None:
    """moto keeps a tag that is set again beside the old one."""
    assert latest_tags(tags) == expected


LABEL = {"LatestStreamLabel": "2026-11-26T01:57:27.030"}
ON = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}}


@pytest.mark.parametrize(
    "engine, description, expected",
    [
        pytest.param(AWS, {**LABEL, **ON}, set(), id="aws"),
        pytest.param(DYNAMODB_LOCAL, {**LABEL, **ON}, set(), id="dynamodb-local"),
        pytest.param(MINISTACK, {**LABEL, **ON}, set(), id="ministack"),
        pytest.param(MOTO, {}, {"encryption"}, id="moto"),
        pytest.param(MOTO, {**LABEL, **ON}, {"encryption", "stream"}, id="moto-stream-on"),
        pytest.param(MOTO, LABEL, {"encryption", "stream"}, id="moto-stream-was-on"),
    ],
)
def test_facts_that_an_engine_cannot_change(
    engine: Engine, description: dict[str, Any], expected: set[str]
) -> None:
    """moto keeps the encryption, and enables no stream that was on; the reason names it."""
    found = fixed_facts(engine, description)

    assert {*found} == expected
    assert all(reason.startswith(f"{engine.name} does not") for reason in found.values())
