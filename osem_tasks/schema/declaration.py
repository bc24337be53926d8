"""Declarations as documents: the shape of CreateTable, as the AWS CLI reads and writes it.

One reader serves three dialects that differ in few words: CreateTable requests (``aws
dynamodb create-table --generate-cli-skeleton``), the answers of ``describe-table``, and
the properties of CloudFormation's ``AWS::DynamoDB::Table``. What is left out is not
declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from osem_tasks.errors import ModelError
from osem_tasks.schema import codec
from osem_tasks.schema.model import (
    Attribute,
    Encryption,
    Index,
    Key,
    Projection,
    Stream,
    Table,
    Throughput,
    TimeToLive,
)

TTL = "TimeToLiveSpecification"
RECOVERY = "PointInTimeRecoverySpecification"


def read_document(document: object) -> tuple[Table, ...]:
    """The tables of a parsed file: one of them, a list, or ``{"Tables": [...]}``.

    Raises ModelError with every problem of every table.
    """
    problems: list[str] = []
    tables: list[Table] = []
    for position, each in enumerate(_entries(document)):
        try:
            tables.append(read_table(each, f"table {position + 1}"))
        except ModelError as error:
            problems += error.problems
    if problems:
        raise ModelError(problems)
    return tuple(tables)


def read_table(properties: object, where: str, name: str | None = None) -> Table:
    """One table of any of the dialects. ``where`` names it in a problem, until it has a name.

    ``name`` stands in for a TableName that is left out. Raises ModelError.
    """
    if not isinstance(properties, Mapping):
        raise ModelError([f"{where}: must be a mapping as CreateTable takes it"])
    table_name = properties.get("TableName", name)
    if not isinstance(table_name, str):
        raise ModelError([f"{where}: TableName must be a text"])
    try:
        return _table(table_name, properties)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise ModelError([f"table {table_name!r}: not as CreateTable has it: {what}"]) from error


def write_table(table: Table) -> dict[str, Any]:
    """The CreateTable request of ``table``, with time to live and recovery beside it."""
    request: dict[str, Any] = dict(codec.create_request(table))
    if table.encryption and table.encryption.kind == "AWS_OWNED":
        request["SSESpecification"] = {"Enabled": False}
    if table.stream and table.stream.view is None:
        request["StreamSpecification"] = {"StreamEnabled": False}
    if table.tags is not None:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in table.tags]
    if table.ttl:
        named = {"AttributeName": table.ttl.attribute} if table.ttl.attribute else {}
        request[TTL] = {"Enabled": table.ttl.attribute is not None, **named}
    if table.point_in_time_recovery is not None:
        request[RECOVERY] = {"PointInTimeRecoveryEnabled": table.point_in_time_recovery}
    return request


def declared_part(table: Table) -> Table:
    """A live table as a team would declare it: without what is only AWS's default."""
    off: dict[str, Any] = {}
    if table.stream == Stream(None):
        off["stream"] = None
    if table.ttl == TimeToLive(None):
        off["ttl"] = None
    if table.encryption == Encryption("AWS_OWNED"):
        off["encryption"] = None
    if table.table_class == "STANDARD":
        off["table_class"] = None
    for fact in ("deletion_protection", "point_in_time_recovery", "tags"):
        if not getattr(table, fact):
            off[fact] = None
    no_ceiling = {"max_throughput": None}
    if table.max_throughput == codec.NO_CEILING:
        off |= no_ceiling
    off["indexes"] = tuple(
        replace(each, max_throughput=None) if each.max_throughput == codec.NO_CEILING else each
        for each in table.indexes
    )
    return replace(table, **off)


def _entries(document: object) -> Sequence[object]:
    if isinstance(document, Mapping):
        if "Tables" in document:
            return _entries(document["Tables"])
        return [document.get("Table", document)]
    if isinstance(document, Sequence) and not isinstance(document, str):
        return [each.get("Table", each) if isinstance(each, Mapping) else each for each in document]
    raise ModelError(["the file must hold a table, a list of tables, or {'Tables': [...]}"])


