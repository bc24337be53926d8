"""Converts a DescribeTable answer to a ``LiveTable``; a missing member is an error.

Required are the members that AWS, DynamoDB Local and moto always send. Members that AWS
documents as omitted by default keep that default (``reader.from_description``).
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from osem_tasks.schema import emulators
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Key, Table
from osem_tasks.schema.reader import from_description
from osem_tasks.schema.states import stuck_states

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DELETING = "DELETING"
_TABLE = ("TableName", "TableStatus", "KeySchema", "AttributeDefinitions", "TableArn")
_COUNTS = ("ItemCount", "TableSizeBytes")
_INDEX = ("IndexName", "KeySchema")
# Optional parts, and the members that they must have if present.
_PARTS = {
    "BillingModeSummary": "BillingMode",
    "SSEDescription": "Status",
    "StreamSpecification": "StreamEnabled",
    "TableClassSummary": "TableClass",
}


def described_table(description: Mapping[str, Any], server: str) -> LiveTable:
    """Return the table described by an answer with the header ``server``.

    Raises KeyError, TypeError, ValueError or AttributeError for a truncated description. A
    table that is being deleted may have only its name and state; its key is then empty.
    """
    going = description["TableStatus"] == DELETING and "KeySchema" not in description
    if not going and (missing := sorted(missing_members(description))):
        raise KeyError(missing[0])
    arn = str(description.get("TableArn", ""))
    indexes = description.get("GlobalSecondaryIndexes") or ()
    return LiveTable(
        table=_without_key(description) if going else from_description(description),
        status=description["TableStatus"],
        index_status={index["IndexName"]: _index_state(index) for index in indexes},
        arn=arn,
        items=int(description.get("ItemCount", 0)),
        index_items={
            index["IndexName"]: count for index in indexes if (count := _index_items(index))
        },
        size=int(description.get("TableSizeBytes", 0)),
        fixed=emulators.fixed_facts(emulators.engine_of(arn, server), description),
        emulator=emulators.proven_local(arn, server),
        identity=str(description.get("TableId") or _created(description)),
        stream_arn=str(description.get("LatestStreamArn") or ""),
        stuck=stuck_states(description),
    )


def _created(description: Mapping[str, Any]) -> str:
    """Return when the table was created, the same in every time zone."""
    created = description.get("CreationDateTime", "")
    return (
        created.astimezone(timezone.utc).isoformat() if isinstance(created, datetime) else created
    )


def missing_members(description: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths of required members that are missing from a description."""
    yield from (name for name in (*_TABLE, *_COUNTS) if name not in description)
    for part, member in _PARTS.items():
        if description.get(part) is not None and member not in description[part]:
            yield f"{part}.{member}"
    if not description.get("KeySchema", True):
        yield "KeySchema.HASH"
    for kind, names in (
        ("GlobalSecondaryIndexes", (*_INDEX, "IndexStatus")),
        ("LocalSecondaryIndexes", _INDEX),
    ):
        for index in description.get(kind) or ():
            yield from (f"{kind}.{name}" for name in names if name not in index)
            if not index.get("Projection", {}).get("ProjectionType"):
                yield f"{kind}.ProjectionType"


def _without_key(description: Mapping[str, Any]) -> Table:
    return Table(name=description["TableName"], key=Key(()), check=False)


def _index_items(description: Mapping[str, Any]) -> int:
    """Return an index's count of items, which only progress shows; 0 for anything but a number."""
    count = description.get("ItemCount")
    return count if isinstance(count, int) else 0


def _index_state(description: Mapping[str, Any]) -> str:
    """Return an index's status; BACKFILLING is the second phase of CREATING."""
    status: str = description["IndexStatus"]
    return "BACKFILLING" if status == "CREATING" and description.get("Backfilling") else status
