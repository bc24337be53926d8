"""Rules between the properties of one table, which AWS also checks when a table is created."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from osem_tasks.declarations.values import Place, Problem

_ATTRIBUTES = "AttributeDefinitions"
# Members of a description of a live table. It may show capacity that does not count, and
# attributes that a key once used.
_OF_DESCRIPTIONS = (
    "BillingModeSummary",
    "CreationDateTime",
    "ItemCount",
    "TableArn",
    "TableId",
    "TableSizeBytes",
    "TableStatus",
)


def is_description(properties: Mapping[str, Any]) -> bool:
    """Return whether the properties are those that DescribeTable returns."""
    return any(name in properties for name in _OF_DESCRIPTIONS)


def inconsistencies(
    properties: Mapping[str, Any], place: Place, *, described: bool
) -> Iterator[Problem]:
    """Yield every contradiction between the checked properties at ``place``."""
    yield from _attribute_problems(properties, place.at(_ATTRIBUTES), described=described)
    if not described:
        yield from _capacity_problems(properties, place)
    encryption = properties.get("SSESpecification", {})
    on = encryption.get("Enabled", encryption.get("SSEEnabled", False))
    if not on and "KMSMasterKeyId" in encryption:
        key = place.at("SSESpecification").at("KMSMasterKeyId")
        yield key.sentence("is given, but encryption with KMS is not enabled")
    recovery = properties.get("PointInTimeRecoverySpecification", {})
    if recovery.get("PointInTimeRecoveryEnabled") is False and "RecoveryPeriodInDays" in recovery:
        period = place.at("PointInTimeRecoverySpecification").at("RecoveryPeriodInDays")
        yield period.sentence("is given, but PointInTimeRecoveryEnabled is false")
    stream = properties.get("StreamSpecification", {})
    if stream.get("StreamEnabled") is False and "StreamViewType" in stream:
        view = place.at("StreamSpecification").at("StreamViewType")
        yield view.sentence("is given, but StreamEnabled is false")


def _attribute_problems(
    properties: Mapping[str, Any], place: Place, *, described: bool
) -> Iterator[Problem]:
    counts = Counter(definition["AttributeName"] for definition in properties.get(_ATTRIBUTES, ()))
    for name, count in counts.items():
        if count > 1:
            yield place.sentence(f"defines attribute {name!r} {count} times")
    used = dict.fromkeys(_key_attributes(properties))
    for name in used:
        if name not in counts:
            yield place.problem(f"key attribute {name!r} is not in it")
    # An index over vectors is not read, and may use an attribute.
    if described or "VectorIndexes" in properties:
        return
    for name in counts:
        if name not in used:
            yield place.sentence(f"defines attribute {name!r}, but no key uses it")


def _key_attributes(properties: Mapping[str, Any]) -> Iterator[str]:
    holders = [
        properties,
        *properties.get("GlobalSecondaryIndexes", ()),
        *properties.get("LocalSecondaryIndexes", ()),
    ]
    for holder in holders:
        for element in holder.get("KeySchema", ()):
            yield element["AttributeName"]


def _capacity_problems(properties: Mapping[str, Any], place: Place) -> Iterator[Problem]:
    if properties.get("BillingMode") != "PAY_PER_REQUEST":
        return
    indexes = place.at("GlobalSecondaryIndexes")
    holders = [(place, properties)] + [
        (indexes.at(position), index)
        for position, index in enumerate(properties.get("GlobalSecondaryIndexes", ()))
    ]
    for where, holder in holders:
        units = holder.get("ProvisionedThroughput", {})
        # DescribeTable shows zeros for a table on demand.
        if any(units.values()):
            yield where.at("ProvisionedThroughput").sentence(
                "cannot be given with BillingMode PAY_PER_REQUEST"
            )
