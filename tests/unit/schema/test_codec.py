"""Between tables and the shapes of the API: a round trip, and what engines really answered."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.declarations.osem import TABLES
from osem_tasks.schema import codec
from osem_tasks.schema.compare import compare
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import (
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
from tests.support.strategies import tables

if TYPE_CHECKING:
    from random import Random

    from botocore.model import Shape
    from mypy_boto3_dynamodb.type_defs import CreateTableInputTypeDef, TableDescriptionTypeDef

MANAGED_KEY = "arn:aws:kms:us-east-1:123456789012:key/managed"
NO_UNITS = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}


def describe(request: CreateTableInputTypeDef, order: Random) -> TableDescriptionTypeDef:
    """What AWS answers about a table made by ``request``; lists in any order."""
    asked: dict[str, Any] = dict(request)
    on_demand = asked["BillingMode"] == "PAY_PER_REQUEST"
    answer: dict[str, Any] = {
        **{each: asked[each] for each in ("TableName", "KeySchema")},
        "TableStatus": "ACTIVE",
        "AttributeDefinitions": order.sample(
            asked["AttributeDefinitions"], len(asked["AttributeDefinitions"])
        ),
        "ProvisionedThroughput": asked.get("ProvisionedThroughput", NO_UNITS),
        "DeletionProtectionEnabled": asked.get("DeletionProtectionEnabled", False),
    }
    for each in ("StreamSpecification", "OnDemandThroughput"):
        if each in asked:
            answer[each] = asked[each]
    for each in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if each in asked:
            described = [_describe_index(index, order) for index in asked[each]]
            answer[each] = order.sample(described, len(described))
    if on_demand:
        answer["BillingModeSummary"] = {"BillingMode": "PAY_PER_REQUEST"}
    if "TableClass" in asked:
        answer["TableClassSummary"] = {"TableClass": asked["TableClass"]}
    if "SSESpecification" in asked:
        key = asked["SSESpecification"].get("KMSMasterKeyId", MANAGED_KEY)
        answer["SSEDescription"] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}
    return cast("TableDescriptionTypeDef", answer)


def _describe_index(index: dict[str, Any], order: Random) -> dict[str, Any]:
    answer = {"ProvisionedThroughput": NO_UNITS, "IndexStatus": "ACTIVE", **index}
    names = index["Projection"].get("NonKeyAttributes")
    if names:
        shuffled = order.sample(names, len(names))
        answer["Projection"] = {**index["Projection"], "NonKeyAttributes": shuffled}
    return answer


def as_described(declared: Table) -> Table:
    """``declared`` with DynamoDB's defaults for what it leaves open."""
    ceiling = codec.NO_LIMIT if declared.billing == "PAY_PER_REQUEST" else None
    encryption = declared.encryption or Encryption()
    if encryption == Encryption("KMS"):
        encryption = Encryption("KMS", MANAGED_KEY)
    return replace(
        declared,
        global_indexes=tuple(
            replace(each, max_throughput=each.max_throughput or ceiling)
            for each in declared.global_indexes
        ),
        max_throughput=declared.max_throughput or ceiling,
        stream=declared.stream or Stream(None),
        deletion_protection=declared.deletion_protection or False,
        encryption=encryption,
        table_class=declared.table_class or "STANDARD",
        tags=None,
        ttl=None,
        point_in_time_recovery=None,
    )


@cache
def create_table_shape() -> Shape:
    """The input of CreateTable in botocore's service model."""
    model = botocore.session.Session().get_service_model("dynamodb")
    shape = model.operation_model("CreateTable").input_shape
    assert shape
    return shape


@given(tables(), st.randoms(use_true_random=False))
def test_description_of_a_request_is_the_table(declared: Table, order: Random) -> None:
    """Describing what a request made gives the declared table, in whatever order."""
    actual = codec.from_description(describe(codec.create_request(declared), order))

    assert as_described(declared) == actual


@given(tables(), st.randoms(use_true_random=False))
def test_fresh_table_verifies_clean(declared: Table, order: Random) -> None:
    """A table just created as declared shows no difference."""
    described = codec.from_description(describe(codec.create_request(declared), order))
    live = LiveTable(
        table=replace(
            described,
            tags=declared.tags,
            ttl=declared.ttl,
            point_in_time_recovery=declared.point_in_time_recovery,
        ),
        status="ACTIVE",
        index_status={},
    )

    assert compare(declared, live).issues == ()