def _table(name: str, properties: Mapping[str, Any]) -> Table:
    types = {
        each["AttributeName"]: each["AttributeType"]
        for each in properties.get("AttributeDefinitions", [])
    }
    billing = properties.get("BillingMode") or properties.get("BillingModeSummary", {}).get(
        "BillingMode", "PROVISIONED"
    )
    provisioned = billing == "PROVISIONED"

    def index(each: Mapping[str, Any], *, has_units: bool) -> Index:
        projection = each.get("Projection", {})
        return Index(
            name=each["IndexName"],
            key=_key(each["KeySchema"], types),
            projection=Projection(
                projection.get("ProjectionType", "ALL"),
                tuple(projection.get("NonKeyAttributes") or ()),
            ),
            throughput=_units(each, "ProvisionedThroughput") if has_units and provisioned else None,
            max_throughput=_ceiling(each) if has_units else None,
        )

    return Table(
        name=name,
        key=_key(properties["KeySchema"], types),
        indexes=tuple(
            index(each, has_units=True) for each in properties.get("GlobalSecondaryIndexes") or ()
        ),
        local_indexes=tuple(
            index(each, has_units=False) for each in properties.get("LocalSecondaryIndexes") or ()
        ),
        billing=billing,
        throughput=_units(properties, "ProvisionedThroughput") if provisioned else None,
        max_throughput=_ceiling(properties),
        **_settings(properties),
    )


def _settings(properties: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if properties.get("Tags") is not None:
        found["tags"] = tuple((each["Key"], each["Value"]) for each in properties["Tags"])
    stream = properties.get("StreamSpecification")
    if stream is not None:
        on = stream.get("StreamEnabled", "StreamViewType" in stream)
        found["stream"] = Stream(stream["StreamViewType"] if on else None)
    ttl = properties.get(TTL)
    if ttl is not None:
        found["ttl"] = TimeToLive(ttl["AttributeName"] if ttl.get("Enabled", True) else None)
    recovery = properties.get(RECOVERY)
    if recovery is not None:
        found["point_in_time_recovery"] = bool(recovery["PointInTimeRecoveryEnabled"])
    if properties.get("DeletionProtectionEnabled") is not None:
        found["deletion_protection"] = bool(properties["DeletionProtectionEnabled"])
    encryption = _encryption(properties)
    if encryption is not None:
        found["encryption"] = encryption
    table_class = properties.get("TableClass") or properties.get("TableClassSummary", {}).get(
        "TableClass"
    )
    if table_class:
        found["table_class"] = table_class
    return found


def _encryption(properties: Mapping[str, Any]) -> Encryption | None:
    described = properties.get("SSEDescription")
    if described is not None:
        return Encryption("KMS", described.get("KMSMasterKeyArn"))
    wanted = properties.get("SSESpecification")
    if wanted is None:
        return None
    on = wanted.get("Enabled", wanted.get("SSEEnabled", False))
    return Encryption("KMS", wanted.get("KMSMasterKeyId")) if on else Encryption("AWS_OWNED")


def _key(schema: Sequence[Mapping[str, str]], types: Mapping[str, str]) -> Key:
    parts: dict[str, list[Attribute]] = {"HASH": [], "RANGE": []}
    for each in schema:
        name = each["AttributeName"]
        if name not in types:
            raise ValueError(f"key attribute {name!r} is not in AttributeDefinitions")
        parts[each["KeyType"]].append(Attribute(name, types[name]))
    return Key(tuple(parts["HASH"]), tuple(parts["RANGE"]))


def _units(holder: Mapping[str, Any], name: str) -> Throughput | None:
    units = holder.get(name)
    if units is None:
        return None
    return Throughput(int(units["ReadCapacityUnits"]), int(units["WriteCapacityUnits"]))


def _ceiling(holder: Mapping[str, Any]) -> Throughput | None:
    units = holder.get("OnDemandThroughput")
    if units is None:
        return None
    return Throughput(
        int(units.get("MaxReadRequestUnits", -1)), int(units.get("MaxWriteRequestUnits", -1))
    )
