"""The only door to DeleteTable. Imported by ``db.reset`` and ``db.delete``, by nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.aws import error_templates, errors
from osem_tasks.errors import OsemError
from osem_tasks.waiting.wait import retry, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osem_tasks.aws.store import TableStore
    from osem_tasks.schema.model import Table
    from osem_tasks.waiting.clock import Deadline


class TableDeleter:
    """Deletes tables of one target within one deadline."""

    def __init__(self, store: TableStore, deadline: Deadline, say: Callable[[str], None]) -> None:
        self._store, self._deadline, self._say = store, deadline, say

    def delete(self, tables: Sequence[Table], deleted: list[str]) -> None:
        """Delete ``tables`` and wait until none is left, filling ``deleted`` on the way.

        A table that is gone already is no failure. Raises OsemError for the first other one.
        """
        for table in tables:
            self._say(f"deleting {table.name}")
            # Noted before it is sent: a request whose answer is lost may have gone through.
            deleted.append(table.name)
            try:
                self._request(table)
            except OsemError:
                deleted.remove(table.name)
                raise
        self._await_absence(tables)

    def _request(self, table: Table) -> None:
        """Send DeleteTable. DynamoDB deletes only what is ACTIVE: other states are waited out."""

        def accepted() -> bool | None:
            return True if self._send(table) else None

        wait_until(accepted, self._deadline, lambda: f"{table.name} before it can be deleted")

    def _send(self, table: Table) -> bool:
        """Whether DeleteTable was accepted, or the table was gone; False while it is changing."""
        from botocore.exceptions import ClientError

        connection = self._store.connection
        with errors.translated("deleting", connection.target, table.name):
            try:
                connection.dynamodb.delete_table(TableName=table.name)
            except ClientError as error:
                code = errors.error_code(error)
                if code in error_templates.NOT_FOUND:
                    return True
                live = self._store.describe(table) if code in error_templates.IN_USE else None
                if live is None or live.ready or self._deadline.passed:
                    raise
                self._say(f"waiting for {table.name} ({live.status}) before it can be deleted")
                return False
        return True

    def _await_absence(self, tables: Sequence[Table]) -> None:
        left = list(tables)

        def names() -> str:
            return ", ".join(table.name for table in left)

        def gone() -> bool | None:
            nonlocal left
            found = retry(lambda: self._store.describe_all(left), self._deadline, self._say)
            left = [table for table in left if found[table.name] is not None]
            if left:
                self._say(f"waiting until {names()} are gone")
            return None if left else True

        wait_until(gone, self._deadline, lambda: f"the deletion of {names()}")
