"""Between tables as values and the shapes of the DynamoDB API. Pure: no client.

``from_description(create_request(t))``, as any engine would describe it, gives ``t``
again; a property test holds that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.schema.model import (
    Attribute,
    Encryption,
    Index,
    Key,
    Projection,
    Stream,
    Table,
    Throughput,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb.type_defs import (
        AttributeDefinitionTypeDef,
        CreateTableInputTypeDef,
        GlobalSecondaryIndexDescriptionTypeDef,
        GlobalSecondaryIndexUnionTypeDef,
        KeySchemaElementTypeDef,
        LocalSecondaryIndexDescriptionTypeDef,
        LocalSecondaryIndexTypeDef,
        ProjectionOutputTypeDef,
        ProjectionTypeDef,
        TableDescriptionTypeDef,
    )

# DynamoDB's word for "no ceiling" of on-demand throughput.
NO_CEILING = Throughput(-1, -1)


def create_request(table: Table) -> CreateTableInputTypeDef:
    """The CreateTable request of ``table``, indexes inline.

    Time to live and point-in-time recovery are not part of CreateTable: they are set
    afterwards. Empty lists are left out, because every engine refuses some of them.
    """
    request: CreateTableInputTypeDef = {
        "TableName": table.name,
        "KeySchema": _key_schema(table.key),
        "AttributeDefinitions": attribute_definitions(table),
        "BillingMode": table.billing,
    }
    if table.indexes:
        request["GlobalSecondaryIndexes"] = [index_request(each) for each in table.indexes]
    if table.local_indexes:
        request["LocalSecondaryIndexes"] = [_local_request(each) for each in table.local_indexes]
    if table.throughput:
        request["ProvisionedThroughput"] = provisioned(table.throughput)
    if table.max_throughput:
        request["OnDemandThroughput"] = on_demand(table.max_throughput)
    request.update(_settings(table))
    return request


def _settings(table: Table) -> CreateTableInputTypeDef:
    request: Any = {}
    if table.tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in table.tags]
    if table.stream and table.stream.view:
        view = table.stream.view
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    if table.deletion_protection is not None:
        request["DeletionProtectionEnabled"] = table.deletion_protection
    if table.encryption and table.encryption.kind == "KMS":
        request["SSESpecification"] = encryption_request(table.encryption)
    if table.table_class:
        request["TableClass"] = table.table_class
    shaped: CreateTableInputTypeDef = request
    return shaped


def attribute_definitions(table: Table) -> list[AttributeDefinitionTypeDef]:
    """Every key attribute of ``table``. Always send the full set: moto replaces, AWS merges."""
    return [
        {"AttributeName": each.name, "AttributeType": each.type}  # type: ignore[typeddict-item]
        for each in table.attributes
    ]


def index_request(index: Index) -> GlobalSecondaryIndexUnionTypeDef:
    """A global index as CreateTable and UpdateTable take it."""
    request: GlobalSecondaryIndexUnionTypeDef = {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.key),
        "Projection": _projection_request(index.projection),
    }
    if index.throughput:
        request["ProvisionedThroughput"] = provisioned(index.throughput)
    if index.max_throughput:
        request["OnDemandThroughput"] = on_demand(index.max_throughput)
    return request


def from_description(description: TableDescriptionTypeDef) -> Table:
    """The table that DescribeTable describes, in the model's normal form.

    Tags, time to live and point-in-time recovery come from calls of their own and
    stay ``None``. What AWS leaves out of a description is its default: no
    BillingModeSummary means PROVISIONED, no SSEDescription the AWS-owned key, no
    TableClassSummary STANDARD, no stream none.
    """
    types = {
        each["AttributeName"]: each["AttributeType"]
        for each in description.get("AttributeDefinitions", [])
    }
    mode = description.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    provisioned = mode == "PROVISIONED"
    return Table(
        name=description["TableName"],
        key=_key(description["KeySchema"], types),
        indexes=tuple(
            _index(each, types, provisioned=provisioned)
            for each in description.get("GlobalSecondaryIndexes", [])
        ),
        local_indexes=tuple(
            _local_index(each, types) for each in description.get("LocalSecondaryIndexes", [])
        ),
        billing=mode,
        throughput=_throughput(description, provisioned=provisioned),
        max_throughput=_ceiling(description, provisioned=provisioned),
        stream=Stream(_stream_view(description)),
        deletion_protection=description.get("DeletionProtectionEnabled", False),
        encryption=_encryption(description),
        table_class=description.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
        check=False,
    )


def _local_request(index: Index) -> LocalSecondaryIndexTypeDef:
    return {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.key),
        "Projection": _projection_request(index.projection),
    }


def _key_schema(key: Key) -> list[KeySchemaElementTypeDef]:
    hashes: list[KeySchemaElementTypeDef] = [
        {"AttributeName": each.name, "KeyType": "HASH"} for each in key.partition
    ]
    ranges: list[KeySchemaElementTypeDef] = [
        {"AttributeName": each.name, "KeyType": "RANGE"} for each in key.sort
    ]
    return hashes + ranges


def _projection_request(projection: Projection) -> ProjectionTypeDef:
    request: ProjectionTypeDef = {"ProjectionType": projection.kind}  # type: ignore[typeddict-item]
    if projection.attributes:
        request["NonKeyAttributes"] = list(projection.attributes)
    return request


def encryption_request(encryption: Encryption | None) -> dict[str, Any]:
    """An SSESpecification: DynamoDB's own key means that KMS is off."""
    if encryption is None or encryption.kind == "AWS_OWNED":
        return {"Enabled": False}
    key = {"KMSMasterKeyId": encryption.kms_key} if encryption.kms_key else {}
    return {"Enabled": True, "SSEType": "KMS", **key}


