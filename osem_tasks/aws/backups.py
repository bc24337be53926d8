"""On-demand backups of tables on AWS: made before items are taken away, never deleted here.

    maker = BackupMaker(store, deadline, progress, made=run.journal.backups, without=command)
    maker.make(names)                      # returns when every backup is AVAILABLE, or raises
    restore_command(backup, target, region, into="Users-restored")

``made`` has a row for every backup as soon as one may exist, so that an interrupted run can name
it. DynamoDB deletes no table while a backup of it is being made.
"""

from __future__ import annotations

import secrets
import shlex
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

from osem_tasks.aws import errors
from osem_tasks.aws.backup_calls import BackupCalls
from osem_tasks.aws.session import PARALLEL
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import emulators
from osem_tasks.waiting import policy
from osem_tasks.waiting.parallel import side_by_side
from osem_tasks.waiting.policy import Tries
from osem_tasks.waiting.progress import Step, a_few
from osem_tasks.waiting.wait import retry, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.aws.store import TableStore
    from osem_tasks.config.target import Target
    from osem_tasks.waiting.clock import Deadline
    from osem_tasks.waiting.progress import Progress

PERMISSIONS = "dynamodb:CreateBackup and dynamodb:DescribeBackup"
NOTHING = "Nothing was deleted or changed."
_LONGEST_NAME = 255
_RESTORED = "-restored"


class State(str, Enum):
    """How far a backup is. UNKNOWN: the answer to its request was lost; PLANNED: a dry run."""

    PLANNED = "PLANNED"
    UNKNOWN = "UNKNOWN"
    CREATING = "CREATING"
    AVAILABLE = "AVAILABLE"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """An on-demand backup of ``table`` (its real name).

    ``size`` (bytes) and ``items`` are DynamoDB's own counts, up to six hours old. ``arn`` is
    empty as long as the state is UNKNOWN.
    """

    table: str
    name: str
    arn: str = ""
    state: State = State.UNKNOWN
    size: int = 0
    items: int = 0

    def as_json(self) -> dict[str, object]:
        """Return an entry of ``data.backups`` without the command that restores it."""
        return {
            "tableName": self.table,
            "backupName": self.name,
            "backupArn": self.arn or None,
            "state": self.state.value,
            "sizeBytes": self.size,
            "items": self.items,
        }


def backup_name(table: str, now: datetime) -> str:
    """Return a new name: ``osem-TABLE-20261126T091500Z-1a2b3c4d``; a long table name is cut."""
    end = f"-{now.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    return f"osem-{table}"[: _LONGEST_NAME - len(end)] + end


def restored_name(table: str) -> str:
    """Return a name for a table that is restored while ``table`` exists: ``TABLE-restored``."""
    return f"{table[: _LONGEST_NAME - len(_RESTORED)]}{_RESTORED}"


def restore_command(backup: Backup, target: Target, region: str, into: str = "") -> str:
    """Return the AWS CLI's command that restores ``backup``, quoted for a shell.

    It makes a new table named ``into``, by default the table's own name: no such table may exist.
    """
    words = ["restore-table-from-backup", "--target-table-name", into or backup.table]
    return _aws(target, region, *words, "--backup-arn", backup.arn)


def list_command(table: str, target: Target, region: str) -> str:
    """Return the AWS CLI's command that lists the backups of ``table``, also once it is deleted."""
    return _aws(target, region, "list-backups", "--table-name", table)


def _aws(target: Target, region: str, *words: str) -> str:
    # What the variables of this shell chose is named too: another shell does not have them.
    chosen = dict(zip(target.options, target.options[1:], strict=False))
    profile = target.profile or chosen.get("--profile")
    options = ["--region", region]
    options += ["--profile", profile] if profile else []
    options += ["--endpoint-url", target.endpoint] if target.endpoint else []
    return " ".join(map(shlex.quote, ("aws", "dynamodb", *words, *options)))