@given(tables())
def test_request_fits_the_service_model(declared: Table) -> None:
    """botocore's own validation of CreateTable finds nothing in any request."""
    report = ParamValidator().validate(dict(codec.create_request(declared)), create_table_shape())

    assert report.generate_report() == ""


@given(tables())
def test_request_holds_no_empty_list(declared: Table) -> None:
    """Empty lists are left out, because every engine refuses some of them."""
    empty = [name for name, value in codec.create_request(declared).items() if value == []]

    assert empty == []


@given(tables())
def test_request_defines_each_attribute_once(declared: Table) -> None:
    """AttributeDefinitions holds the attributes of all keys, each once: engines refuse others."""
    request: Any = codec.create_request(declared)
    holders = [
        request,
        *request.get("GlobalSecondaryIndexes", ()),
        *request.get("LocalSecondaryIndexes", ()),
    ]
    used = {part["AttributeName"] for holder in holders for part in holder["KeySchema"]}

    assert sorted(used) == [each["AttributeName"] for each in request["AttributeDefinitions"]]


def test_request_of_a_table_is_whole() -> None:
    """The request of a table of the model, written out."""
    placed = TABLES.for_environment(
        "osem-prod-", tags={"Environment": "prod"}, deletion_protection=True
    )
    expected = {
        "TableName": "osem-prod-ConfigVersions",
        "KeySchema": [{"AttributeName": "configId", "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": "configId", "AttributeType": "S"},
            {"AttributeName": "createdAt", "AttributeType": "N"},
            {"AttributeName": "isActive", "AttributeType": "N"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "isActive-index",
                "KeySchema": [
                    {"AttributeName": "isActive", "KeyType": "HASH"},
                    {"AttributeName": "createdAt", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        "Tags": [{"Key": "Environment", "Value": "prod"}],
        "DeletionProtectionEnabled": True,
    }

    assert expected == codec.create_request(placed["osem-prod-ConfigVersions"])


@pytest.mark.parametrize(
    "facts, expected",
    [
        pytest.param({}, {}, id="nothing-declared"),
        pytest.param({"tags": ()}, {}, id="no-tags"),
        pytest.param({"stream": Stream(None)}, {}, id="no-stream"),
        pytest.param(
            {"stream": Stream("KEYS_ONLY")},
            {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}},
            id="stream",
        ),
        pytest.param(
            {"deletion_protection": False}, {"DeletionProtectionEnabled": False}, id="unprotected"
        ),
        pytest.param({"encryption": Encryption()}, {}, id="aws-owned-key"),
        pytest.param(
            {"encryption": Encryption("KMS")},
            {"SSESpecification": {"Enabled": True, "SSEType": "KMS"}},
            id="managed-kms-key",
        ),
        pytest.param(
            {"encryption": Encryption("KMS", "alias/mine")},
            {
                "SSESpecification": {
                    "Enabled": True,
                    "SSEType": "KMS",
                    "KMSMasterKeyId": "alias/mine",
                }
            },
            id="own-kms-key",
        ),
        pytest.param({"table_class": "STANDARD"}, {"TableClass": "STANDARD"}, id="class"),
        pytest.param(
            {"max_throughput": Throughput(5, -1)},
            {"OnDemandThroughput": {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": -1}},
            id="on-demand-maximum",
        ),
        pytest.param(
            {"billing": "PROVISIONED", "throughput": Throughput(5, 2)},
            {
                "BillingMode": "PROVISIONED",
                "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2},
            },
            id="provisioned",
        ),
    ],
)
def test_each_setting_in_the_request(facts: dict[str, Any], expected: dict[str, Any]) -> None:
    """A declared setting is sent, and only that; a default that is sent by silence is not."""
    plain: dict[str, Any] = dict(codec.create_request(table("Plans", "planId S")))

    assert {**plain, **expected} == codec.create_request(table("Plans", "planId S", **facts))


@pytest.mark.parametrize(
    "actual, expected",
    [
        pytest.param(codec.encryption_request(None), {"Enabled": False}, id="no-encryption"),
        pytest.param(codec.encryption_request(Encryption()), {"Enabled": False}, id="aws-owned"),
        pytest.param(
            codec.provisioned(None),
            {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            id="no-throughput",
        ),
        pytest.param(
            codec.on_demand(None),
            {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1},
            id="no-maximum",
        ),
    ],
)
def test_request_that_takes_a_setting_back(
    actual: dict[str, Any], expected: dict[str, Any]
) -> None:
    """A setting that is not declared any more has a request of its own."""
    assert expected == actual


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
            WITH_INDEX,
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
    assert expected == codec.from_description(cast("TableDescriptionTypeDef", description))
