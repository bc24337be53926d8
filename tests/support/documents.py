"""Hypothesis strategies for what a careless or hostile file may hold."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from osem_tasks.declarations.context import Context
from osem_tasks.declarations.export.cloudformation import write_template
from osem_tasks.declarations.global_table import GLOBAL_TABLE
from osem_tasks.declarations.resources import TABLE, read_resources
from osem_tasks.declarations.sam import SIMPLE_TABLE
from osem_tasks.declarations.scaling import SCALABLE_TARGET
from osem_tasks.schema.requests import document
from tests.support.strategies import tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.schema.model import Table

NO_CONTEXT = Context()
# Words that a reader of declarations acts upon, so that random documents reach its branches.
_WORDS = (
    "TableName",
    "KeySchema",
    "AttributeName",
    "KeyType",
    "AttributeDefinitions",
    "AttributeType",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "IndexName",
    "Projection",
    "ProjectionType",
    "NonKeyAttributes",
    "BillingMode",
    "BillingModeSummary",
    "ProvisionedThroughput",
    "ReadCapacityUnits",
    "WriteCapacityUnits",
    "OnDemandThroughput",
    "MaxReadRequestUnits",
    "Tags",
    "Key",
    "Value",
    "StreamEnabled",
    "StreamSpecification",
    "StreamViewType",
    "SSESpecification",
    "SSEEnabled",
    "Enabled",
    "KMSMasterKeyId",
    "SSEDescription",
    "Status",
    "TimeToLiveSpecification",
    "DeletionProtectionEnabled",
    "TableClass",
    "PointInTimeRecoverySpecification",
    "PointInTimeRecoveryEnabled",
    "TableClassSummary",
    "PrimaryKey",
    "Name",
    "Type",
    "Table",
    "Tables",
    "Resources",
    "Properties",
    "Parameters",
    "Mappings",
    "Default",
    "Ref",
    "Fn::Sub",
    "Fn::Join",
    "Fn::FindInMap",
    "Fn::If",
    "Fn::Equals",
    "Fn::Not",
    "Fn::And",
    "Fn::Select",
    "Fn::Split",
    "Fn::GetAtt",
    "Fn::Length",
    "Fn::ToJsonString",
    "Fn::Base64",
    "Fn::Transform",
    "Fn::ForEach::L",
    "AWS::NoValue",
    "AWS::Region",
    "Conditions",
    "Condition",
    "Dev",
    "Globals",
    "SimpleTable",
    "Transform",
    "Replicas",
    "Region",
    "ResourcePolicy",
    "WarmThroughput",
    "AllowedValues",
    "CommaDelimitedList",
    "AWS::SSM::Parameter::Value<String>",
    "HASH",
    "RANGE",
    "String",
    "S",
    "id",
    "${id}",
    "osem",
    "run",
    "env",
    "tasks",
)
KEYS = st.sampled_from(_WORDS) | st.text(max_size=4)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from((0, -1, 10**30, 1e999, float("nan"), "", "true", "5", "${", "${id}", "-"))
    | st.floats()
    | st.sampled_from(_WORDS)
    | st.text(max_size=8)
)
DOCUMENTS: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
# As YAML has them: a key may be a number, a flag, or nothing.
YAML_DOCUMENTS: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS | st.integers() | st.none() | st.booleans(), inner, max_size=4)
    ),
    max_leaves=12,
)
_PARAMETERS = {
    "id": {"Type": "String", "Default": "id"},
    "list": {"Type": "CommaDelimitedList", "Default": "a,b"},
    "count": {"Type": "Number", "Default": 5, "AllowedValues": [5, 6]},
    "stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/id"},
}
_CONDITIONS = {
    "Dev": {"Fn::Equals": [{"Ref": "id"}, "id"]},
    "Prod": {"Fn::Not": [{"Condition": "Dev"}]},
    "Any": {"Fn::Or": [{"Condition": "Dev"}, {"Fn::Equals": [{"Ref": "stored"}, "x"]}]},
}
_MAPPINGS = {"M": {"eu": {"name": "Orders-eu", "names": ["a", "b"]}}}
_INTRINSICS: tuple[Any, ...] = (
    {"Ref": "id"},
    {"Fn::Sub": "${id}-${x}"},
    {"Fn::Sub": ["${x}", {"x": {"Ref": "id"}}]},
    {"Fn::Join": ["-", ["a", {"Ref": "id"}]]},
    {"Fn::FindInMap": ["M", "eu", "names"]},
    {"Fn::FindInMap": ["M", {"Ref": "id"}, "names", {"DefaultValue": "x"}]},
    {"Fn::If": ["Dev", "a", {"Ref": "AWS::NoValue"}]},
    {"Fn::If": ["Any", {"Fn::GetAtt": "x.Arn"}, "a"]},
    {"Fn::Select": [0, {"Ref": "list"}]},
    {"Fn::Split": [",", {"Fn::Join": [",", {"Ref": "list"}]}]},
    {"Fn::Length": {"Ref": "list"}},
    {"Fn::ToJsonString": {"a": {"Ref": "count"}}},
    {"Fn::Base64": {"Ref": "stored"}},
    {"Fn::ForEach::L": ["x", {"Ref": "list"}, {"${x}": {"Ref": "x"}}]},
    {"Fn::Transform": {"Name": "AWS::Include"}},
    {"Ref": "AWS::NoValue"},
    {"Ref": "AWS::Region"},
    {"Ref": "stored"},
    "{{resolve:ssm:/x}}",
    "${self:custom.x}",
)


def read_template(template: Mapping[str, Any], context: Context = NO_CONTEXT) -> tuple[Table, ...]:
    """The tables of a parsed template. Raises ModelError with every problem."""
    return tuple(read_resources(template, context).tables)


@st.composite
def requests(draw: st.DrawFn) -> Any:
    """A sound CreateTable request, or several."""
    return {"Tables": [document(table) for table in draw(st.lists(tables(), max_size=2))]}


@st.composite
def templates(draw: st.DrawFn) -> Any:
    """A sound template with the table kinds that are read."""
    template = write_template(draw(st.lists(tables(), min_size=1, max_size=2)))
    template |= {"Parameters": copy.deepcopy(_PARAMETERS), "Mappings": copy.deepcopy(_MAPPINGS)}
    key = {"Name": "id", "Type": "String"}
    template["Resources"]["Simple"] = {
        "Type": SIMPLE_TABLE,
        "Properties": {"TableName": "Simple", "PrimaryKey": key, "Tags": {"a": "b"}},
    }
    template["Conditions"] = copy.deepcopy(_CONDITIONS)
    template["Globals"] = {"SimpleTable": {"SSESpecification": {"SSEEnabled": True}}}
    properties = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    template["Resources"]["Scaling"] = {
        "Type": SCALABLE_TARGET,
        "Properties": {
            "ServiceNamespace": "dynamodb",
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
            "ResourceId": {"Fn::Sub": "table/${Simple}"},
        },
    }
    units = {"ReadCapacityAutoScalingSettings": {"MinCapacity": 1, "MaxCapacity": 2}}
    template["Resources"]["Global"] = {
        "Type": GLOBAL_TABLE,
        "Condition": "Dev",
        "Properties": {
            **copy.deepcopy(properties),
            "Replicas": [
                {"Region": "a", "ReadProvisionedThroughputSettings": units},
                {"Region": "b"},
            ],
            "WriteProvisionedThroughputSettings": {"WriteCapacityUnits": 3},
        },
    }
    looped = {"Type": TABLE, "Properties": {**properties, "BillingMode": "PAY_PER_REQUEST"}}
    template["Resources"]["Fn::ForEach::Loop"] = ["x", ["one", "two"], {"Loop${x}": looped}]
    return template


@st.composite
def mutated(draw: st.DrawFn, sound: st.SearchStrategy[Any]) -> Any:
    """A sound document in which some values were replaced, left out, wrapped or doubled."""
    holder = {"all": copy.deepcopy(draw(sound))}
    for _ in range(draw(st.integers(1, 3))):
        places = _places(holder)
        if not places:
            break
        parent, key = draw(st.sampled_from(places))
        change = draw(st.sampled_from(("replace", "intrinsic", "drop", "wrap", "unwrap", "key")))
        _apply(draw, parent, key, change)
    return holder.get("all")


def _apply(draw: st.DrawFn, parent: Any, key: Any, change: str) -> None:
    value = parent[key]
    if change == "replace":
        parent[key] = draw(DOCUMENTS)
    elif change == "intrinsic":
        parent[key] = copy.deepcopy(draw(st.sampled_from(_INTRINSICS)))
    elif change == "drop":
        del parent[key]
    elif change == "wrap":
        parent[key] = draw(st.sampled_from(([value, value], {"Ref": value}, {"a": value})))
    elif change == "unwrap" and isinstance(value, (list, dict)) and value:
        parent[key] = next(iter(value.values() if isinstance(value, dict) else value))
    elif change == "key" and isinstance(parent, dict):
        parent[draw(KEYS | st.integers())] = parent.pop(key)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document, as its holder and its key or position, holders first."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    found = [(value, key) for key in keys]
    for key in keys:
        if isinstance(value[key], (dict, list)):
            found += _places(value[key])
    return found
