"""The only code that calls DeleteTable. Only ``db.reset`` and ``db.delete`` import it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.aws import error_templates, errors
from osem_tasks.config.states import stuck_error
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.plan.calls import Call
from osem_tasks.schema.description import DELETING
from osem_tasks.waiting.limits import IN_USE, Limit, limit_of
from osem_tasks.waiting.policy import Tries
from osem_tasks.waiting.progress import Step, a_few
from osem_tasks.waiting.wait import retry, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from osem_tasks.aws.store import TableStore
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table
    from osem_tasks.waiting.clock import Deadline
    from osem_tasks.waiting.progress import Progress


# AWS deletes no table while a backup of it is being made, by a schedule or by somebody else.
_BACKED_UP = re.compile(r"being backed up|backup.*(in progress|ongoing|being (created|made))")


class TableDeleter:
    """Deletes tables of one target within one deadline.

    ``gone`` is called with the name of a table as soon as it no longer exists.
    """

    def __init__(
        self,
        store: TableStore,
        deadline: Deadline,
        progress: Progress,
        gone: Callable[[str], None] | None = None,
    ) -> None:
        self._store, self._deadline, self._progress = store, deadline, progress
        self._gone = gone

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
        step = Step("deleting", len(tables), waits=True)
        if tables:
            self._progress.begin(step)
        for table in tables:
            if self._deadline.passed:
                raise self._deadline.timeout(f"the deletion of {table.name}")
            self._progress.say(f"deleting {table.name}")
            if table.name in protected:
                self._unprotect(table)
            identity = (identities or {}).get(table.name, "")
            deletion = _Deletion(self._store, table, deleted, identity)
            deletion.request(self._deadline, self._progress.say)
        self._await_absence(tables, identities or {}, step)

    def _unprotect(self, table: Table) -> None:
        arguments = {"TableName": table.name, "DeletionProtectionEnabled": False}
        doing = "turning off the deletion protection of"
        self._store.update(table.name, doing, Call("update_table", arguments))

    def _await_absence(
        self, tables: Sequence[Table], identities: Mapping[str, str], step: Step
    ) -> None:
        left = list(tables)

        def names() -> str:
            return ", ".join(table.name for table in left)

        def gone() -> bool | None:
            nonlocal left
            say = self._progress.say
            found = retry(lambda: self._store.describe_all(left), self._deadline, say)
            for table in left:
                if found[table.name] is None:
                    step.advance()
                    if self._gone:
                        self._gone(table.name)
            left = [table for table in left if found[table.name] is not None]
            step.note = a_few([table.name for table in left])
            for table in left:
                if _is_another(found[table.name], identities.get(table.name, "")):
                    raise _created_again(self._store, table)
            return None if left else True

        wait_until(gone, self._deadline, lambda: f"the deletion of {names()}")


@dataclass(slots=True)
class _Deletion:
    """The DeleteTable request of one table, sent again only where that is safe and may help.

    ``deleted`` receives the table's name before the request: it may be carried out although its
    answer is lost. Meanwhile the table may be created again, with another ``identity``.
    """

    store: TableStore
    table: Table
    deleted: list[str]
    identity: str
    answer_lost: bool = False

    def request(self, deadline: Deadline, say: Callable[[str], None]) -> None:
        """Send the request until it is accepted. Raises OsemError.

        DynamoDB deletes only tables that nothing changes, so this waits while something does.
        """

        def accepted() -> bool | None:
            return True if self._is_accepted(deadline, say) else None

        def attempt() -> bool:
            what = f"{self.table.name} before it can be deleted"
            return wait_until(accepted, deadline, lambda: what)

        retry(attempt, deadline, say, _CertainTries())

    def _is_accepted(self, deadline: Deadline, say: Callable[[str], None]) -> bool:
        """Send the request, or see that it is done; False while something changes the table."""
        if self.answer_lost and self._is_going():
            return True
        if self.table.name not in self.deleted:
            self.deleted.append(self.table.name)
        try:
            self._send()
        except OsemError as error:
            return self._is_done_despite(error, deadline, say)
        return True

    def _send(self) -> None:
        from botocore.exceptions import ClientError

        connection = self.store.connection
        with errors.translated("deleting", connection.target, self.table.name):
            try:
                connection.dynamodb_once.delete_table(TableName=self.table.name)
            except ClientError as error:
                if errors.error_code(error) not in error_templates.NOT_FOUND:
                    raise

    def _is_done_despite(
        self, error: OsemError, deadline: Deadline, say: Callable[[str], None]
    ) -> bool:
        """Read whether the table goes; False while something changes it. Raises ``error``."""
        if errors.may_be_done(error):
            self.answer_lost = True
            if self._is_going():
                return True
            raise error
        # Refused, so not deleted, unless an earlier request was carried out.
        if not self.answer_lost:
            self.deleted.remove(self.table.name)
        if error.details.get("awsCode") not in IN_USE:
            raise error
        live = self.store.describe(self.table)
        if live is None or live.status == DELETING:
            self.deleted.append(self.table.name)
            return True
        if live.stuck:
            raise stuck_error(self.store.connection.target, [live]) from error
        if live.ready or deadline.passed:
            raise error
        say(f"waiting for {self.table.name} ({live.status}) before it can be deleted")
        return False

    def _is_going(self) -> bool:
        """Read whether a request with a lost answer was carried out.

        Raises OsemError if the table is another one by now: it must not be deleted.
        """
        try:
            live = self.store.describe(self.table)
        except OsemError:
            return False
        if live is not None and live.status != DELETING and _is_another(live, self.identity):
            raise _created_again(self.store, self.table)
        return live is None or live.status == DELETING


class _CertainTries(Tries):
    """A deletion is repeated after a lost answer, or if the refusal is certain to pass."""

    def allows(self, error: OsemError) -> bool:
        """Return whether to try again after ``error``, and count it."""
        limited = error.code is ErrorCode.TABLE_LIMIT_EXCEEDED
        certain = error.details.get("awsCode") not in IN_USE and limit_of(error) is Limit.WORK
        certain = certain or bool(_BACKED_UP.search(error.reason))
        return (certain or not limited) and super().allows(error)


def _created_again(store: TableStore, table: Table) -> OsemError:
    return OsemError(
        f"{table.name} was deleted, and something else has created it again.",
        code=ErrorCode.TABLE_LIMIT_EXCEEDED,
        remediation=(
            "Stop what creates it (an application, a deployment, another db.setup), then "
            f"see what is there: {store.connection.target.command('db.list')}"
        ),
        table=table.name,
    )


def _is_another(live: LiveTable | None, identity: str) -> bool:
    """Return whether ``live`` is a later table than the one with ``identity``."""
    if live is None or live.status == "CREATING":
        return live is not None
    return live.status != DELETING and bool(identity) and live.identity not in ("", identity)
