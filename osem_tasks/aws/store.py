"""Reads, creates and changes tables. Only ``aws.delete`` can delete one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.aws import error_templates, errors
from osem_tasks.aws.session import PARALLEL
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import emulators
from osem_tasks.schema.description import described_table
from osem_tasks.schema.facts import SETTINGS
from osem_tasks.schema.model import TimeToLive
from osem_tasks.schema.requests import create_request
from osem_tasks.waiting import policy
from osem_tasks.waiting.pace import Pace
from osem_tasks.waiting.parallel import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

    from osem_tasks.aws.session import Connection
    from osem_tasks.plan.calls import Call
    from osem_tasks.schema.emulators import Engine
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table
    from osem_tasks.waiting.clock import Deadline


class TableStore:
    """The tables of one target. Every method raises OsemError for what goes wrong.

    After ``deadline`` no further page of a list is asked for.
    """

    def __init__(self, connection: Connection, deadline: Deadline | None = None) -> None:
        self.connection = connection
        self._deadline = deadline
        self._client = connection.dynamodb
        self._target = connection.target
        self._unsupported: dict[str, str] = {}
        # The settings that DescribeTable does not show, by their field in ``Table``.
        self._calls: dict[str, Callable[[TableDescriptionTypeDef], Any]] = {
            "tags": self._tags,
            "ttl": self._time_to_live,
            "point_in_time_recovery": self._recovery,
        }
        rates = {} if self._target.local else policy.current().calls_per_second
        self._paces = {what: Pace(rate) for what, rate in rates.items()}

    def describe(self, table: Table) -> LiveTable | None:
        """The live table as DescribeTable alone shows it: its state, keys and indexes.

        For waiting: the calls for the other facts are limited to ten a second.
        """
        answer = self._describe(table.name)
        if answer is None:
            return None
        unreadable = emulators.dropped_facts(_engine(answer), answer["Table"])
        return self._live(answer, unreadable, {})

    def describe_all(self, tables: Iterable[Table]) -> dict[str, LiveTable | None]:
        """``describe`` of every table by name, side by side."""
        return self._every(self.describe, list(tables))

    def read(self, declared: Table) -> LiveTable | None:
        """The live table of that name, with every fact that is declared; None if absent."""
        answer = self._describe(declared.name)
        if answer is None:
            return None
        description = answer["Table"]
        engine = _engine(answer)
        unreadable = emulators.dropped_facts(engine, description)
        extra: dict[str, Any] = {}
        for setting in SETTINGS:
            if not setting.own_call or getattr(declared, setting.field) is None:
                continue
            self._keep_pace(setting.field)
            if self._ask(setting.field, engine, description, extra):
                # A table that is just coming, or going, has nothing of the kind yet.
                extra.setdefault(setting.field, setting.default)
            else:
                unreadable[setting.field] = self._unsupported[setting.field]
        return self._live(answer, unreadable, extra)

    def read_owner(self, declared: Table) -> LiveTable | None:
        """The live table with its tags, read strictly: what a deletion is decided by.

        Raises OsemError where the table is there and its tags or its ARN are not; an engine
        without the call for tags makes them unreadable.
        """
        answer = self._describe(declared.name)
        if answer is None:
            return None
        if not answer["Table"].get("TableArn"):
            raise errors.truncated_response("reading", self._target, declared.name)
        extra: dict[str, Any] = {}
        unreadable: dict[str, str] = {}
        self._keep_pace("tags")
        if not self._ask("tags", _engine(answer), answer["Table"], extra):
            unreadable["tags"] = self._unsupported["tags"]
        elif not extra:
            if self._describe(declared.name) is None:
                return None
            raise errors.truncated_response("reading the tags of", self._target, declared.name)
        return self._live(answer, unreadable, extra)

    def read_owners(self, declared: Iterable[Table]) -> dict[str, LiveTable | None]:
        """``read_owner`` of every table by name, side by side."""
        return self._every(self.read_owner, list(declared))

    def is_empty(self, table: str) -> bool:
        """Whether a look finds no item; DynamoDB's own count is up to six hours old.

        Where looking is not allowed, nothing proves that the table is empty.
        """
        try:
            with errors.translated("looking for items in", self._target, table):
                answer = self._client.scan(
                    TableName=table, Limit=1, ConsistentRead=True, Select="COUNT"
                )
        except OsemError as error:
            if error.code is ErrorCode.AWS_PERMISSIONS_DENIED:
                return False
            raise
        # A page without items that has another one after it proves nothing.
        return self._part(answer, "Count", table) == 0 and "LastEvaluatedKey" not in answer

    def read_all(self, declared: Iterable[Table]) -> dict[str, LiveTable | None]:
        """Every live table by name, read side by side."""
        return self._every(self.read, list(declared))

    def create(self, table: Table) -> LiveTable | None:
        """Ask for ``table``; what the engine says of it, None when it exists already."""
        from botocore.exceptions import ClientError

        with errors.translated("creating", self._target, table.name):
            try:
                answer = self.connection.dynamodb_once.create_table(**create_request(table))
            except ClientError as error:
                if errors.error_code(error) in error_templates.IN_USE:
                    return None
                raise
        described: Any = {**answer, "Table": answer.get("TableDescription", {})}
        return self._live(described, {}, {}, doing="creating", name=table.name)

    def update(self, table: str, doing: str, call: Call) -> None:
        """Send one change of an existing table, once; ``doing`` names it in an error."""
        from botocore.exceptions import ClientError

        self._keep_pace(call.method)
        with errors.translated(doing, self._target, table):
            try:
                getattr(self.connection.dynamodb_once, call.method)(**call.arguments)
            except ClientError as error:
                # A local engine without that call has nothing to change by it: reading
                # says of the fact that it is not comparable.
                if not self._target.local or errors.error_code(error) not in emulators.NO_SUCH_CALL:
                    raise

    def names(self) -> list[str]:
        """The names of all tables of the account, or engine, in this region."""
        with errors.translated("listing the tables", self._target):
            pages = self._client.get_paginator("list_tables").paginate()
            return self._listed(pages, "TableNames", None)

    @staticmethod
    def _every(
        function: Callable[[Table], LiveTable | None], tables: list[Table]
    ) -> dict[str, LiveTable | None]:
        found = side_by_side(function, tables, PARALLEL)
        return {table.name: live for table, live in zip(tables, found, strict=True)}

    def _keep_pace(self, what: str) -> None:
        if what in self._paces and what not in self._unsupported:
            self._paces[what].wait()

    def _describe(self, name: str) -> Any:
        from botocore.exceptions import ClientError

        with errors.translated("reading", self._target, name):
            try:
                answer = self._client.describe_table(TableName=name)
            except ClientError as error:
                if errors.error_code(error) in error_templates.NOT_FOUND:
                    return None
                raise
        if "TableStatus" not in answer.get("Table", {}):
            raise errors.truncated_response("reading", self._target, name)
        return answer

    def _live(
        self,
        answer: Any,
        unreadable: dict[str, str],
        extra: dict[str, Any],
        *,
        doing: str = "reading",
        name: str | None = None,
    ) -> LiveTable:
        """The table of an answer. Raises OsemError for one that was cut short."""
        description = answer["Table"]
        name = name or description.get("TableName")
        try:
            found = described_table(description, _server(answer))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise errors.truncated_response(doing, self._target, name) from error
        table = replace(found.table, check=False, **extra)
        return replace(found, table=table, unreadable=unreadable)

    def _listed(self, pages: Iterable[Any], key: str, table: str | None) -> list[Any]:
        """What all pages list under ``key``. Raises OsemError (TIMEOUT) when they never end."""
        found = []
        for page in pages:
            found += self._part(page, key, table)
            if self._deadline and self._deadline.passed:
                raise self._deadline.timeout(f"the last page of {key} of {table or 'all tables'}")
        return found

    def _ask(
        self,
        fact: str,
        engine: Engine,
        description: TableDescriptionTypeDef,
        extra: dict[str, Any],
    ) -> bool:
        """Fetch a fact that takes a call of its own; False where the engine has no such call."""
        from botocore.exceptions import ClientError

        if fact in self._unsupported:
            return False  # one refusal speaks for every table of the engine
        table = description["TableName"]
        with errors.translated(f"reading {fact.replace('_', ' ')} of", self._target, table):
            try:
                extra[fact] = self._calls[fact](description)
            except ClientError as error:
                code = errors.error_code(error)
                if code in emulators.NO_SUCH_CALL:
                    self._unsupported[fact] = f"{engine.name} has no such call"
                    return False
                if code not in error_templates.NOT_FOUND:
                    raise
        return True

    def _tags(self, description: TableDescriptionTypeDef) -> tuple[tuple[str, str], ...]:
        name = description["TableName"]
        pages = self._client.get_paginator("list_tags_of_resource").paginate(
            ResourceArn=self._part(description, "TableArn", name)
        )
        found = self._listed(pages, "Tags", name)
        if any(not {"Key", "Value"} <= tag.keys() for tag in found):
            raise errors.truncated_response("reading the tags of", self._target, name)
        return emulators.latest_tags(found)

    def _time_to_live(self, description: TableDescriptionTypeDef) -> TimeToLive:
        name = description["TableName"]
        answer = self._client.describe_time_to_live(TableName=name)
        found = self._part(answer, "TimeToLiveDescription", name)
        on = self._part(found, "TimeToLiveStatus", name) in ("ENABLED", "ENABLING")
        return TimeToLive(self._part(found, "AttributeName", name) if on else None)

    def _recovery(self, description: TableDescriptionTypeDef) -> bool:
        name = description["TableName"]
        answer = self._client.describe_continuous_backups(TableName=name)
        backups = self._part(answer, "ContinuousBackupsDescription", name)
        if self._part(backups, "ContinuousBackupsStatus", name) != "ENABLED":
            return False
        found = self._part(backups, "PointInTimeRecoveryDescription", name)
        return bool(self._part(found, "PointInTimeRecoveryStatus", name) == "ENABLED")

    def _part(self, answer: Any, key: str, table: str | None) -> Any:
        """What an answer must hold. Raises OsemError for one that was cut short."""
        if key not in answer:
            raise errors.truncated_response("reading", self._target, table)
        return answer[key]


def _server(answer: Any) -> str:
    """The header ``Server`` of an answer; empty where there is none."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("server", ""))


def _engine(answer: Any) -> Engine:
    """Which engine gave ``answer``, told by the answer itself."""
    return emulators.engine_of(answer["Table"].get("TableArn", ""), _server(answer))
