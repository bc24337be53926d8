"""Test whether a server has one database for all access keys; no API call reports it."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import SECRET_KEY
from osem_tasks.errors import OsemError
from osem_tasks.testing.created import Created
from osem_tasks.testing.databases import IsolatedDatabase, delete_tables
from osem_tasks.waiting import wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TRIAL_SECONDS = 20.0


def keys_share_tables(endpoint: str) -> bool:
    """Return whether two access keys see the same tables; True if that is uncertain.

    Databases count as separate only with proof: both keys can create a table with the same
    name, and the second table still exists after the first is deleted. A key that does not
    see the other's table is no proof, because answers may be delayed.
    """
    name = f"osem-probe-{uuid.uuid4().hex}"
    one, other = (_database(endpoint) for _ in range(2))
    try:
        return not _are_separate(one, other, name)
    except OsemError:
        return True
    finally:
        for database in (one, other):
            database.drop()


def _database(endpoint: str) -> IsolatedDatabase:
    key = f"osem{uuid.uuid4().hex}"
    # Record the key: with separate databases, only this key can delete the table.
    return IsolatedDatabase(
        endpoint, key, SECRET_KEY, prefix="osem-probe-", journal=Created.at(endpoint, key)
    )


def _are_separate(one: IsolatedDatabase, other: IsolatedDatabase, name: str) -> bool:
    from osem_tasks.aws import errors

    deadline = Deadline(TRIAL_SECONDS)
    for database in (one, other):
        with (
            errors.translated("CreateTable", database.target(), name),
            contextlib.closing(database.client()) as client,
        ):
            client.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
            if not wait.poll(lambda client=client: _is_active(client, name), bool, deadline):  # type: ignore[misc]
                return False
    if name not in delete_tables(one, [name]):
        return False
    with (
        errors.translated("DescribeTable", other.target(), name),
        contextlib.closing(other.client()) as client,
    ):
        return _is_active(client, name)


def _is_active(client: DynamoDBClient, name: str) -> bool:
    try:
        found = client.describe_table(TableName=name)
    except client.exceptions.ResourceNotFoundException:
        return False
    # An answer without content is no proof.
    return bool(found.get("Table", {}).get("TableStatus") == "ACTIVE")
