"""What tells a table from a later one of the same name."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from osem_tasks.schema.description import described_table

DESCRIBED: dict[str, Any] = {
    "TableName": "Users",
    "TableStatus": "ACTIVE",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/Users",
    "ItemCount": 0,
    "TableSizeBytes": 0,
}
CREATED = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize("hours", [-8, 0, 2, 9])
def test_the_identity_is_the_same_in_every_time_zone(hours: int) -> None:
    """botocore gives times in the zone of the machine: a plan may be applied on another one."""
    here = CREATED.astimezone(timezone(timedelta(hours=hours)))

    live = described_table({**DESCRIBED, "CreationDateTime": here}, "")

    assert live.identity == "2026-01-01T12:00:00+00:00"


@pytest.mark.parametrize(
    "members, identity",
    [
        ({"TableId": "a-b-c", "CreationDateTime": CREATED}, "a-b-c"),
        ({"CreationDateTime": "2026-01-01"}, "2026-01-01"),
        ({}, ""),
    ],
    ids=["id", "text", "none"],
)
def test_the_identity_is_the_id_where_there_is_one(members: dict[str, Any], identity: str) -> None:
    """AWS gives every table an id; else the time counts, and without it nothing is known."""
    assert described_table({**DESCRIBED, **members}, "").identity == identity
