"""The only code that calls DeleteTable. Only ``db.reset`` and ``db.delete`` import it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.aws import error_templates, errors
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.plan.calls import Call
from osem_tasks.schema.description import DELETING
from osem_tasks.waiting.wait import retry, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from osem_tasks.aws.store import TableStore
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table
    from osem_tasks.waiting.clock import Deadline


class TableDeleter:
    """Deletes tables of one target within one deadline."""

    def __init__(self, store: TableStore, deadline: Deadline, say: Callable[[str], None]) -> None:
        self._store, self._deadline, self._say = store, deadline, say

    def delete(
        self,
        tables: Sequence[Table],
        deleted: list[str],
        identities: Mapping[str, str] | None = None,
        protected: Collection[str] = (),
    ) -> None:
        """Delete ``tables``, wait until all are gone, and record them in ``deleted``.

        ``identities`` are the expected identities by table name: deletion stops if something
        creates another table under the same name meanwhile. A missing table is not a failure.
        ``protected`` are tables of a local engine whose deletion protection is turned off first.
        Raises OsemError for the first failure; ``deleted`` then also holds a table whose answer
        was lost, because it may be gone.
        """
        for table in tables:
            if self._deadline.passed:
                raise self._deadline.timeout(f"the deletion of {table.name}")
            self._say(f"deleting {table.name}")
            if table.name in protected:
                self._unprotect(table)
            self._request(table, deleted)
        self._await_absence(tables, identities or {})

    def _unprotect(self, table: Table) -> None:
        arguments = {"TableName": table.name, "DeletionProtectionEnabled": False}
        doing = "turning off the deletion protection of"
        self._store.update(table.name, doing, Call("update_table", arguments))

    def _request(self, table: Table, deleted: list[str]) -> None:
        """Send DeleteTable. DynamoDB deletes only ACTIVE tables, so wait in other states."""

        def accepted() -> bool | None:
            return True if self._send(table, deleted) else None

        wait_until(accepted, self._deadline, lambda: f"{table.name} before it can be deleted")

    def _send(self, table: Table, deleted: list[str]) -> bool:
        """Return True if DeleteTable was accepted or the table is gone, False while it changes."""
        # Record it before sending: a request whose answer is lost may have succeeded.
        deleted.append(table.name)
        try:
            with errors.translated("deleting", self._store.connection.target, table.name):
                return self._sent(table, deleted)
        except OsemError as error:
            if not errors.may_be_done(error):
                if table.name in deleted:
                    deleted.remove(table.name)
                raise
            if not self._is_going(table):
                raise
            return True

    def _sent(self, table: Table, deleted: list[str]) -> bool:
        from botocore.exceptions import ClientError

        try:
            self._store.connection.dynamodb.delete_table(TableName=table.name)
        except ClientError as error:
            code = errors.error_code(error)
            if code in error_templates.NOT_FOUND:
                return True
            if code not in error_templates.IN_USE:
                raise
            # Refused, so not deleted: without this, a failed read would look like a lost answer.
            deleted.remove(table.name)
            live = self._store.describe(table)
            if live is None or live.status == DELETING:
                deleted.append(table.name)
                return True
            if live.ready or self._deadline.passed:
                raise
            self._say(f"waiting for {table.name} ({live.status}) before it can be deleted")
            return False
        return True

    def _is_going(self, table: Table) -> bool:
        """Read whether a request with a lost answer was carried out."""
        try:
            live = self._store.describe(table)
        except OsemError:
            return False
        return live is None or live.status == DELETING

    def _await_absence(self, tables: Sequence[Table], identities: Mapping[str, str]) -> None:
        left = list(tables)

        def names() -> str:
            return ", ".join(table.name for table in left)

        def gone() -> bool | None:
            nonlocal left
            found = retry(lambda: self._store.describe_all(left), self._deadline, self._say)
            left = [table for table in left if found[table.name] is not None]
            for table in left:
                if _is_another(found[table.name], identities.get(table.name, "")):
                    raise self._created_again(table)
            if left:
                self._say(f"waiting until {names()} are gone")
            return None if left else True

        wait_until(gone, self._deadline, lambda: f"the deletion of {names()}")

    def _created_again(self, table: Table) -> OsemError:
        return OsemError(
            f"{table.name} was deleted, and something else has created it again.",
            code=ErrorCode.TABLE_LIMIT_EXCEEDED,
            remediation=(
                "Stop what creates it (an application, a deployment, another db.setup), then "
                f"see what is there: {self._store.connection.target.command('db.list')}"
            ),
            table=table.name,
        )


def _is_another(live: LiveTable | None, identity: str) -> bool:
    """Return whether ``live`` is a later table than the one with ``identity``."""
    if live is None or live.status == "CREATING":
        return live is not None
    return live.status != DELETING and bool(identity) and live.identity not in ("", identity)
