"""Read a data model of NoSQL Workbench as CreateTable requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.errors import ModelError
from osem_tasks.schema.notes import TYPES, ItemAttribute, Notes
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.schema.model import Table

# What a model holds for people and for sample data, not for the table.
_NOT_THE_TABLE = (
    "KeyAttributes",
    "NonKeyAttributes",
    "TableFacets",
    "TableData",
    "DataAccess",
    "SampleDataFormats",
    "ProvisionedCapacitySettings",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
)


def is_model(content: object) -> bool:
    """Return whether a parsed file is a model of NoSQL Workbench."""
    return isinstance(content, Mapping) and "DataModel" in content


def requests(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a CreateTable request for every table of the model. Raises ModelError."""
    tables = model["DataModel"]
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise ModelError([f"DataModel must be a list of tables, not {shown(tables)}"])
    return [_request(table) for table in tables]


def noted(model: Mapping[str, Any], tables: Sequence[Table]) -> tuple[Table, ...]:
    """Return the tables with the attributes that the model has beside their keys."""
    given = {table.get("TableName"): table for table in model["DataModel"]}
    return tuple(_with_attributes(table, given[table.name]) for table in tables)


def _with_attributes(table: Table, given: Mapping[str, Any]) -> Table:
    keys = {attribute.name for attribute in table.attributes}
    found = tuple(one for one in _attributes(given) if one.name not in keys)
    return replace(table, notes=Notes(attributes=found)) if found else table


def _attributes(table: Mapping[str, Any]) -> list[ItemAttribute]:
    """Return the attributes that are fit to be shown; the Workbench does not need them."""
    given = table.get("NonKeyAttributes")
    entries = given if isinstance(given, list) else []
    pairs = [
        (entry.get("AttributeName"), entry.get("AttributeType"))
        for entry in entries
        if isinstance(entry, Mapping)
    ]
    # The last one counts, where a name appears twice.
    named = {name: kind for name, kind in pairs if name and isinstance(name, str)}
    return [ItemAttribute(name, kind) for name, kind in named.items() if kind in TYPES]


def _request(table: Mapping[str, Any]) -> dict[str, Any]:
    where = f"table {shown(table.get('TableName'))}"
    types: dict[str, Any] = {}
    units = _units(table)
    request = {name: part for name, part in table.items() if name not in _NOT_THE_TABLE}
    request["KeySchema"] = _key(table, types, where)
    for kind, capacity in (("GlobalSecondaryIndexes", units), ("LocalSecondaryIndexes", {})):
        indexes = table.get(kind) or []
        if not isinstance(indexes, list) or not all(isinstance(i, Mapping) for i in indexes):
            raise ModelError([f"{where}: {kind} must be a list of indexes, not {shown(indexes)}"])
        if indexes:
            request[kind] = [_index(index, types, capacity, where) for index in indexes]
    request["AttributeDefinitions"] = [
        {"AttributeName": name, "AttributeType": kind} for name, kind in types.items()
    ]
    # The Workbench's own default is on demand.
    return {"BillingMode": "PAY_PER_REQUEST", **request, **units}


def _units(holder: Mapping[str, Any]) -> dict[str, Any]:
    """Return the provisioned units; settings of on-demand tables are left from earlier choices."""
    settings = holder.get("ProvisionedCapacitySettings")
    if holder.get("BillingMode") != "PROVISIONED" or not isinstance(settings, Mapping):
        return {}
    units = settings.get("ProvisionedThroughput")
    return {"ProvisionedThroughput": units} if units is not None else {}


def _index(
    index: Mapping[str, Any], types: dict[str, Any], units: dict[str, Any], where: str
) -> dict[str, Any]:
    where = f"{where}: index {shown(index.get('IndexName'))}"
    rest = {name: part for name, part in index.items() if name not in _NOT_THE_TABLE}
    return {**rest, "KeySchema": _key(index, types, where), **units}


def _key(holder: Mapping[str, Any], types: dict[str, Any], where: str) -> list[dict[str, Any]]:
    """Return a key schema, and note the types of its attributes."""
    attributes = holder.get("KeyAttributes")
    if not isinstance(attributes, Mapping) or "PartitionKey" not in attributes:
        raise ModelError([f"{where}: KeyAttributes.PartitionKey is missing"])
    schema = []
    for part, kind in (("PartitionKey", "HASH"), ("SortKey", "RANGE")):
        attribute = attributes.get(part)
        if attribute is None:
            continue
        if not isinstance(attribute, Mapping) or not isinstance(
            attribute.get("AttributeName"), str
        ):
            raise ModelError([f"{where}: {part} must have an AttributeName and an AttributeType"])
        name, found = attribute["AttributeName"], attribute.get("AttributeType")
        if types.setdefault(name, found) != found:
            raise ModelError(
                [f"{where}: attribute {shown(name)} has two types, {types[name]} and {found}"]
            )
        schema.append({"AttributeName": name, "KeyType": kind})
    return schema
