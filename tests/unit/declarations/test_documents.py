"""Declarations as documents: what is written is read back, and what is wrong is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from osem_tasks.declarations import cloudformation
from osem_tasks.declarations import documents as declaration
from osem_tasks.errors import ModelError
from osem_tasks.schema.compare import compare
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Table, table
from tests.support.strategies import tables

ORDERS: dict[str, Any] = {
    "TableName": "Orders",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
DESCRIBED: dict[str, Any] = {
    **{key: ORDERS[key] for key in ("TableName", "KeySchema", "AttributeDefinitions")},
    "TableStatus": "ACTIVE",
    "CreationDateTime": "2026-01-01T00:00:00",
    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
    "TableArn": "arn:aws:dynamodb:us-east-1:111111111111:table/Orders",
    "DeletionProtectionEnabled": False,
}
PLAIN = table("Orders", "id S")


def template(properties: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A template with one table."""
    return {
        "Resources": {"Orders": {"Type": cloudformation.TABLE, "Properties": properties}}
    } | parts


@given(tables())
def test_a_written_table_reads_back_the_same(declared: Table) -> None:
    """JSON keeps every declared fact, through text and back."""
    text = json.dumps({"Tables": [requests.document(declared)]})

    assert declaration.read_document(json.loads(text)) == (declared,)


@given(tables())
def test_an_exported_template_shows_no_difference(declared: Table) -> None:
    """Exported to CloudFormation, read back, compared: nothing differs."""
    text = json.dumps(cloudformation.write_template([declared]))
    (found,) = cloudformation.read_template(json.loads(text))
    live = LiveTable(
        table=declared,
        status="ACTIVE",
        index_status={e.name: "ACTIVE" for e in declared.global_indexes},
    )

    assert compare(found, live).issues == ()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(ORDERS, id="request"),
        pytest.param([ORDERS], id="list"),
        pytest.param({"Tables": [ORDERS]}, id="tables"),
        pytest.param({"Table": {**DESCRIBED, "DeletionProtectionEnabled": None}}, id="described"),
    ],
)
def test_the_shapes_of_a_file(document: object) -> None:
    """A request, a list of them, or the answer of describe-table."""
    assert declaration.read_document(document) == (PLAIN,)


@pytest.mark.parametrize(
    "change, problem",
    [
        pytest.param({"KeySchema": None}, "not as CreateTable has it", id="no-keys"),
        pytest.param({"AttributeDefinitions": []}, "'id' is not in", id="undefined-key"),
        pytest.param({"TableName": 5}, "TableName must be a text", id="name"),
        pytest.param({"BillingMode": "FREE"}, "must be PAY_PER_REQUEST or", id="billing"),
        pytest.param({"BillingMode": None}, "needs a throughput", id="provisioned-by-default"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], problem: str) -> None:
    """A declaration that cannot be read is one ModelError in words."""
    with pytest.raises(ModelError) as caught:
        declaration.read_document({**ORDERS, **change})

    assert problem in str(caught.value)


def test_every_table_s_problems_are_told_at_once() -> None:
    """Two wrong tables give two problems."""
    wrong = {**ORDERS, "AttributeDefinitions": []}

    with pytest.raises(ModelError) as caught:
        declaration.read_document([wrong, {**wrong, "TableName": "Carts"}])

    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    "name, parts, expected",
    [
        pytest.param(
            {"Ref": "N"}, {"Parameters": {"N": {"Default": "Orders"}}}, "Orders", id="ref"
        ),
        pytest.param(
            {"Fn::Sub": "${N}-x"},
            {"Parameters": {"N": {"Default": "Orders"}}},
            "Orders-x",
            id="sub",
        ),
        pytest.param({"Fn::Sub": ["${V}-y", {"V": "abc"}]}, {}, "abc-y", id="sub-with-values"),
        pytest.param({"Fn::Join": ["-", ["a", "bc"]]}, {}, "a-bc", id="join"),
        pytest.param(
            {"Fn::FindInMap": ["M", "eu", "name"]},
            {"Mappings": {"M": {"eu": {"name": "Orders-eu"}}}},
            "Orders-eu",
            id="find-in-map",
        ),
    ],
)
def test_intrinsics_of_names_are_resolved(
    name: object, parts: dict[str, Any], expected: str
) -> None:
    """What the template alone tells is resolved."""
    found = cloudformation.read_template(template({**ORDERS, "TableName": name}, **parts))

    assert [each.name for each in found] == [expected]


@pytest.mark.parametrize(
    "name, problem",
    [
        pytest.param({"Fn::ImportValue": "x"}, "Fn::ImportValue cannot be resolved", id="import"),
        pytest.param({"Fn::If": ["c", "a", "b"]}, "Fn::If cannot be resolved", id="if"),
        pytest.param({"Ref": "AWS::Region"}, "known to AWS only", id="pseudo-parameter"),
        pytest.param({"Fn::Sub": "${AWS::AccountId}-x"}, "known to AWS only", id="sub-pseudo"),
        pytest.param({"Fn::FindInMap": ["a", "b", "c"]}, "Mappings has no", id="no-mapping"),
    ],
)
def test_other_intrinsics_are_a_clear_error(name: object, problem: str) -> None:
    """What only AWS knows is named, with its resource."""
    with pytest.raises(ModelError) as caught:
        cloudformation.read_template(template({**ORDERS, "TableName": name}))

    assert problem in str(caught.value)
    assert "'Orders'" in str(caught.value)


def test_a_parameter_without_default_is_a_clear_error() -> None:
    """A value that is given at deployment only cannot be known here."""
    with pytest.raises(ModelError, match="parameter 'N' has no Default"):
        cloudformation.read_template(
            template({**ORDERS, "TableName": {"Ref": "N"}}, Parameters={"N": {"Type": "String"}})
        )


def test_a_table_without_name_has_its_logical_id() -> None:
    """CloudFormation makes the name up; here the resource's name stands for it."""
    unnamed = {key: value for key, value in ORDERS.items() if key != "TableName"}

    assert cloudformation.read_template(template(unnamed)) == (PLAIN,)


def test_a_simple_table_of_sam() -> None:
    """SAM's SimpleTable is a table with one key, on demand."""
    properties = {"TableName": "Orders", "PrimaryKey": {"Name": "id", "Type": "String"}}
    document = {"Resources": {"T": {"Type": cloudformation.SIMPLE_TABLE, "Properties": properties}}}

    assert cloudformation.read_template(document) == (PLAIN,)


def test_a_global_table_is_refused_by_name() -> None:
    """What is not supported is said, not passed over."""
    document = {"Resources": {"T": {"Type": cloudformation.GLOBAL_TABLE}}}

    with pytest.raises(ModelError, match="GlobalTable is not supported"):
        cloudformation.read_template(document)
