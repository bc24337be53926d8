"""Warm throughput and recovery periods in every kind of declaration, and written again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.declarations.context import Context
from osem_tasks.declarations.documents import read_document
from osem_tasks.declarations.export.cloudformation import write_template
from osem_tasks.declarations.files import read
from osem_tasks.declarations.properties import declared_part
from osem_tasks.errors import ModelError
from osem_tasks.schema.model import Index, Key, Table, Throughput, table
from osem_tasks.schema.requests import document
from osem_tasks.schema.warm import WarmThroughput

if TYPE_CHECKING:
    from pathlib import Path

WARM = {"ReadUnitsPerSecond": 15_000, "WriteUnitsPerSecond": 5_000}
PERIOD = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}
KEY: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
}
INDEX: dict[str, Any] = {
    "IndexName": "by-id",
    "KeySchema": KEY["KeySchema"],
    "Projection": {"ProjectionType": "ALL"},
    "WarmThroughput": {"ReadUnitsPerSecond": 13_000},
}
ORDERS: dict[str, Any] = {
    "TableName": "Orders",
    **KEY,
    "BillingMode": "PAY_PER_REQUEST",
    "GlobalSecondaryIndexes": [INDEX],
    "WarmThroughput": WARM,
    "PointInTimeRecoverySpecification": PERIOD,
}
DECLARED = Table(
    name="Orders",
    key=Key.parse("id S"),
    global_indexes=(
        Index("by-id", Key.parse("id S"), warm_throughput=WarmThroughput(read=13_000)),
    ),
    warm_throughput=WarmThroughput(15_000, 5_000),
    point_in_time_recovery=True,
    recovery_period_in_days=7,
)


def of_file(content: Any, folder: Path) -> tuple[Table, ...]:
    """The tables of a file with that content; nothing of it is unmanaged."""
    path = folder / "tables.json"
    path.write_text(json.dumps(content))
    tables = read(path, Context(region="us-east-1", local=True)).tables
    assert [table.unmanaged for table in tables] == [()] * len(tables)
    return tables


def resource(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A template with one resource."""
    return {"Resources": {"Orders": {"Type": kind, "Properties": properties}}}


def without(properties: dict[str, Any], *names: str) -> dict[str, Any]:
    """The properties without some of them."""
    return {name: value for name, value in properties.items() if name not in names}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(ORDERS, id="request"),
        pytest.param([ORDERS], id="list"),
        pytest.param(document(DECLARED), id="export"),
        pytest.param(resource("AWS::DynamoDB::Table", ORDERS), id="template"),
        pytest.param(write_template([DECLARED]), id="exported-template"),
        pytest.param(
            resource(
                "AWS::DynamoDB::GlobalTable",
                {
                    **without(ORDERS, "PointInTimeRecoverySpecification"),
                    "Replicas": [
                        {"Region": "us-east-1", "PointInTimeRecoverySpecification": PERIOD}
                    ],
                },
            ),
            id="global-table",
        ),
        pytest.param(
            resource(
                "AWS::DynamoDB::Table",
                {
                    **ORDERS,
                    "WarmThroughput": {name: str(units) for name, units in WARM.items()},
                    "PointInTimeRecoverySpecification": {
                        "PointInTimeRecoveryEnabled": "true",
                        "RecoveryPeriodInDays": "7",
                    },
                },
            ),
            id="template-with-texts",
        ),
    ],
)
def test_both_are_read_from_every_kind_of_file(content: Any, tmp_path: Path) -> None:
    """Requests, exports, templates and replicas declare the same facts."""
    assert of_file(content, tmp_path) == (DECLARED,)


def test_sam_declares_a_recovery_period(tmp_path: Path) -> None:
    """A SimpleTable hands its recovery on to the table."""
    simple = {"TableName": "Orders", "PointInTimeRecoverySpecification": PERIOD}

    (found,) = of_file(resource("AWS::Serverless::SimpleTable", simple), tmp_path)

    assert (found.point_in_time_recovery, found.recovery_period_in_days) == (True, 7)


DESCRIBED = {
    **ORDERS,
    "TableStatus": "ACTIVE",
    "GlobalSecondaryIndexes": [{**INDEX, "WarmThroughput": {**WARM, "Status": "ACTIVE"}}],
    "WarmThroughput": {**WARM, "Status": "ACTIVE"},
}


def test_what_a_description_shows_warm_is_no_declaration(tmp_path: Path) -> None:
    """DescribeTable shows warm throughput of every table and index, raised or not."""
    described = without(DESCRIBED, "PointInTimeRecoverySpecification")

    (found,) = of_file({"Table": described}, tmp_path)

    assert found == table("Orders", "id S", {"by-id": "id S"})


