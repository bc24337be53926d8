"""AWS's rules of CreateTable and UpdateTable, and how a table is described."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.fake_dynamodb.shapes import ARN, MISSING, VALID, HeldIndex, HeldTable, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.fake_dynamodb.shapes import Json

MANAGED_KEY = "arn:aws:kms:us-east-1:123456789012:key/aws-managed"
VIEWS = {"KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"}


def new_table(request: Json) -> HeldTable:
    """The table that CreateTable makes."""
    billing = request.get("BillingMode", "PROVISIONED")
    table = HeldTable(
        name=request["TableName"],
        key=_key(request["KeySchema"]),
        types=_definitions(request["AttributeDefinitions"]),
        billing=billing,
        throughput=request.get("ProvisionedThroughput"),
        ceiling=request.get("OnDemandThroughput"),
        warm=_warm(request, billing),
        indexes={},
        local=[],
        tags=tags_of(request.get("Tags", [])),
        stream=stream_of(request),
        protection=request.get("DeletionProtectionEnabled", False),
        kms=kms_of(request.get("SSESpecification", {"Enabled": False})),
        table_class=request.get("TableClass"),
        summary=billing == "PAY_PER_REQUEST",
    )
    _check_capacity(billing, "the table", table.throughput, table.ceiling)
    for key in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes", "Tags"):
        if key in request and not request[key]:
            raise Refused(VALID, f"{key} is empty")
    for each in request.get("LocalSecondaryIndexes", []):
        table.local.append(_new_local(table, each))
    for each in request.get("GlobalSecondaryIndexes", []):
        index = _new_index(table, each)
        table.indexes[index.name] = index
    if len(table.local) > 5:
        raise Refused(VALID, "Cannot have more than 5 local secondary indexes per table")
    _check_used(table, set(table.types))
    return table


def _key(schema: list[Json]) -> list[Json]:
    kinds = [each["KeyType"] for each in schema]
    names = [each["AttributeName"] for each in schema]
    if kinds != sorted(kinds) or kinds[0] != "HASH" or len({*names}) != len(names):
        raise Refused(VALID, f"Invalid KeySchema: {schema}")
    if kinds.count("HASH") > 4 or kinds.count("RANGE") > 4:
        raise Refused(VALID, f"too many key attributes: {schema}")
    return schema


def _definitions(definitions: list[Json]) -> dict[str, str]:
    types = {each["AttributeName"]: each["AttributeType"] for each in definitions}
    if len(types) != len(definitions):
        raise Refused(VALID, "Cannot have two attributes with the same name")
    return types


def _check_used(table: HeldTable, defined: set[str]) -> None:
    if defined - table.used:
        unused = sorted(defined - table.used)
        raise Refused(VALID, f"Some AttributeDefinitions are not used: {unused}")
    if table.used - defined:
        absent = sorted(table.used - defined)
        raise Refused(VALID, f"Some index key attributes are not defined: {absent}")


def _projection(projection: Json) -> Json:
    named = bool(projection.get("NonKeyAttributes"))
    if (projection["ProjectionType"] == "INCLUDE") != named:
        raise Refused(VALID, f"ProjectionType and NonKeyAttributes disagree: {projection}")
    return projection


def _free_name(table: HeldTable, name: str) -> str:
    if name in table.indexes or name in {each["IndexName"] for each in table.local}:
        raise Refused(VALID, f"Attempting to create an index which already exists: {name}")
    return name


def _new_local(table: HeldTable, request: Json) -> Json:
    key = _key(request["KeySchema"])
    if len(table.key) != 2 or len(key) != 2 or key[0] != table.key[0]:
        raise Refused(VALID, "a local index has the partition key of a table with a sort key")
    return {
        "IndexName": _free_name(table, request["IndexName"]),
        "KeySchema": key,
        "Projection": _projection(request["Projection"]),
        "IndexArn": f"{ARN}{table.name}/index/{request['IndexName']}",
    }


def _new_index(table: HeldTable, request: Json, status: str = "ACTIVE") -> HeldIndex:
    index = HeldIndex(
        name=_free_name(table, request["IndexName"]),
        key=_key(request["KeySchema"]),
        projection=_projection(request["Projection"]),
        throughput=request.get("ProvisionedThroughput"),
        ceiling=request.get("OnDemandThroughput"),
        warm=_warm(request, table.billing),
        status=status,
    )
    if len(table.indexes) >= 20:
        raise Refused(VALID, "GlobalSecondaryIndex count exceeds the per-table limit of 20")
    _check_capacity(table.billing, index.name, index.throughput, index.ceiling)
    return index


def _check_capacity(billing: str, what: str, units: Json | None, ceiling: Json | None) -> None:
    if billing == "PROVISIONED" and not units:
        raise Refused(VALID, f"No provisioned throughput specified for {what}")
    if billing == "PROVISIONED" and ceiling:
        raise Refused(VALID, f"OnDemandThroughput of {what} is for PAY_PER_REQUEST")
    if billing != "PROVISIONED" and units:
        raise Refused(
            VALID, f"ProvisionedThroughput of {what} cannot be specified: PAY_PER_REQUEST"
        )


def _least_warm(holder: Json, billing: str) -> Json:
    """What AWS gives without being asked: the units, or what a new on-demand table serves."""
    if billing != "PROVISIONED":
        return {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000}
    units = holder.get("ProvisionedThroughput") or {}
    return {
        "ReadUnitsPerSecond": units.get("ReadCapacityUnits", 1),
        "WriteUnitsPerSecond": units.get("WriteCapacityUnits", 1),
    }


def _warm(request: Json, billing: str) -> Json:
    """The warm throughput of what is created."""
    return _warmer(_least_warm(request, billing), request.get("WarmThroughput"))


def _warmer(held: Json, wanted: Json | None) -> Json:
    """What is held after a request, which may only raise it."""
    if wanted == {}:
        raise Refused(VALID, "WarmThroughput is empty")
    wanted = {**held, **(wanted or {})}
    if any(wanted[name] < held[name] for name in held):
        raise Refused(VALID, f"decreasing WarmThroughput is not supported: {held} to {wanted}")
    return wanted


def _grown(warm: Json, least: Json) -> Json:
    """What AWS makes of it by itself when units or the mode change."""
    return {name: max(warm[name], least[name]) for name in warm}


def tags_of(tags: list[Json]) -> dict[str, str]:
    """Tags by key."""
    if any(each["Key"].lower().startswith("aws:") for each in tags):
        raise Refused(VALID, "aws: is reserved")
    return {each["Key"]: each["Value"] for each in tags}


def stream_of(request: Json) -> str | None:
    """The view of the stream that is asked for."""
    wanted = request.get("StreamSpecification", {"StreamEnabled": False})
    view: str | None = wanted.get("StreamViewType")
    if wanted["StreamEnabled"] != (view in VIEWS) or (view and not wanted["StreamEnabled"]):
        raise Refused(VALID, f"Invalid StreamSpecification: {wanted}")
    return view


def kms_of(wanted: Json) -> str | None:
    """The KMS key that is asked for."""
    if not wanted["Enabled"]:
        if set(wanted) != {"Enabled"}:
            raise Refused(VALID, f"Invalid SSESpecification: {wanted}")
        return None
    key = str(wanted.get("KMSMasterKeyId", MANAGED_KEY))
    return key if key.startswith("arn:") else f"arn:aws:kms:us-east-1:123456789012:key/{key}"


def units_of(units: Json | None) -> Json:
    """Provisioned units as a description shows them."""
    return dict(units or {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0})


def add_settings(shown: Json, table: HeldTable) -> None:
    """Describe what DescribeTable leaves out where it is AWS's default."""
    if table.summary:
        shown["BillingModeSummary"] = {"BillingMode": table.billing}
    if table.ceiling:
        shown["OnDemandThroughput"] = table.ceiling
    shown["WarmThroughput"] = {**table.warm, "Status": "ACTIVE"}
    if table.stream:
        view = {"StreamEnabled": True, "StreamViewType": table.stream}
        shown["StreamSpecification"] = view
    if table.kms:
        shown["SSEDescription"] = {
            "Status": "ENABLED",
            "SSEType": "KMS",
            "KMSMasterKeyArn": table.kms,
        }
    if table.table_class:
        shown["TableClassSummary"] = {"TableClass": table.table_class}


