"""Reads and creates tables. It cannot delete: that is ``aws.delete``'s alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.aws import error_templates, errors
from osem_tasks.aws.session import PARALLEL
from osem_tasks.schema import emulators
from osem_tasks.schema.facts import SETTINGS
from osem_tasks.schema.live import ACTIVE, LiveTable
from osem_tasks.schema.model import TimeToLive
from osem_tasks.schema.reader import from_description
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
    from osem_tasks.schema.model import Table


class TableStore:
    """The tables of one target. Every method raises OsemError for what goes wrong."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
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
        description = answer["Table"]
        unreadable = emulators.dropped_facts(_engine(answer), description)
        return _live(from_description(description), description, unreadable, {})

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
        table = from_description(description)
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
        return _live(table, description, unreadable, extra)

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
        description = answer.get("TableDescription", {})
        if "TableStatus" not in description:
            raise errors.truncated_response("creating", self._target, table.name)
        return _live(from_description(description), description, {}, {})

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
            return [name for page in pages for name in page.get("TableNames", [])]

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
        pages = self._client.get_paginator("list_tags_of_resource").paginate(
            ResourceArn=description["TableArn"]
        )
        name = description["TableName"]
        found = [tag for page in pages for tag in self._part(page, "Tags", name)]
        return emulators.latest_tags(found)

    def _time_to_live(self, description: TableDescriptionTypeDef) -> TimeToLive:
        name = description["TableName"]
        answer = self._client.describe_time_to_live(TableName=name)
        found = self._part(answer, "TimeToLiveDescription", name)
        on = found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
        return TimeToLive(found.get("AttributeName") if on else None)

    def _recovery(self, description: TableDescriptionTypeDef) -> bool:
        name = description["TableName"]
        answer = self._client.describe_continuous_backups(TableName=name)
        backups = self._part(answer, "ContinuousBackupsDescription", name)
        found = backups.get("PointInTimeRecoveryDescription", {})
        return bool(found.get("PointInTimeRecoveryStatus") == "ENABLED")

    def _part(self, answer: Any, key: str, table: str) -> Any:
        """What an answer must hold. Raises OsemError for one that was cut short."""
        if key not in answer:
            raise errors.truncated_response("reading", self._target, table)
        return answer[key]


def _engine(answer: Any) -> Engine:
    """Which engine gave ``answer``, told by the answer itself."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return emulators.engine_of(answer["Table"].get("TableArn", ""), headers.get("server", ""))


def _live(
    table: Table, description: Any, unreadable: dict[str, str], extra: dict[str, Any]
) -> LiveTable:
    return LiveTable(
        table=replace(table, check=False, **extra),
        status=description["TableStatus"],
        index_status={
            index["IndexName"]: _index_state(index)
            for index in description.get("GlobalSecondaryIndexes", [])
        },
        arn=description.get("TableArn", ""),
        items=description.get("ItemCount", 0),
        size=description.get("TableSizeBytes", 0),
        unreadable=unreadable,
    )


def _index_state(description: Any) -> str:
    """An index's status; BACKFILLING is the second part of CREATING."""
    status: str = description.get("IndexStatus", ACTIVE)
    return "BACKFILLING" if status == "CREATING" and description.get("Backfilling") else status