class BackupMaker:
    """Makes backups of tables of one target within one deadline.

    ``made`` receives the backups by table name. ``without`` is the command that does the same
    without backups, which a failure names.
    """

    def __init__(
        self,
        store: TableStore,
        deadline: Deadline,
        progress: Progress,
        *,
        made: dict[str, Backup],
        without: str,
    ) -> None:
        self._target, self._calls = store.connection.target, BackupCalls(store.connection)
        self._deadline, self._progress = deadline, progress
        self._made, self._without = made, without

    def make(self, tables: Sequence[str]) -> None:
        """Back up ``tables`` (real names) side by side, and wait until all are AVAILABLE.

        Raises OsemError for the first failure; its remedy also names the command without backups.
        ``made`` then also holds backups that are still being made, or whose answer was lost.
        """
        if not tables:
            return
        step = Step("backing up", len(tables), waits=True)
        self._progress.begin(step)
        side_by_side(self._request, tables, PARALLEL)
        self._await_all(tables, step)

    def _request(self, table: str) -> None:
        """Request a backup of ``table``. Raises OsemError."""
        name = backup_name(table, datetime.now(timezone.utc))
        request = _Request(self._calls, self._target, self._made, Backup(table=table, name=name))
        try:
            retry(request.attempt, self._deadline, self._progress.say, Tries())
        except OsemError as error:
            if not request.was_carried_out():
                raise self._failure(error, table) from error

    def _await_all(self, tables: Sequence[str], step: Step) -> None:
        left = list(tables)
        step.note = a_few(left)
        unseen_until = self._deadline.within(policy.current().visibility)

        def done() -> bool | None:
            nonlocal left
            side_by_side(lambda table: self._look(table, unseen_until), left, PARALLEL)
            ended = [table for table in left if self._made[table].state is State.AVAILABLE]
            step.advance(len(ended))
            left = [table for table in left if table not in ended]
            step.note = a_few(left)
            return None if left else True

        try:
            wait_until(done, self._deadline, lambda: f"the backup of {', '.join(left)}")
        except OsemError as error:
            raise self._failure(error, error.table or left[0]) from error

    def _look(self, table: str, unseen_until: Deadline) -> None:
        """Read how far the backup of ``table`` is. Raises OsemError if there will be none.

        A new backup may not be visible at once.
        """
        backup = self._made[table]

        def look() -> Backup:
            described = self._calls.describe(table, backup.arn)
            if described is None:
                return replace(backup, state=State.DELETED) if unseen_until.passed else backup
            details, items = described
            return replace(_read(backup, details, self._target), arn=backup.arn, items=items)

        found = retry(look, self._deadline, self._progress.say, Tries())
        self._made[table] = found
        if found.state is State.DELETED:
            del self._made[table]
            raise _deleted(found)

    def _failure(self, error: OsemError, table: str) -> OsemError:
        """Return ``error`` with what it means here, and the way without a backup."""
        remedy = f"{error.remediation}   or, without a backup: {self._without}"
        if error.code is ErrorCode.AWS_PERMISSIONS_DENIED:
            remedy = f"Ask for {PERMISSIONS}, or go on without a backup: {self._without}"
        elif error.details.get("awsCode") in emulators.NO_SUCH_CALL:
            remedy = f"This server makes no backups. Go on without one: {self._without}"
        elif error.code is ErrorCode.AWS_CREDENTIALS_INVALID:
            remedy = error.remediation
        elif error.code is ErrorCode.TABLE_NOT_FOUND:
            remedy = f"See what is there: {self._target.command('db.list')}"
        return OsemError(
            f"{error.message.rstrip('.')}. {NOTHING}",
            code=error.code,
            remediation=remedy,
            table=table,
            details=error.details,
            reason=error.reason,
        )


@dataclass(slots=True)
class _Request:
    """The CreateBackup request of one table, sent again only where that is safe and may help.

    ``made`` has the backup before the request: it may be carried out although its answer is lost.
    """

    calls: BackupCalls
    target: Target
    made: dict[str, Backup]
    backup: Backup
    answer_lost: bool = False

    def attempt(self) -> None:
        """Send the request, unless one with a lost answer was carried out. Raises OsemError."""
        if self.answer_lost and self._is_found():
            return
        table = self.backup.table
        self.made[table] = self.backup
        try:
            details = self.calls.create(table, self.backup.name)
            self.made[table] = _read(self.backup, details, self.target)
        except OsemError as error:
            self.answer_lost = self.answer_lost or errors.may_be_done(error)
            if not self.answer_lost:
                del self.made[table]
            raise

    def was_carried_out(self) -> bool:
        """Return whether a request with a lost answer made a backup after all."""
        try:
            return self.answer_lost and self._is_found()
        except OsemError:
            return False

    def _is_found(self) -> bool:
        details = self.calls.listed(self.backup.table, self.backup.name)
        if details is not None:
            self.made[self.backup.table] = _read(self.backup, details, self.target)
        return details is not None


def _read(backup: Backup, details: Any, target: Target) -> Backup:
    """Return ``backup`` with what an answer tells about it. Raises OsemError."""
    try:
        return replace(
            backup,
            arn=details["BackupArn"],
            state=State(details["BackupStatus"]),
            size=details.get("BackupSizeBytes", 0),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise errors.truncated_response("reading the backup of", target, backup.table) from error


def _deleted(backup: Backup) -> OsemError:
    return OsemError(
        f"The backup {backup.name} of {backup.table} was deleted before it was complete.",
        code=ErrorCode.TABLE_LIMIT_EXCEEDED,
        remediation="Stop what deletes it, then run the same command again.",
        table=backup.table,
    )
