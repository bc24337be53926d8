"""Descriptions as tables: a round trip, and what engines really answered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.schema.compare import compare
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import (
    NO_LIMIT,
    Attribute,
    Encryption,
    Index,
    Key,
    Projection,
    Stream,
    Table,
    Throughput,
    table,
)
from osem_tasks.schema.reader import declared_table, from_description
from osem_tasks.schema.requests import create_request, document
from osem_tasks.schema.warm import WarmThroughput
from tests.support.strategies import tables

if TYPE_CHECKING:
    from random import Random

    from mypy_boto3_dynamodb.type_defs import CreateTableInputTypeDef

MANAGED_KEY = "arn:aws:kms:us-east-1:123456789012:key/managed"
NO_UNITS = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}


def describe(request: CreateTableInputTypeDef, order: Random) -> dict[str, Any]:
    """What AWS answers about a table made by ``request``; lists in any order."""
    asked: dict[str, Any] = dict(request)
    on_demand = asked["BillingMode"] == "PAY_PER_REQUEST"
    answer: dict[str, Any] = {
        "TableName": asked["TableName"],
        "KeySchema": asked["KeySchema"],
        "TableStatus": "ACTIVE",
        "AttributeDefinitions": order.sample(
            asked["AttributeDefinitions"], len(asked["AttributeDefinitions"])
        ),
        "ProvisionedThroughput": asked.get("ProvisionedThroughput", NO_UNITS),
        "DeletionProtectionEnabled": asked.get("DeletionProtectionEnabled", False),
    }
    for key in ("StreamSpecification", "OnDemandThroughput", "WarmThroughput"):
        if key in asked:
            answer[key] = asked[key]
    for key in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if key in asked:
            described = [_describe_index(index, order) for index in asked[key]]
            answer[key] = order.sample(described, len(described))
    if on_demand:
        answer["BillingModeSummary"] = {"BillingMode": "PAY_PER_REQUEST"}
    if "TableClass" in asked:
        answer["TableClassSummary"] = {"TableClass": asked["TableClass"]}
    if "SSESpecification" in asked:
        arn = asked["SSESpecification"].get("KMSMasterKeyId", MANAGED_KEY)
        answer["SSEDescription"] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": arn}
    return answer


def _describe_index(index: dict[str, Any], order: Random) -> dict[str, Any]:
    answer = {"ProvisionedThroughput": NO_UNITS, "IndexStatus": "ACTIVE", **index}
    names = index["Projection"].get("NonKeyAttributes")
    if names:
        shuffled = order.sample(names, len(names))
        answer["Projection"] = {**index["Projection"], "NonKeyAttributes": shuffled}
    return answer


def as_described(declared: Table) -> Table:
    """``declared`` with DynamoDB's defaults for what it leaves open."""
    limit = NO_LIMIT if declared.billing == "PAY_PER_REQUEST" else None
    encryption = declared.encryption or Encryption()
    if encryption == Encryption("KMS"):
        encryption = Encryption("KMS", MANAGED_KEY)
    return replace(
        declared,
        global_indexes=tuple(
            replace(index, max_throughput=index.max_throughput or limit)
            for index in declared.global_indexes
        ),
        max_throughput=declared.max_throughput or limit,
        stream=declared.stream or Stream(None),
        deletion_protection=declared.deletion_protection or False,
        encryption=encryption,
        table_class=declared.table_class or "STANDARD",
        tags=None,
        ttl=None,
        point_in_time_recovery=None,
        recovery_period_in_days=None,
    )


@given(tables(), st.randoms(use_true_random=False))
def test_description_of_a_request_is_the_table(declared: Table, order: Random) -> None:
    """Describing what a request made gives the declared table, in whatever order."""
    actual = from_description(describe(create_request(declared), order))

    assert as_described(declared) == actual


@given(tables(), st.randoms(use_true_random=False))
def test_fresh_table_verifies_clean(declared: Table, order: Random) -> None:
    """A table just created as declared shows no difference."""
    described = from_description(describe(create_request(declared), order))
    live = LiveTable(
        table=replace(
            described,
            tags=declared.tags,
            ttl=declared.ttl,
            point_in_time_recovery=declared.point_in_time_recovery,
            recovery_period_in_days=declared.recovery_period_in_days,
        ),
        status="ACTIVE",
        index_status={},
    )

    assert compare(declared, live).issues == ()


