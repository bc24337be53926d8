"""``AWS::DynamoDB::GlobalTable`` (CDK's TableV2): the replica of one region as a table.

Settings that a GlobalTable has for each replica are moved to where a table has them. The other
replicas are not managed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from osem_tasks.declarations import shape
from osem_tasks.declarations.capacity import settled
from osem_tasks.declarations.checking import Checker
from osem_tasks.declarations.shape import Fields, Kind, ListOf
from osem_tasks.declarations.values import BROKEN, Place, RefusedError, Unknown
from osem_tasks.schema.ignored import READ, WRITE, index_fact

GLOBAL_TABLE = "AWS::DynamoDB::GlobalTable"
# Stands for a region that only AWS knows: the stack's own.
_OWN_REGION = "AWS::Region"
_SCALING = Fields(
    {"MinCapacity": "number", "MaxCapacity": "number", "SeedCapacity": "number"},
    ("MinCapacity", "MaxCapacity"),
    state=("TargetTrackingScalingPolicyConfiguration",),
)
_WRITE_UNITS = Fields(
    {"WriteCapacityUnits": "number", "WriteCapacityAutoScalingSettings": _SCALING}
)
_READ_UNITS = Fields({"ReadCapacityUnits": "number", "ReadCapacityAutoScalingSettings": _SCALING})
_READ_LIMIT = Fields({"MaxReadRequestUnits": "number"})
_WRITE_LIMIT = Fields({"MaxWriteRequestUnits": "number"})
_READ: dict[str, Kind] = {
    "ReadProvisionedThroughputSettings": _READ_UNITS,
    "ReadOnDemandThroughputSettings": _READ_LIMIT,
}
_WRITE: dict[str, Kind] = {
    "WriteProvisionedThroughputSettings": _WRITE_UNITS,
    "WriteOnDemandThroughputSettings": _WRITE_LIMIT,
}
_REPLICA_INDEX = Fields(
    {"IndexName": "name", **_READ}, ("IndexName",), ("ContributorInsightsSpecification",)
)
UNMANAGED_OF_REPLICA = (
    "ContributorInsightsSpecification",
    "GlobalTableSettingsReplicationMode",
    "KinesisStreamSpecification",
    "ReplicaStreamSpecification",
    "ResourcePolicy",
)
_REPLICA_MEMBERS: dict[str, Kind] = {
    "Region": "name",
    "GlobalSecondaryIndexes": ListOf(_REPLICA_INDEX),
    "DeletionProtectionEnabled": "flag",
    "PointInTimeRecoverySpecification": shape.RECOVERY,
    "SSESpecification": Fields({"KMSMasterKeyId": "text"}, ("KMSMasterKeyId",)),
    "TableClass": "text",
    "Tags": shape.TAGS,
    **_READ,
}
_REPLICA = Fields(
    _REPLICA_MEMBERS,
    ("Region",),
    unmanaged=UNMANAGED_OF_REPLICA,
)
_INDEX = Fields(
    {**shape.INDEX, "WarmThroughput": shape.WARM, **_WRITE, **_READ},
    ("IndexName", "KeySchema", "Projection"),
)
_SHAPE = Fields(
    {
        "TableName": "name",
        "KeySchema": shape.KEY,
        "AttributeDefinitions": shape.ATTRIBUTES,
        "BillingMode": "text",
        "GlobalSecondaryIndexes": ListOf(_INDEX),
        "LocalSecondaryIndexes": ListOf(
            Fields(shape.INDEX, ("IndexName", "KeySchema", "Projection"))
        ),
        "Replicas": ListOf(_REPLICA),
        "SSESpecification": Fields({"SSEEnabled": "flag", "SSEType": shape.Choice(("KMS",))}),
        "StreamSpecification": Fields({"StreamViewType": "text"}, ("StreamViewType",)),
        "TimeToLiveSpecification": shape.TIME_TO_LIVE,
        "WarmThroughput": shape.WARM,
        **_WRITE,
        **_READ,
    },
    ("KeySchema", "Replicas"),
    unmanaged=(
        "GlobalTableSettingsReplicationMode",
        "GlobalTableSourceArn",
        "GlobalTableWitnesses",
        "MultiRegionConsistency",
    ),
    what=GLOBAL_TABLE,
)
_OF_TABLE = (
    "TableName",
    "KeySchema",
    "AttributeDefinitions",
    "BillingMode",
    "LocalSecondaryIndexes",
    "SSESpecification",
    "StreamSpecification",
    "TimeToLiveSpecification",
    # Every replica has it.
    "WarmThroughput",
)
_OF_REPLICA = (
    "DeletionProtectionEnabled",
    "PointInTimeRecoverySpecification",
    "TableClass",
    "Tags",
)


@dataclass(frozen=True, slots=True)
class Regional:
    """The table of one region: its properties, and what is not judged or not managed there."""

    properties: dict[str, Any]
    ignored: set[str] = field(default_factory=set)
    unmanaged: list[tuple[str, str]] = field(default_factory=list)


def regional(
    properties: Mapping[str, Any], place: Place, *, region: str | None, local: bool
) -> Regional:
    """Return the replica of ``region``; on a ``local`` engine, else the first one.

    Raises RefusedError for a malformed table, and for a region without replica.
    """
    billing = settled(properties)
    checker = Checker(place, template=True)
    given = checker.checked(_with_regions(billing.properties, region), _SHAPE)
    if checker.problems or BROKEN in properties.values():
        raise RefusedError(checker.problems)
    replicas = given["Replicas"]
    replica = _replica(replicas, place, region, local=local)
    others = [f"Replicas[{other['Region']}]" for other in replicas if other is not replica]
    found = Regional(
        {name: given[name] for name in _OF_TABLE if name in given}
        | {name: replica[name] for name in _OF_REPLICA if name in replica},
        billing.ignored,
        [
            *billing.unmanaged,
            *(pair for pair in checker.unmanaged if not pair[0].startswith(tuple(others))),
            *((other, "a replica in another region") for other in others),
        ],
    )
    if "SSESpecification" in replica:
        common = found.properties.get("SSESpecification", {})
        found.properties["SSESpecification"] = {**common, **replica["SSESpecification"]}
    _add_capacity(found, found.properties, {**given, **_reading(replica)}, None)
    _add_indexes(found, given, replica)
    return found


def _with_regions(properties: dict[str, Any], region: str | None) -> dict[str, Any]:
    """Replace a replica's unknown region, which is the stack's own one, by a known text."""
    replicas = properties.get("Replicas")
    if not isinstance(replicas, list):
        return properties
    own = region or _OWN_REGION
    named = [
        {**replica, "Region": own}
        if isinstance(replica, Mapping) and isinstance(replica.get("Region"), Unknown)
        else replica
        for replica in replicas
    ]
    return {**properties, "Replicas": named}


def _replica(
    replicas: list[dict[str, Any]], place: Place, region: str | None, *, local: bool
) -> dict[str, Any]:
    if not replicas:
        raise place.at("Replicas").refused("it must hold a replica")
    for replica in replicas:
        if replica["Region"] in (region, _OWN_REGION):
            return replica
    if region is None or local:
        return replicas[0]
    regions = ", ".join(replica["Region"] for replica in replicas)
    raise place.at("Replicas").refused(f"there is no replica in {region}, but in {regions}")


def _reading(replica: Mapping[str, Any]) -> dict[str, Any]:
    return {name: replica[name] for name in _READ if name in replica}


def _add_indexes(found: Regional, given: Mapping[str, Any], replica: Mapping[str, Any]) -> None:
    mine = {index["IndexName"]: index for index in replica.get("GlobalSecondaryIndexes", ())}
    indexes = []
    for index in given.get("GlobalSecondaryIndexes", ()):
        name = index["IndexName"]
        built = {key: index[key] for key in (*shape.INDEX, "WarmThroughput") if key in index}
        _add_capacity(found, built, {**index, **_reading(mine.get(name, {}))}, name)
        indexes.append(built)
    if indexes:
        found.properties["GlobalSecondaryIndexes"] = indexes


def _add_capacity(
    found: Regional, holder: dict[str, Any], settings: Mapping[str, Any], index: str | None
) -> None:
    """Add the capacity of the table or the index to ``holder``; scaled capacity is not judged."""
    units: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for word, fact in (("Read", READ), ("Write", WRITE)):
        given = settings.get(f"{word}ProvisionedThroughputSettings", {})
        if f"{word}CapacityUnits" in given:
            units[f"{word}CapacityUnits"] = given[f"{word}CapacityUnits"]
        elif scaling := given.get(f"{word}CapacityAutoScalingSettings"):
            units[f"{word}CapacityUnits"] = scaling.get("SeedCapacity", scaling["MinCapacity"])
            found.ignored.add(fact if index is None else index_fact(index, fact))
        elif any(f"{word}ProvisionedThroughputSettings" in path for path, _ in found.unmanaged):
            # Only AWS knows the capacity; a table cannot be created without one.
            units[f"{word}CapacityUnits"] = 1
            found.ignored.add(fact if index is None else index_fact(index, fact))
        limits |= settings.get(f"{word}OnDemandThroughputSettings", {})
    if units and "billing" not in found.ignored:
        holder["ProvisionedThroughput"] = units
    if limits:
        holder["OnDemandThroughput"] = limits