def shown_index(table: HeldTable, index: HeldIndex) -> Json:
    """An index as DescribeTable shows it."""
    shown: Json = {
        "IndexName": index.name,
        "KeySchema": index.key,
        "Projection": index.projection,
        "IndexStatus": index.status,
        "ProvisionedThroughput": units_of(index.throughput),
        "IndexArn": f"{ARN}{table.name}/index/{index.name}",
        "ItemCount": len(table.items),
        "IndexSizeBytes": 0,
        "WarmThroughput": {**index.warm, "Status": "ACTIVE"},
    }
    if index.status == "CREATING":
        shown["Backfilling"] = index.left <= 1
    if index.ceiling:
        shown["OnDemandThroughput"] = index.ceiling
    return shown


def _change_billing(table: HeldTable, request: Json) -> None:
    mode = request["BillingMode"]
    if mode == table.billing:
        raise Refused(VALID, f"The table is {mode} already")
    table.billing, table.summary = mode, True
    named = {
        each["Update"]["IndexName"]
        for each in request.get("GlobalSecondaryIndexUpdates", [])
        if "ProvisionedThroughput" in each["Update"]
    }
    bare = set(table.indexes) - named
    if mode == "PROVISIONED" and ("ProvisionedThroughput" not in request or bare):
        raise Refused(VALID, f"ProvisionedThroughput must be specified for index: {sorted(bare)}")
    table.ceiling = table.throughput = None
    for index in table.indexes.values():
        index.ceiling = index.throughput = None
    _change_throughput(table, request)
    _change_indexes(table, request)
    table.warm = _grown(table.warm, _least_warm(request, mode))
    for index in table.indexes.values():
        units = {"ProvisionedThroughput": index.throughput}
        index.warm = _grown(index.warm, _least_warm(units, mode))


