"""SAM's ``AWS::Serverless::SimpleTable`` as the table that SAM makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osem_tasks.declarations import shape
from osem_tasks.declarations.checking import Checker
from osem_tasks.declarations.values import BROKEN, NO_VALUE, Place, RefusedError, Unknown, section
from osem_tasks.schema.quoting import nearest, shown

SIMPLE_TABLE = "AWS::Serverless::SimpleTable"
# What SAM takes from Globals for its tables, and the kinds of resources that have globals.
_GLOBAL = ("SSESpecification",)
_KINDS = (
    "Function",
    "Api",
    "HttpApi",
    "SimpleTable",
    "StateMachine",
    "LayerVersion",
    "CapacityProvider",
    "WebSocketApi",
)
_TYPES = {"String": "S", "Number": "N", "Binary": "B"}
_PRIMARY_KEY = shape.Fields(
    {"Name": "name", "Type": shape.Choice(tuple(_TYPES), needed=True)}, ("Name", "Type")
)
# The properties that SAM hands on to the table are checked with it.
_SHAPE = shape.Fields(
    {"PrimaryKey": _PRIMARY_KEY},
    state=(
        "PointInTimeRecoverySpecification",
        "ProvisionedThroughput",
        "SSESpecification",
        "TableName",
        "Tags",
    ),
    what=SIMPLE_TABLE,
)


def global_properties(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``Globals`` declares for every SimpleTable, not evaluated yet."""
    found = section(template, "Globals")
    place = Place("", ("Globals",))
    for kind in found:
        if kind not in _KINDS:
            raise place.at(kind).refused(f"Globals.{kind} is not known{nearest(kind, _KINDS)}")
    simple = section(found, "SimpleTable")
    for name in simple:
        if name not in _GLOBAL:
            words = f"Globals.SimpleTable.{name} is not known{nearest(name, _GLOBAL)}"
            raise place.at("SimpleTable").refused(words)
    return dict(simple)


def merged(common: Any, own: Any) -> Any:
    """Merge a resource's properties over those of Globals, as SAM does."""
    if isinstance(common, Mapping) and isinstance(own, Mapping):
        both = {key: merged(common[key], own[key]) for key in common if key in own}
        return {**common, **own, **both}
    return own


def as_table(properties: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Return the properties of the table: one key, on demand unless provisioned.

    Raises RefusedError.
    """
    checker = Checker(place, template=True)
    checked = checker.checked(properties, _SHAPE)
    tags = properties.get("Tags")
    if not isinstance(tags, (Mapping, Unknown, type(None))):
        checker.problems.append(place.at("Tags").sentence(f"must be a mapping, not {shown(tags)}"))
    if checker.problems or BROKEN in properties.values():
        raise RefusedError(checker.problems)
    key = checked.get("PrimaryKey", {"Name": "id", "Type": "String"})
    provisioned = properties.get("ProvisionedThroughput", NO_VALUE) is not NO_VALUE
    made = {name: part for name, part in properties.items() if name != "PrimaryKey"}
    if isinstance(tags, Mapping):
        made["Tags"] = [{"Key": name, "Value": value} for name, value in tags.items()]
    return {
        **made,
        "KeySchema": [{"AttributeName": key["Name"], "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": key["Name"], "AttributeType": _TYPES[key["Type"]]}
        ],
        "BillingMode": "PROVISIONED" if provisioned else "PAY_PER_REQUEST",
    }