# A table with one index as both emulators describe it, to be varied.
OBSERVED: dict[str, Any] = {
    "TableName": "Plans",
    "TableStatus": "ACTIVE",
    "KeySchema": [{"AttributeName": "planId", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": "planId", "AttributeType": "S"},
        {"AttributeName": "teamId", "AttributeType": "S"},
    ],
    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    "ProvisionedThroughput": NO_UNITS,
    "DeletionProtectionEnabled": False,
}
INDEX: dict[str, Any] = {
    "IndexName": "teamId-index",
    "KeySchema": [{"AttributeName": "teamId", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
    "IndexStatus": "ACTIVE",
    "ProvisionedThroughput": NO_UNITS,
}
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
PLANS = as_described(table("Plans", "planId S"))
WITH_INDEX = as_described(table("Plans", "planId S", {"teamId-index": "teamId S"}))


def stated(**changes: Any) -> dict[str, Any]:
    """The observed description with changes; None leaves a key out."""
    return {key: value for key, value in {**OBSERVED, **changes}.items() if value is not None}


def provisioned(units: Throughput, *indexes: Index) -> Table:
    """The table under provisioned billing."""
    changes: dict[str, Any] = {"billing": "PROVISIONED", "max_throughput": None}
    return replace(PLANS, throughput=units, global_indexes=indexes, check=False, **changes)


@pytest.mark.parametrize(
    "description, expected",
    [
        pytest.param(stated(), PLANS, id="both-on-demand-shows-zero-units"),
        pytest.param(
            stated(GlobalSecondaryIndexes=[{**INDEX, "IndexSizeBytes": 0, "IndexArn": "arn:x"}]),
            WITH_INDEX,
            id="local-index-with-arn-and-size",
        ),
        pytest.param(
            stated(
                GlobalSecondaryIndexes=[{**INDEX, "WarmThroughput": {"Status": "ACTIVE"}}],
                WarmThroughput={"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000},
            ),
            replace(WITH_INDEX, warm_throughput=WarmThroughput(12000, 4000)),
            id="moto-shows-warm-throughput",
        ),
        pytest.param(
            stated(
                AttributeDefinitions=OBSERVED["AttributeDefinitions"][::-1],
                GlobalSecondaryIndexes=[INDEX],
            ),
            WITH_INDEX,
            id="local-attributes-in-any-order",
        ),
        pytest.param(
            stated(GlobalSecondaryIndexes=[], LocalSecondaryIndexes=[]),
            PLANS,
            id="moto-shows-empty-lists",
        ),
        pytest.param(
            stated(BillingModeSummary=None, ProvisionedThroughput=UNITS),
            provisioned(Throughput(5, 5)),
            id="local-created-provisioned-has-no-summary",
        ),
        pytest.param(
            stated(BillingModeSummary={"BillingMode": "PROVISIONED"}, ProvisionedThroughput=UNITS),
            provisioned(Throughput(5, 5)),
            id="local-turned-provisioned-has-one",
        ),
        pytest.param(
            stated(ProvisionedThroughput=UNITS), PLANS, id="moto-keeps-old-units-on-demand"
        ),
        pytest.param(
            stated(GlobalSecondaryIndexes=[{**INDEX, "ProvisionedThroughput": UNITS}]),
            WITH_INDEX,
            id="moto-echoes-index-units-on-demand",
        ),
        pytest.param(
            stated(
                BillingModeSummary={"BillingMode": "PROVISIONED"},
                ProvisionedThroughput=UNITS,
                GlobalSecondaryIndexes=[INDEX],
            ),
            provisioned(
                Throughput(5, 5),
                Index("teamId-index", Key.parse("teamId S"), throughput=Throughput(0, 0)),
            ),
            id="moto-provisioned-index-without-units",
        ),
        pytest.param(
            stated(AttributeDefinitions=[{"AttributeName": "planId", "AttributeType": "BOOL"}]),
            replace(PLANS, key=Key.parse("planId BOOL"), check=False),
            id="moto-key-of-type-bool",
        ),
        pytest.param(
            stated(
                AttributeDefinitions=OBSERVED["AttributeDefinitions"][1:],
                GlobalSecondaryIndexes=[INDEX],
            ),
            replace(WITH_INDEX, key=Key((Attribute("planId", "?"),)), check=False),
            id="moto-definitions-replaced",
        ),
        pytest.param(
            stated(TableName="x"), replace(PLANS, name="x", check=False), id="moto-short-name"
        ),
        pytest.param(
            stated(
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
                LatestStreamArn="arn:aws:dynamodb:ddblocal:000000000000:table/Plans/stream/1",
            ),
            replace(PLANS, stream=Stream("NEW_IMAGE")),
            id="both-stream",
        ),
        pytest.param(
            stated(StreamSpecification={"StreamEnabled": False}), PLANS, id="stream-switched-off"
        ),
        pytest.param(
            stated(DeletionProtectionEnabled=True),
            replace(PLANS, deletion_protection=True),
            id="both-protected",
        ),
        pytest.param(stated(DeletionProtectionEnabled=None), PLANS, id="no-word-about-protection"),
        pytest.param(
            stated(
                SSEDescription={
                    "Status": "ENABLED",
                    "SSEType": "KMS",
                    "KMSMasterKeyArn": "alias/foo",
                }
            ),
            replace(PLANS, encryption=Encryption("KMS", "alias/foo")),
            id="moto-echoes-the-alias",
        ),
        *(
            pytest.param(
                stated(SSEDescription={"Status": status, "SSEType": "KMS"}),
                replace(PLANS, encryption=encryption),
                id=f"encryption-{status.lower()}",
            )
            for status, encryption in (
                ("ENABLING", Encryption("KMS")),
                ("UPDATING", Encryption("KMS")),
                ("DISABLING", Encryption()),
                ("DISABLED", Encryption()),
            )
        ),
        pytest.param(
            stated(TableClassSummary={"TableClass": "STANDARD_INFREQUENT_ACCESS"}),
            replace(PLANS, table_class="STANDARD_INFREQUENT_ACCESS"),
            id="aws-table-class",
        ),
        pytest.param(
            stated(OnDemandThroughput={"MaxReadRequestUnits": 9}),
            replace(PLANS, max_throughput=Throughput(9, -1)),
            id="aws-maximum-of-one-kind",
        ),
        pytest.param(
            stated(
                GlobalSecondaryIndexes=[
                    {
                        **INDEX,
                        "Projection": {
                            "ProjectionType": "INCLUDE",
                            "NonKeyAttributes": ["season", "planName"],
                        },
                    }
                ]
            ),
            replace(
                WITH_INDEX,
                global_indexes=(
                    replace(
                        WITH_INDEX.global_indexes[0],
                        projection=Projection("INCLUDE", ("planName", "season")),
                    ),
                ),
            ),
            id="included-in-any-order",
        ),
    ],
)
def test_what_engines_answer(description: dict[str, Any], expected: Table) -> None:
    """Each peculiarity of DynamoDB Local, moto and AWS reads as the table that it means."""
    assert expected == from_description(description)


@pytest.mark.parametrize("status", ["DISABLED", "DISABLING"])
def test_disabled_encryption_is_the_aws_owned_key(status: str) -> None:
    """An SSEDescription that is switched off means DynamoDB's own key, read as either dialect."""
    description = stated(SSEDescription={"Status": status, "SSEType": "KMS"})

    assert from_description(description).encryption == Encryption("AWS_OWNED")
    assert declared_table("Plans", description).encryption == Encryption("AWS_OWNED")


@given(tables())
def test_a_declaration_reads_back_as_it_was_written(declared: Table) -> None:
    """``declared_table`` is the inverse of ``document``: no declared fact is lost or made up."""
    assert declared_table(declared.name, document(declared)) == declared


@pytest.mark.parametrize(
    "holder",
    [
        pytest.param({"KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}]}, id="table"),
        *(
            pytest.param(
                {kind: [{**INDEX, "KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}]}]},
                id=kind,
            )
            for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        ),
    ],
)
def test_a_declaration_defines_its_key_attributes(holder: dict[str, Any]) -> None:
    """A declared key attribute without a definition is named; only a description may lack one."""
    with pytest.raises(ValueError, match="key attribute 'x' is not in AttributeDefinitions"):
        declared_table("Plans", stated(**holder))
