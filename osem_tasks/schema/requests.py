"""Converts tables to requests of the DynamoDB API. Pure: no client.

``reader.from_description(create_request(t))``, as an engine would describe it, returns
``t``; a property test checks that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.schema.facts import PERIOD, RECOVERY, SETTINGS
from osem_tasks.schema.model import NO_LIMIT, Throughput

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import (
        AttributeDefinitionTypeDef,
        CreateTableInputTypeDef,
        GlobalSecondaryIndexUnionTypeDef,
        KeySchemaElementTypeDef,
        LocalSecondaryIndexTypeDef,
        ProjectionTypeDef,
    )

    from osem_tasks.schema.model import Index, Key, Projection, Table
    from osem_tasks.schema.warm import WarmThroughput

_IMPORT_MEMBERS = (
    "TableName",
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "OnDemandThroughput",
    "SSESpecification",
    "GlobalSecondaryIndexes",
)


def create_request(table: Table) -> CreateTableInputTypeDef:
    """Return the CreateTable request of ``table``, with its indexes.

    CreateTable does not accept time to live and point-in-time recovery: they are set
    afterwards. Settings with AWS's default value and empty lists are omitted, because
    every engine rejects some of them.
    """
    request: Any = _body(table)
    for setting in SETTINGS:
        value = getattr(table, setting.field)
        if setting.in_create and value is not None and value != setting.default:
            request |= setting.write(value)
    shaped: CreateTableInputTypeDef = request
    return shaped


def document(table: Table) -> dict[str, Any]:
    """Return everything that ``table`` declares, in the shape of CreateTable and related calls."""
    request = _body(table)
    for setting in SETTINGS:
        value = getattr(table, setting.field)
        if value is not None:
            request |= setting.write(value)
    if table.recovery_period_in_days is not None:
        request[RECOVERY][PERIOD] = table.recovery_period_in_days
    return request


def import_parameters(table: Table, name: str) -> dict[str, Any]:
    """Return ``TableCreationParameters`` of ImportTable for ``table`` under another ``name``.

    ImportTable makes neither local indexes nor a warm throughput.
    """
    indexes = tuple(replace(index, warm_throughput=None) for index in table.global_indexes)
    request = dict(
        create_request(replace(table, name=name, global_indexes=indexes, local_indexes=()))
    )
    return {member: request[member] for member in _IMPORT_MEMBERS if member in request}


def _body(table: Table) -> dict[str, Any]:
    request: dict[str, Any] = {
        "TableName": table.name,
        "KeySchema": _key_schema(table.key),
        "AttributeDefinitions": attribute_definitions(table),
        "BillingMode": table.billing,
    }
    if table.global_indexes:
        request["GlobalSecondaryIndexes"] = [index_request(i) for i in table.global_indexes]
    if table.local_indexes:
        request["LocalSecondaryIndexes"] = [_local_request(i) for i in table.local_indexes]
    if table.throughput:
        request["ProvisionedThroughput"] = provisioned(table.throughput)
    if table.max_throughput:
        request["OnDemandThroughput"] = on_demand(table.max_throughput)
    if table.warm_throughput:
        request["WarmThroughput"] = warm_request(table.warm_throughput)
    return request


def attribute_definitions(table: Table) -> list[AttributeDefinitionTypeDef]:
    """Return every key attribute of ``table``. Always send all: moto replaces, AWS merges."""
    return [
        {"AttributeName": attribute.name, "AttributeType": attribute.type}  # type: ignore[typeddict-item]
        for attribute in table.attributes
    ]


def index_request(index: Index) -> GlobalSecondaryIndexUnionTypeDef:
    """Return a global index in the shape of CreateTable and UpdateTable."""
    request: GlobalSecondaryIndexUnionTypeDef = {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.key),
        "Projection": _projection(index.projection),
    }
    if index.throughput:
        request["ProvisionedThroughput"] = provisioned(index.throughput)
    if index.max_throughput:
        request["OnDemandThroughput"] = on_demand(index.max_throughput)
    if index.warm_throughput:
        request["WarmThroughput"] = warm_request(index.warm_throughput)
    return request


def provisioned(throughput: Throughput | None) -> Any:
    """Return a ProvisionedThroughput; DynamoDB's minimum if ``throughput`` is None."""
    throughput = throughput or Throughput(1, 1)
    return {"ReadCapacityUnits": throughput.read, "WriteCapacityUnits": throughput.write}


def on_demand(throughput: Throughput | None) -> Any:
    """Return an OnDemandThroughput; -1 removes a limit."""
    throughput = throughput or NO_LIMIT
    return {"MaxReadRequestUnits": throughput.read, "MaxWriteRequestUnits": throughput.write}


def warm_request(throughput: WarmThroughput) -> Any:
    """Return a WarmThroughput with the numbers that are declared."""
    numbers = {"ReadUnitsPerSecond": throughput.read, "WriteUnitsPerSecond": throughput.write}
    return {name: units for name, units in numbers.items() if units is not None}


def _local_request(index: Index) -> LocalSecondaryIndexTypeDef:
    return {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.key),
        "Projection": _projection(index.projection),
    }


def _key_schema(key: Key) -> list[KeySchemaElementTypeDef]:
    hashes: list[KeySchemaElementTypeDef] = [
        {"AttributeName": attribute.name, "KeyType": "HASH"} for attribute in key.partition
    ]
    ranges: list[KeySchemaElementTypeDef] = [
        {"AttributeName": attribute.name, "KeyType": "RANGE"} for attribute in key.sort
    ]
    return hashes + ranges


def _projection(projection: Projection) -> ProjectionTypeDef:
    request: ProjectionTypeDef = {"ProjectionType": projection.kind}  # type: ignore[typeddict-item]
    if projection.attributes:
        request["NonKeyAttributes"] = list(projection.attributes)
    return request
