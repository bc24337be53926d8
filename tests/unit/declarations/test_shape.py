"""Every member that the DynamoDB API knows is read, listed, or known as a live table's state."""

from __future__ import annotations

import re
from typing import Any

import pytest

from osem_tasks.declarations import shape
from osem_tasks.declarations.documents import read_document
from osem_tasks.declarations.shape import Fields, ListOf
from osem_tasks.errors import ModelError
from osem_tasks.schema.model import table
from tests.unit.declarations.test_documents import DESCRIBED, ORDERS


def members(kind: Any) -> set[str]:
    """All members that a shape knows."""
    assert isinstance(kind, Fields)
    return {*kind.members, *kind.unmanaged, *kind.state}


def element(kind: Any) -> Any:
    """The kind of a list's elements."""
    assert isinstance(kind, ListOf)
    return kind.kind


SHAPES = {
    "CreateTableInput": shape.TABLE,
    "TableDescription": shape.TABLE,
    "GlobalSecondaryIndex": element(shape.TABLE.members["GlobalSecondaryIndexes"]),
    "GlobalSecondaryIndexDescription": element(shape.TABLE.members["GlobalSecondaryIndexes"]),
    "LocalSecondaryIndexDescription": element(shape.TABLE.members["LocalSecondaryIndexes"]),
    "ProvisionedThroughputDescription": shape.TABLE.members["ProvisionedThroughput"],
    "OnDemandThroughput": shape.TABLE.members["OnDemandThroughput"],
    "BillingModeSummary": shape.TABLE.members["BillingModeSummary"],
    "TableClassSummary": shape.TABLE.members["TableClassSummary"],
    "StreamSpecification": shape.TABLE.members["StreamSpecification"],
    "SSESpecification": shape.TABLE.members["SSESpecification"],
    "SSEDescription": shape.TABLE.members["SSEDescription"],
    "PointInTimeRecoverySpecification": shape.RECOVERY,
    "TimeToLiveSpecification": shape.TIME_TO_LIVE,
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_api_s_members_are_known(name: str) -> None:
    """A member that botocore has and the shape lacks would be refused as misspelt."""
    import botocore.session

    model = botocore.session.get_session().get_service_model("dynamodb")

    known: Any = model.shape_for(name)
    assert {*known.members} - members(SHAPES[name]) == set()


UNKNOWN: dict[str, tuple[dict[Any, Any], str]] = {
    "misspelt": (
        {"GlobalSecondaryIndex": []},
        "GlobalSecondaryIndex is not known; did you mean 'GlobalSecondaryIndexes'?",
    ),
    "of-a-template": (
        {"SSESpecification": {"SSEEnabled": True}},
        "SSESpecification.SSEEnabled is not known; did you mean 'Enabled'?",
    ),
    "of-another-case": (
        {"tableclass": "STANDARD"},
        "tableclass is not known; did you mean 'TableClass'?",
    ),
    "in-a-list": (
        {"Tags": [{"Key": "a", "Value": "b", "Name": "c"}]},
        "Tags[0].Name is not known; known are Key, Value",
    ),
    "unused-attribute": (
        {
            "AttributeDefinitions": [
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "owner", "AttributeType": "S"},
            ]
        },
        "AttributeDefinitions defines attribute 'owner', but no key uses it",
    ),
    "both-billing-modes": (
        {"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}},
        "ProvisionedThroughput cannot be given with BillingMode PAY_PER_REQUEST",
    ),
    "view-of-no-stream": (
        {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}},
        "StreamSpecification.StreamViewType is given, but StreamEnabled is false",
    ),
    "number-as-a-key": ({5: "x"}, "[5] is not known"),
}


@pytest.mark.parametrize("change, words", UNKNOWN.values(), ids=list(UNKNOWN))
def test_what_create_table_refuses_is_refused(change: dict[Any, Any], words: str) -> None:
    """Unknown members at every level, and contradictions, are named in a request."""
    with pytest.raises(ModelError, match=re.escape(words)):
        read_document({**ORDERS, **change})


def test_what_is_not_managed_is_listed() -> None:
    """Members that CreateTable takes and nothing here manages."""
    more = {"ResourcePolicy": "{}", "VectorIndexes": [], "Replicas": [{"RegionName": "x"}]}

    (found,) = read_document({**ORDERS, **more})

    assert [path for path, _ in found.unmanaged] == ["Replicas", "ResourcePolicy", "VectorIndexes"]


def test_a_description_declares_no_defaults() -> None:
    """What DescribeTable prints of every table is no declaration, and its state is passed over."""
    state = {
        "TableId": "1",
        "ItemCount": 5,
        "TableSizeBytes": 5,
        "LatestStreamArn": "arn:x",
        "StreamSpecification": {"StreamEnabled": False},
        "WarmThroughput": {"Status": "ACTIVE", "ReadUnitsPerSecond": 12_000},
        "SSEDescription": {"Status": "DISABLED"},
        "TableClassSummary": {"TableClass": "STANDARD"},
        "OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1},
        "ProvisionedThroughput": {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": 5,
            "WriteCapacityUnits": 5,
        },
    }
    assert read_document({"Table": {**DESCRIBED, **state}}) == (table("Orders", "id S"),)
    protected = {"Table": {**DESCRIBED, "DeletionProtectionEnabled": True}}
    assert read_document(protected) == (table("Orders", "id S", deletion_protection=True),)
