"""Reads tables from the shapes of the DynamoDB API; no other module does.

It supports three similar formats: CreateTable requests, DescribeTable answers, and
the properties of CloudFormation's ``AWS::DynamoDB::Table``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.schema.emulators import UNDEFINED
from osem_tasks.schema.facts import SETTINGS, recovery_period
from osem_tasks.schema.model import NO_LIMIT, Attribute, Index, Key, Projection, Table, Throughput
from osem_tasks.schema.warm import WarmThroughput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Types = Mapping[str, str]


def declared_table(
    name: str, properties: Mapping[str, Any], ignored: frozenset[str] = frozenset()
) -> Table:
    """Return the table that ``properties`` declare; omitted properties are not declared.

    ``ignored`` are the facts that something else sets.
    Raises ModelError for a table that DynamoDB would refuse, and KeyError, TypeError,
    ValueError or AttributeError for properties that do not have CreateTable's shape.
    """
    types = _types(properties)
    undefined = [name for name in _key_names(properties) if name not in types]
    if undefined:
        raise ValueError(f"key attribute {undefined[0]!r} is not in AttributeDefinitions")
    return _table(name, properties, ignored, check=True)


def from_description(description: Mapping[str, Any]) -> Table:
    """Return the table that DescribeTable describes, unchecked: emulators hold invalid tables.

    A member that AWS omits has its default value. Tags, time to live and point-in-time
    recovery need separate calls and stay None.
    """
    table = _table(description["TableName"], description, check=False)
    defaults: dict[str, Any] = {
        setting.field: setting.default
        for setting in SETTINGS
        if not setting.own_call and getattr(table, setting.field) is None
    }
    indexes = tuple(
        replace(index, **_capacity(index, table.billing)) for index in table.global_indexes
    )
    capacity = _capacity(table, table.billing)
    return replace(table, check=False, global_indexes=indexes, **capacity, **defaults)


def _capacity(holder: Table | Index, billing: str) -> dict[str, Any]:
    """Return the capacity of a description that does not state it."""
    if billing == "PROVISIONED":
        return {"throughput": holder.throughput or Throughput(0, 0), "max_throughput": None}
    return {"throughput": None, "max_throughput": holder.max_throughput or NO_LIMIT}


def _table(
    name: str,
    properties: Mapping[str, Any],
    ignored: frozenset[str] = frozenset(),
    *,
    check: bool,
) -> Table:
    types = _types(properties)
    # A description omits BillingModeSummary if the table was always PROVISIONED.
    summary = properties.get("BillingModeSummary", {})
    billing = properties.get("BillingMode") or summary.get("BillingMode", "PROVISIONED")
    return Table(
        name=name,
        key=_key(properties["KeySchema"], types),
        global_indexes=tuple(
            _global_index(index, types, billing)
            for index in properties.get("GlobalSecondaryIndexes") or ()
        ),
        local_indexes=tuple(
            _index(index, types) for index in properties.get("LocalSecondaryIndexes") or ()
        ),
        billing=billing,
        throughput=_throughput(properties, billing),
        max_throughput=_max_throughput(properties),
        warm_throughput=_warm_throughput(properties),
        recovery_period_in_days=recovery_period(properties),
        ignored=ignored,
        check=check,
        **{setting.field: setting.read(properties) for setting in SETTINGS},
    )


def _types(properties: Mapping[str, Any]) -> Types:
    return {
        definition["AttributeName"]: definition["AttributeType"]
        for definition in properties.get("AttributeDefinitions", [])
    }


def _key_names(properties: Mapping[str, Any]) -> list[str]:
    indexes = (
        *(properties.get("GlobalSecondaryIndexes") or ()),
        *(properties.get("LocalSecondaryIndexes") or ()),
    )
    schemas = (properties["KeySchema"], *(index["KeySchema"] for index in indexes))
    return [element["AttributeName"] for schema in schemas for element in schema]


def _key(schema: Sequence[Mapping[str, str]], types: Types) -> Key:
    parts: dict[str, list[Attribute]] = {"HASH": [], "RANGE": []}
    for element in schema:
        name = element["AttributeName"]
        parts[element["KeyType"]].append(Attribute(name, types.get(name, UNDEFINED)))
    return Key(tuple(parts["HASH"]), tuple(parts["RANGE"]))


def _index(properties: Mapping[str, Any], types: Types) -> Index:
    projection = properties.get("Projection", {})
    return Index(
        name=properties["IndexName"],
        key=_key(properties["KeySchema"], types),
        projection=Projection(
            projection.get("ProjectionType", "ALL"),
            tuple(projection.get("NonKeyAttributes") or ()),
        ),
    )


def _global_index(properties: Mapping[str, Any], types: Types, billing: str) -> Index:
    return replace(
        _index(properties, types),
        throughput=_throughput(properties, billing),
        max_throughput=_max_throughput(properties),
        warm_throughput=_warm_throughput(properties),
    )


def _throughput(holder: Mapping[str, Any], billing: str) -> Throughput | None:
    units = holder.get("ProvisionedThroughput")
    # Descriptions show 0/0, or outdated numbers, for an on-demand table.
    if units is None or billing != "PROVISIONED":
        return None
    return Throughput(int(units["ReadCapacityUnits"]), int(units["WriteCapacityUnits"]))


def _max_throughput(holder: Mapping[str, Any]) -> Throughput | None:
    units = holder.get("OnDemandThroughput")
    if units is None:
        return None
    return Throughput(
        int(units.get("MaxReadRequestUnits", -1)), int(units.get("MaxWriteRequestUnits", -1))
    )


def _warm_throughput(holder: Mapping[str, Any]) -> WarmThroughput | None:
    units = holder.get("WarmThroughput") or {}
    read, write = (units.get(f"{what}UnitsPerSecond") for what in ("Read", "Write"))
    if read is None and write is None:
        return None
    return WarmThroughput(*(None if number is None else int(number) for number in (read, write)))
