"""The only door to DeleteTable. Imported by ``db.reset`` and ``db.delete``, by nothing else."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.aws import translate
from osem_tasks.clock import Backoff
from osem_tasks.errors import OsemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osem_tasks.aws.client import Connection
    from osem_tasks.aws.store import TableStore
    from osem_tasks.clock import Deadline
    from osem_tasks.schema.model import Table

POLL = (0.05, 2.0)


@dataclass(frozen=True, slots=True)
class Demolition:
    """Deletes tables of one target within one deadline."""

    connection: Connection
    store: TableStore
    deadline: Deadline
    say: Callable[[str], None]

    def delete(self, tables: Sequence[Table], deleted: list[str]) -> None:
        """Delete ``tables`` and wait until none is left, filling ``deleted`` on the way.

        A table that is gone already is no failure. Raises OsemError for the first other one.
        """
        for table in tables:
            self.say(f"deleting {table.name}")
            # Noted before it is sent: a request whose answer is lost may have gone through.
            deleted.append(table.name)
            try:
                self._ask(table)
            except OsemError:
                deleted.remove(table.name)
                raise
        self._await_absence([each for each in tables if each.name in deleted])

    def _ask(self, table: Table) -> None:
        """Send DeleteTable. A table that was there and is not any more is deleted."""
        from botocore.exceptions import ClientError

        backoff = Backoff(*POLL)
        while True:
            with translate.translated("deleting", self.connection.target, table.name):
                try:
                    self.connection.dynamodb.delete_table(TableName=table.name)
                except ClientError as error:
                    code = translate.code_of(error)
                    if code in translate.NOT_FOUND:
                        return
                    live = self.store.glance(table) if code in translate.IN_USE else None
                    # DynamoDB deletes only what is ACTIVE: CREATING and UPDATING are waited out.
                    if live is None or live.ready or self.deadline.left <= 0:
                        raise
                    self.say(f"waiting for {table.name} ({live.status}) before it can be deleted")
                else:
                    return
            time.sleep(backoff.pause(self.deadline))

    def _await_absence(self, left: list[Table]) -> None:
        backoff = Backoff(*POLL)
        while left:
            found = self.store.glance_all(left)
            left = [each for each in left if found[each.name] is not None]
            if left:
                names = ", ".join(each.name for each in left)
                self.say(f"waiting for {names} to be gone")
                self.deadline.check(f"{names} to be gone")
                time.sleep(backoff.pause(self.deadline))
