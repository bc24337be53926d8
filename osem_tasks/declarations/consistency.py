"""Rules between the properties of one table, which AWS also checks when a table is created."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


def inconsistencies(properties: Mapping[str, Any], *, described: bool) -> Iterator[str]:
    """Yield one sentence for every contradiction between checked properties."""
    yield from _attribute_problems(properties, described=described)
    if not described:
        yield from _capacity_problems(properties)
    encryption = properties.get("SSESpecification", {})
    on = encryption.get("Enabled", encryption.get("SSEEnabled", False))
    if not on and "KMSMasterKeyId" in encryption:
        yield "SSESpecification.KMSMasterKeyId is given, but encryption with KMS is not enabled"
    stream = properties.get("StreamSpecification", {})
    if stream.get("StreamEnabled") is False and "StreamViewType" in stream:
        yield "StreamSpecification.StreamViewType is given, but StreamEnabled is false"


def _attribute_problems(properties: Mapping[str, Any], *, described: bool) -> Iterator[str]:
    counts = Counter(
        definition["AttributeName"] for definition in properties.get("AttributeDefinitions", ())
    )
    for name, count in counts.items():
        if count > 1:
            yield f"AttributeDefinitions defines attribute {name!r} {count} times"
    used = dict.fromkeys(_key_attributes(properties))
    for name in used:
        if name not in counts:
            yield f"key attribute {name!r} is not in AttributeDefinitions"
    # An index over vectors is not read, and may use an attribute.
    if described or "VectorIndexes" in properties:
        return
    for name in counts:
        if name not in used:
            yield f"AttributeDefinitions defines attribute {name!r}, but no key uses it"


def _key_attributes(properties: Mapping[str, Any]) -> Iterator[str]:
    holders = [
        properties,
        *properties.get("GlobalSecondaryIndexes", ()),
        *properties.get("LocalSecondaryIndexes", ()),
    ]
    for holder in holders:
        for element in holder.get("KeySchema", ()):
            yield element["AttributeName"]


def _capacity_problems(properties: Mapping[str, Any]) -> Iterator[str]:
    if properties.get("BillingMode") != "PAY_PER_REQUEST":
        return
    holders = [("", properties)] + [
        (f"index {index['IndexName']!r}: ", index)
        for index in properties.get("GlobalSecondaryIndexes", ())
    ]
    for where, holder in holders:
        units = holder.get("ProvisionedThroughput", {})
        # DescribeTable shows zeros for a table on demand.
        if any(units.values()):
            yield f"{where}ProvisionedThroughput cannot be given with BillingMode PAY_PER_REQUEST"
