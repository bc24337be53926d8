"""Read models of PynamoDB as CreateTable requests. PynamoDB itself is never imported."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.errors import ModelError
from osem_tasks.schema.notes import TYPES, ItemAttribute, Notes

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table

# The shapes of PynamoDB's own description of a model, in the words of CreateTable.
_INDEX_NAMES = {
    "index_name": "IndexName",
    "key_schema": "KeySchema",
    "projection": "Projection",
    "provisioned_throughput": "ProvisionedThroughput",
}


def is_model(found: object) -> bool:
    """Return whether ``found`` is a model's class, by what PynamoDB gives every model."""
    return (
        isinstance(found, type)
        and hasattr(found, "_get_schema")
        and hasattr(found, "get_attributes")
    )


def request(model: Any) -> dict[str, Any]:
    """Return the CreateTable request that PynamoDB would send, with the time to live.

    Raises ModelError for a model without a table's name.
    """
    meta = getattr(model, "Meta", None)
    name = getattr(meta, "table_name", None)
    if not name:
        words = f"the model {model.__name__} has no Meta.table_name"
        if hasattr(meta, "table_name"):
            words += f": it is {name!r}, perhaps from a variable that is not set"
        raise ModelError([words])
    schema = model._get_schema()  # noqa: SLF001  PynamoDB has no public name for it
    billing = getattr(meta, "billing_mode", None) or "PROVISIONED"
    made: dict[str, Any] = {
        "TableName": name,
        "BillingMode": billing,
        "KeySchema": schema["key_schema"],
        "AttributeDefinitions": schema["attribute_definitions"],
    }
    for kind, found in (
        ("GlobalSecondaryIndexes", schema["global_secondary_indexes"]),
        ("LocalSecondaryIndexes", schema["local_secondary_indexes"]),
    ):
        if found:
            made[kind] = [_index(index, billing) for index in found]
    return {**made, **_settings(model, meta, billing)}


def noted(model: Any, table: Table) -> Table:
    """Return the model's table with its other attributes, and the first line about the model."""
    keys = {attribute.name for attribute in table.attributes}
    found = {
        str(attribute.attr_name): ItemAttribute(
            str(attribute.attr_name),
            attribute.attr_type,
            optional=bool(getattr(attribute, "null", False)),
        )
        for attribute in model.get_attributes().values()
        if getattr(attribute, "attr_type", None) in TYPES
    }
    # PynamoDB's own class says something of every model, so only the model's own words count.
    about = str(vars(model).get("__doc__") or "").strip().partition("\n")[0]
    attributes = tuple(one for name, one in found.items() if name not in keys)
    return replace(table, notes=Notes(about, attributes)) if attributes or about else table


def _settings(model: Any, meta: Any, billing: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if billing == "PROVISIONED":
        made["ProvisionedThroughput"] = {
            "ReadCapacityUnits": getattr(meta, "read_capacity_units", None),
            "WriteCapacityUnits": getattr(meta, "write_capacity_units", None),
        }
    view = getattr(meta, "stream_view_type", None)
    if view:
        made["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    tags = getattr(meta, "tags", None)
    if tags:
        made["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    expiry = next(
        (a.attr_name for a in model.get_attributes().values() if _is_expiry(a)),
        None,
    )
    if expiry:
        made["TimeToLiveSpecification"] = {"Enabled": True, "AttributeName": expiry}
    return made


def _is_expiry(attribute: Any) -> bool:
    return any(kind.__name__ == "TTLAttribute" for kind in type(attribute).__mro__)


def _index(found: dict[str, Any], billing: str) -> dict[str, Any]:
    made = {_INDEX_NAMES[name]: part for name, part in found.items() if name in _INDEX_NAMES}
    if billing != "PROVISIONED":
        made.pop("ProvisionedThroughput", None)
    return made