@pytest.mark.parametrize("beside", [True, False], ids=["beside-the-table", "in-it"])
@pytest.mark.parametrize(
    "status, days, expected",
    [
        ("ENABLED", 7, (True, 7)),
        ("ENABLED", 35, (True, None)),
        ("ENABLED", None, (True, None)),
        ("DISABLED", None, (None, None)),
    ],
)
def test_the_answer_of_describe_continuous_backups(
    beside: bool, status: str, days: int | None, expected: tuple[bool | None, int | None]
) -> None:
    """Recovery that a description shows counts; AWS's own state and period declare nothing."""
    shown: dict[str, Any] = {"PointInTimeRecoveryStatus": status}
    if days is not None:
        shown["RecoveryPeriodInDays"] = days
    backups = {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": shown,
        }
    }
    described = without(DESCRIBED, "PointInTimeRecoverySpecification")

    (found,) = read_document(
        {"Table": described, **backups} if beside else {"Table": {**described, **backups}}
    )

    assert (found.point_in_time_recovery, found.recovery_period_in_days) == expected


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"WarmThroughput": {}}, "WarmThroughput is empty"),
        ({"WarmThroughput": {"ReadUnits": 15_000}}, "did you mean 'ReadUnitsPerSecond'"),
        ({"WarmThroughput": {"ReadUnitsPerSecond": "many"}}, "must be a whole number"),
        ({"WarmThroughput": {"ReadUnitsPerSecond": 5}}, "at least 12000 read"),
        (
            {"PointInTimeRecoverySpecification": {**PERIOD, "PointInTimeRecoveryEnabled": False}},
            "RecoveryPeriodInDays is given, but PointInTimeRecoveryEnabled is false",
        ),
        (
            {"PointInTimeRecoverySpecification": {**PERIOD, "RecoveryPeriodInDays": 36}},
            "must be 1 to 35 days, not 36",
        ),
        (
            {"PointInTimeRecoverySpecification": {"RecoveryPeriodInDays": 7}},
            "PointInTimeRecoveryEnabled is missing",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["request", "template"])
def test_what_dynamodb_refuses_is_refused(
    changes: dict[str, Any], problem: str, kind: str, tmp_path: Path
) -> None:
    """The property and what it needs are named, in requests and in templates."""
    properties = {**ORDERS, **changes}
    content = properties if kind == "request" else resource("AWS::DynamoDB::Table", properties)

    with pytest.raises(ModelError) as caught:
        of_file(content, tmp_path)

    assert problem in str(caught.value)


def test_what_aws_alone_knows_is_listed(tmp_path: Path) -> None:
    """A number that only AWS knows is listed, and the other number counts."""
    unknown = {"Fn::ImportValue": "units"}
    properties = {**ORDERS, "WarmThroughput": {**WARM, "ReadUnitsPerSecond": unknown}}
    path = tmp_path / "template.json"
    path.write_text(json.dumps(resource("AWS::DynamoDB::Table", properties)))

    (found,) = read(path, Context(region="us-east-1", local=True)).tables

    assert [name for name, _ in found.unmanaged] == ["WarmThroughput.ReadUnitsPerSecond"]
    assert found.warm_throughput == WarmThroughput(write=5_000)


@pytest.mark.parametrize(
    "found, days, declared, kept",
    [
        (WarmThroughput(12_000, 4_000), 35, None, None),
        (WarmThroughput(20_000, 4_000), 34, WarmThroughput(read=20_000), 34),
        (WarmThroughput(20_000, 5_000), 1, WarmThroughput(20_000, 5_000), 1),
        (None, None, None, None),
    ],
)
def test_an_import_declares_what_is_not_awss_own(
    found: WarmThroughput | None,
    days: int | None,
    declared: WarmThroughput | None,
    kept: int | None,
) -> None:
    """A live table's raised warm throughput and its own period are declared, no default is."""
    live = table(
        "Orders",
        "id S",
        {"by-x": "x S"},
        warm_throughput=found,
        point_in_time_recovery=True,
        recovery_period_in_days=days,
    )
    index = replace(live.global_indexes[0], warm_throughput=found)

    part = declared_part(replace(live, global_indexes=(index,)))

    assert (part.warm_throughput, part.global_indexes[0].warm_throughput) == (declared, declared)
    assert part.recovery_period_in_days == kept


@pytest.mark.parametrize("warm", [WarmThroughput(5, 5), WarmThroughput(12_000, 4_000)])
def test_an_import_of_a_provisioned_table(warm: WarmThroughput) -> None:
    """Its units, and what a table has from a time on demand, are AWS's own."""
    live = table(
        "Orders",
        "id S",
        billing="PROVISIONED",
        throughput=Throughput(5, 5),
        warm_throughput=warm,
    )

    assert declared_part(live).warm_throughput is None
