"""Capacity that a ScalableTarget of the template moves is not judged."""

from __future__ import annotations

from typing import Any

import pytest

from osem_tasks.declarations.context import Context
from osem_tasks.declarations.resources import TABLE, Found, read_resources
from osem_tasks.declarations.scaling import SCALABLE_TARGET
from osem_tasks.errors import ModelError

UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
KEY = [{"AttributeName": "id", "KeyType": "HASH"}]
ORDERS: dict[str, Any] = {
    "Type": TABLE,
    "Properties": {
        "TableName": {"Fn::Sub": "orders-${AWS::Region}"},
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": KEY,
        "ProvisionedThroughput": UNITS,
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "all",
                "KeySchema": KEY,
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": UNITS,
            }
        ],
    },
}


def read(resource: Any, dimension: Any, **attributes: Any) -> Found:
    """What a template holds that has a table, and a target that scales ``resource``."""
    properties = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": resource,
        "ScalableDimension": dimension,
        "MaxCapacity": {"Ref": "Nobody"},
    }
    scaling = {"Type": SCALABLE_TARGET, "Properties": properties, **attributes}
    never = {"Never": {"Fn::Equals": ["a", "b"]}}
    template = {"Conditions": never, "Resources": {"Scaling": scaling, "Orders": ORDERS}}
    return read_resources(template, Context(region="eu-west-1"))


READ, WRITE = "dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits"
OF_INDEX = "dynamodb:index:WriteCapacityUnits"
SCALED: dict[str, tuple[Any, Any, str]] = {
    "sub": ({"Fn::Sub": "table/${Orders}"}, READ, "read_capacity"),
    "join": ({"Fn::Join": ["/", ["table", {"Ref": "Orders"}]]}, WRITE, "write_capacity"),
    "by-name": ("table/orders-eu-west-1", READ, "read_capacity"),
    "index": ({"Fn::Sub": "table/${Orders}/index/all"}, OF_INDEX, "index[all].write_capacity"),
    "dimension": ("table/orders-eu-west-1", {"Fn::Sub": READ}, "read_capacity"),
}


@pytest.mark.parametrize("resource, dimension, fact", SCALED.values(), ids=list(SCALED))
def test_what_scales_is_not_judged(resource: Any, dimension: Any, fact: str) -> None:
    """The table or index and the half of its capacity are found, however they are named."""
    found = read(resource, dimension)

    assert [table.ignored for table in found.tables] == [frozenset({fact})]
    assert found.unmanaged == []


def test_a_target_that_is_not_there_scales_nothing() -> None:
    """A false condition of the target leaves the capacity to the declaration."""
    found = read("table/orders-eu-west-1", READ, Condition="Never")

    assert [table.ignored for table in found.tables] == [frozenset()]


def test_what_scales_another_service_is_passed_over() -> None:
    """Application Auto Scaling serves other services as well."""
    properties = {
        "ServiceNamespace": "ecs",
        "ResourceId": {"Fn::GetAtt": ["Service", "Name"]},
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling = {"Type": SCALABLE_TARGET, "Properties": properties}
    found = read_resources(
        {"Resources": {"Scaling": scaling, "Orders": ORDERS}}, Context(region="x")
    )

    assert [table.ignored for table in found.tables] == [frozenset()]
    assert found.unmanaged == []


LISTED: dict[str, tuple[Any, str, str]] = {
    "imported": (
        {"Fn::ImportValue": "x"},
        READ,
        "what it scales is not known: Fn::ImportValue 'x' is known to AWS only",
    ),
    "another-table": (
        "table/carts",
        READ,
        "it scales read_capacity of 'carts', which is not declared here",
    ),
    "another-index": (
        "table/orders-eu-west-1/index/old",
        OF_INDEX,
        "it scales index[old].write_capacity of 'orders-eu-west-1', which is not declared here",
    ),
}


@pytest.mark.parametrize("resource, dimension, reason", LISTED.values(), ids=list(LISTED))
def test_what_scales_something_else_is_listed(resource: Any, dimension: str, reason: str) -> None:
    """A target whose table is not found here is not dropped in silence."""
    assert read(resource, dimension).unmanaged == [("resource Scaling", reason)]


WRONG: dict[str, tuple[Any, Any, str]] = {
    "dimension": ("table/a", "dynamodb:table:Capacity", "ScalableDimension: it must be dynamodb:"),
    "resource": ("orders", READ, "ResourceId: it must be table/NAME, not 'orders'"),
    "index": ("table/a", OF_INDEX, "ResourceId: it must be table/NAME/index/INDEX, not 'table/a'"),
    "list": (["a"], READ, "ResourceId: it must be table/NAME, not ['a']"),
}


@pytest.mark.parametrize("resource, dimension, words", WRONG.values(), ids=list(WRONG))
def test_a_malformed_target_is_named(resource: Any, dimension: Any, words: str) -> None:
    """The resource, the property, and what is expected."""
    with pytest.raises(ModelError) as caught:
        read(resource, dimension)

    assert f"resource 'Scaling': {words}" in str(caught.value)