def provisioned(throughput: Throughput | None) -> Any:
    """A ProvisionedThroughput; without one, the least that DynamoDB takes."""
    throughput = throughput or Throughput(1, 1)
    return {"ReadCapacityUnits": throughput.read, "WriteCapacityUnits": throughput.write}


def on_demand(throughput: Throughput | None) -> Any:
    """An OnDemandThroughput; -1 takes a ceiling away."""
    throughput = throughput or NO_CEILING
    return {"MaxReadRequestUnits": throughput.read, "MaxWriteRequestUnits": throughput.write}


def _key(schema: Sequence[KeySchemaElementTypeDef], types: Mapping[str, str]) -> Key:
    # "?" stands for an attribute without a definition, as moto leaves it behind after
    # an UpdateTable with a partial list: a difference to show, not a reason to stop.
    parts: dict[str, list[Attribute]] = {"HASH": [], "RANGE": []}
    for each in schema:
        name = each["AttributeName"]
        parts[each["KeyType"]].append(Attribute(name, types.get(name, "?")))
    return Key(tuple(parts["HASH"]), tuple(parts["RANGE"]))


def _projection(projection: ProjectionOutputTypeDef) -> Projection:
    return Projection(
        projection.get("ProjectionType", "ALL"), tuple(projection.get("NonKeyAttributes", ()))
    )


def _index(
    description: GlobalSecondaryIndexDescriptionTypeDef,
    types: Mapping[str, str],
    *,
    provisioned: bool,
) -> Index:
    return Index(
        name=description["IndexName"],
        key=_key(description["KeySchema"], types),
        projection=_projection(description["Projection"]),
        throughput=_throughput(description, provisioned=provisioned),
        max_throughput=_ceiling(description, provisioned=provisioned),
    )


def _local_index(
    description: LocalSecondaryIndexDescriptionTypeDef, types: Mapping[str, str]
) -> Index:
    return Index(
        name=description["IndexName"],
        key=_key(description["KeySchema"], types),
        projection=_projection(description["Projection"]),
    )


def _throughput(description: Any, *, provisioned: bool) -> Throughput | None:
    # Engines show 0/0, or even stale numbers, for an on-demand table.
    units = description.get("ProvisionedThroughput", {})
    if not provisioned:
        return None
    return Throughput(units.get("ReadCapacityUnits", 0), units.get("WriteCapacityUnits", 0))


def _ceiling(description: Any, *, provisioned: bool) -> Throughput | None:
    if provisioned:
        return None
    units = description.get("OnDemandThroughput", {})
    return Throughput(units.get("MaxReadRequestUnits", -1), units.get("MaxWriteRequestUnits", -1))


def _stream_view(description: TableDescriptionTypeDef) -> str | None:
    stream = description.get("StreamSpecification")
    if stream is None or not stream.get("StreamEnabled"):
        return None
    return stream.get("StreamViewType")


def _encryption(description: TableDescriptionTypeDef) -> Encryption:
    found = description.get("SSEDescription", {})
    if found.get("Status") in ("ENABLED", "ENABLING", "UPDATING"):
        return Encryption("KMS", found.get("KMSMasterKeyArn"))
    return Encryption("AWS_OWNED")
