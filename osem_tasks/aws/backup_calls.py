"""The calls for on-demand backups, paced as AWS limits them. An answer is its ``BackupDetails``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.aws import errors
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy
from osem_tasks.waiting.pace import Pace

if TYPE_CHECKING:
    from osem_tasks.aws.session import Connection

NOT_FOUND = "BackupNotFoundException"


class BackupCalls:
    """Creates and reads the backups of one target. Every method raises OsemError for a failure."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._target = connection, connection.target
        rates = policy.current().calls_per_second
        limited = ("describe_backup", "list_backups")
        self._paces = {call: Pace(rates[call]) for call in limited if call in rates}

    def create(self, table: str, name: str) -> Any:
        """Send CreateBackup, once: after a lost answer, look for the backup first."""
        with errors.translated("backing up", self._target, table):
            answer: Any = self._connection.dynamodb_once.create_backup(
                TableName=table, BackupName=name
            )
        return answer.get("BackupDetails")

    def describe(self, table: str, arn: str) -> tuple[Any, int] | None:
        """Return the details of a backup and the number of its items; None if there is none."""
        from botocore.exceptions import ClientError

        self._keep_pace("describe_backup")
        with errors.translated("reading the backup of", self._target, table):
            try:
                answer: Any = self._connection.dynamodb.describe_backup(BackupArn=arn)
            except ClientError as error:
                if errors.error_code(error) != NOT_FOUND:
                    raise
                return None
        found = answer.get("BackupDescription", {})
        return found.get("BackupDetails"), found.get("SourceTableDetails", {}).get("ItemCount", 0)

    def listed(self, table: str, name: str) -> Any:
        """Return the details of the backup of that table and name, if AWS lists one.

        None too if the credentials may not list backups.
        """
        self._keep_pace("list_backups")
        try:
            with errors.translated("listing the backups of", self._target, table):
                pages = self._connection.dynamodb.get_paginator("list_backups").paginate(
                    TableName=table, BackupType="USER"
                )
                found = [one for page in pages for one in page.get("BackupSummaries", [])]
        except OsemError as error:
            if error.code is ErrorCode.AWS_PERMISSIONS_DENIED:
                return None
            raise
        return next((one for one in found if one.get("BackupName") == name), None)

    def _keep_pace(self, call: str) -> None:
        if call in self._paces:
            self._paces[call].wait()