def _change_throughput(table: HeldTable, request: Json) -> None:
    units = request.get("ProvisionedThroughput")
    if units is None or table.throughput == units:
        if units is not None and "BillingMode" not in request:
            raise Refused(VALID, "The requested throughput value equals the current value")
        return
    _check_capacity(table.billing, "the table", units, None)
    table.throughput = units
    table.warm = _grown(table.warm, _least_warm(request, table.billing))


def _change_max_throughput(table: HeldTable, request: Json) -> None:
    units = request["OnDemandThroughput"]
    if table.billing == "PROVISIONED":
        raise Refused(VALID, "OnDemandThroughput is for PAY_PER_REQUEST")
    table.ceiling = units


def _change_warm_throughput(table: HeldTable, request: Json) -> None:
    table.warm = _warmer(table.warm, request["WarmThroughput"])


def _change_indexes(table: HeldTable, request: Json) -> None:
    for update in request.get("GlobalSecondaryIndexUpdates", []):
        if len(update) != 1:
            raise Refused(VALID, "an update has one of Create, Update and Delete")
        ((verb, wanted),) = update.items()
        if verb == "Create":
            _create_index(table, wanted, request)
            continue
        if wanted["IndexName"] not in table.indexes:
            raise Refused(MISSING, f"Requested resource not found: {wanted['IndexName']}")
        index = table.indexes[wanted["IndexName"]]
        if verb == "Delete":
            index.status = "DELETING"
        else:
            _update_index(table, index, wanted, switching="BillingMode" in request)


def _create_index(table: HeldTable, wanted: Json, request: Json) -> None:
    index = _new_index(table, wanted, "CREATING")
    table.indexes[index.name] = index
    defined = _definitions(request.get("AttributeDefinitions", []))
    # AWS merges a partial list; an engine that replaces what it has by it shows the harm.
    _check_used(table, set(defined))
    for name, kind in defined.items():
        if table.types.get(name, kind) != kind:
            raise Refused(
                VALID, f"Attribute {name} is redefined from {table.types[name]} to {kind}"
            )
    table.types = defined


def _update_index(table: HeldTable, index: HeldIndex, wanted: Json, *, switching: bool) -> None:
    units, ceiling = wanted.get("ProvisionedThroughput"), wanted.get("OnDemandThroughput")
    if "WarmThroughput" in wanted:
        index.warm = _warmer(index.warm, wanted["WarmThroughput"])
    elif not units and not ceiling:
        raise Refused(VALID, f"Nothing to update in index {index.name}")
    if units:
        _check_capacity(table.billing, index.name, units, None)
        if units == index.throughput and not switching:
            raise Refused(VALID, f"The throughput of index {index.name} will not change")
        index.throughput = units
        index.warm = _grown(index.warm, _least_warm(wanted, table.billing))
    if ceiling:
        if table.billing == "PROVISIONED":
            raise Refused(VALID, "OnDemandThroughput is for PAY_PER_REQUEST")
        index.ceiling = ceiling


def _change_stream(table: HeldTable, request: Json) -> None:
    view = stream_of(request)
    if view and table.stream:
        raise Refused(VALID, "Table already has an enabled stream")
    if not view and not table.stream:
        raise Refused(VALID, "Table has no stream to disable")
    table.stream = view


def _change_protection(table: HeldTable, request: Json) -> None:
    if table.protection == request["DeletionProtectionEnabled"]:
        raise Refused(VALID, "DeletionProtectionEnabled has that value already")
    table.protection = request["DeletionProtectionEnabled"]


def _change_encryption(table: HeldTable, request: Json) -> None:
    kms = kms_of(request["SSESpecification"])
    if kms == table.kms:
        raise Refused(VALID, "Table is already encrypted with given KMSMasterKeyId")
    table.kms = kms


def _change_class(table: HeldTable, request: Json) -> None:
    if (table.table_class or "STANDARD") == request["TableClass"]:
        raise Refused(VALID, "Table is already using this table class")
    table.table_class = request["TableClass"]


def _part_of_billing(
    change: Callable[[HeldTable, Json], None],
) -> Callable[[HeldTable, Json], None]:
    """``change`` alone; together with a switch of the mode it is the switch's part."""

    def alone(table: HeldTable, request: Json) -> None:
        if "BillingMode" not in request:
            change(table, request)

    return alone


CHANGES_BY_FIELD: dict[str, Callable[[HeldTable, Json], None]] = {
    "BillingMode": _change_billing,
    "ProvisionedThroughput": _part_of_billing(_change_throughput),
    "OnDemandThroughput": _change_max_throughput,
    "WarmThroughput": _change_warm_throughput,
    "GlobalSecondaryIndexUpdates": _part_of_billing(_change_indexes),
    "StreamSpecification": _change_stream,
    "DeletionProtectionEnabled": _change_protection,
    "SSESpecification": _change_encryption,
    "TableClass": _change_class,
}
