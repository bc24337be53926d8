"""Reads, creates and changes tables. Only ``aws.delete`` can delete one."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.aws import error_templates, errors, shapes
from osem_tasks.aws.session import PARALLEL
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import emulators
from osem_tasks.schema.description import described_table
from osem_tasks.schema.facts import PERIOD, SETTINGS
from osem_tasks.schema.live import RECOVERY, RECOVERY_PERIOD
from osem_tasks.schema.model import TimeToLive
from osem_tasks.schema.requests import create_request
from osem_tasks.schema.states import PASSING
from osem_tasks.waiting import policy
from osem_tasks.waiting.limits import IN_USE
from osem_tasks.waiting.pace import Pace
from osem_tasks.waiting.parallel import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

    from osem_tasks.aws.session import Connection
    from osem_tasks.plan.calls import Call
    from osem_tasks.schema.emulators import Engine
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table
    from osem_tasks.waiting.clock import Deadline
    from osem_tasks.waiting.progress import Step


class TableStore:
    """The tables of one target. Every method raises OsemError for a failure.

    No further page of a list is requested after ``deadline``.
    """

    def __init__(
        self,
        connection: Connection,
        deadline: Deadline | None = None,
        engine: Engine = emulators.AWS,
    ) -> None:
        self.connection = connection
        self._deadline = deadline
        self._target = connection.target
        self._lock = threading.Lock()
        self._unsupported: dict[str, str] = {}
        # The engine that gave the last answer about a table, present or not; at first ``engine``.
        self.engine = engine
        # The settings that DescribeTable does not return, by their field in ``Table``. A call
        # returns the fields that it tells.
        self._calls: dict[str, Callable[[TableDescriptionTypeDef], dict[str, Any]]] = {
            "tags": self._tags,
            "ttl": self._time_to_live,
            RECOVERY: self._recovery,
        }
        rates: Mapping[str, int] = {} if self._target.local else policy.current().calls_per_second
        self._paces = {what: Pace(rate) for what, rate in rates.items()}

    @property
    def _client(self) -> DynamoDBClient:
        with self._lock:  # made once, at the first call, whichever thread makes it
            return self.connection.dynamodb

    @property
    def _once(self) -> DynamoDBClient:
        with self._lock:
            return self.connection.dynamodb_once

    def describe(self, table: Table) -> LiveTable | None:
        """Return the live table from DescribeTable alone: its state, keys and indexes.

        For polling: the calls for the other facts are limited to ten a second.
        """
        answer = self._describe(table.name)
        if answer is None:
            return None
        unreadable = emulators.dropped_facts(_engine(answer), answer["Table"])
        return self._live(answer, unreadable, {})

    def describe_all(self, tables: Iterable[Table]) -> dict[str, LiveTable | None]:
        """Call ``describe`` for every table in parallel; return the results by name."""
        return self._every(self.describe, list(tables), None)

    def read(self, declared: Table) -> LiveTable | None:
        """Return the live table of that name with every declared fact; None if absent."""
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
            if description["TableStatus"] not in PASSING:
                unreadable[setting.field] = f"the table is {description['TableStatus']}"
                continue
            self._keep_pace(setting.field)
            if self._ask(setting.field, engine, description, extra):
                # A table that is being created or deleted does not have this setting yet.
                extra.setdefault(setting.field, setting.default)
            else:
                unreadable[setting.field] = self._unsupported[setting.field]
        if extra.get(RECOVERY) and extra[RECOVERY_PERIOD] is None:
            unreadable[RECOVERY_PERIOD] = f"{engine.name} does not tell it"
        return self._live(answer, unreadable, extra)

    def read_owner(self, declared: Table) -> LiveTable | None:
        """Return the live table with its tags, read strictly, to decide about a deletion.

        Raises OsemError if the table exists but its tags or its ARN are missing. If the engine
        does not support the call for tags, they are unreadable.
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

    def read_owners(
        self, declared: Iterable[Table], step: Step | None = None
    ) -> dict[str, LiveTable | None]:
        """Call ``read_owner`` for every table in parallel; return the results by name.

        ``step`` counts the tables that are read.
        """
        return self._every(self.read_owner, list(declared), step)

    def is_empty(self, table: str) -> bool:
        """Return whether a scan finds no item; DynamoDB's own count is up to six hours old.

        Without permission to scan, the table does not count as empty.
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
        # An empty page proves nothing if another page follows.
        return self._part(answer, "Count", table) == 0 and "LastEvaluatedKey" not in answer

    def read_all(
        self, declared: Iterable[Table], step: Step | None = None
    ) -> dict[str, LiveTable | None]:
        """Read every live table in parallel; return the results by name.

        ``step`` counts the tables that are read.
        """
        return self._every(self.read, list(declared), step)

    def create(self, table: Table) -> LiveTable | None:
        """Request ``table``; return the engine's description, or None if it already exists."""
        try:
            with errors.translated("creating", self._target, table.name):
                answer = self._once.create_table(**create_request(table))
        except OsemError as error:
            if error.details.get("awsCode") in IN_USE:
                return None
            raise shapes.with_index(error, table) from error.__cause__
        described: Any = {**answer, "Table": answer.get("TableDescription", {})}
        unreadable = emulators.dropped_facts(_engine(described), described["Table"])
        return self._live(described, unreadable, {}, doing="creating", name=table.name)

    def update(self, table: str, doing: str, call: Call) -> bool:
        """Send one change of an existing table, once; ``doing`` names it in an error.

        Returns False if the engine has no such call, so that nothing was changed.
        """
        from botocore.exceptions import ClientError

        self._keep_pace(call.method)
        with errors.translated(doing, self._target, table):
            try:
                getattr(self._once, call.method)(**call.arguments)
            except ClientError as error:
                # A local engine without that call cannot change the setting; the next read
                # reports the fact as not comparable.
                if not self._target.local or errors.error_code(error) not in emulators.NO_SUCH_CALL:
                    raise
                return False
        return True

    def names(self) -> list[str]:
        """Return the names of all tables of the account or engine in this region."""
        with errors.translated("listing the tables", self._target):
            pages = self._client.get_paginator("list_tables").paginate()
            return self._listed(pages, "TableNames", None)

    @staticmethod
    def _every(
        function: Callable[[Table], LiveTable | None], tables: list[Table], step: Step | None
    ) -> dict[str, LiveTable | None]:
        def one(table: Table) -> LiveTable | None:
            live = function(table)
            if step is not None:
                step.advance()
            return live

        found = side_by_side(one, tables, PARALLEL)
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
                    self.engine = emulators.engine_of("", _server(error.response))
                    return None
                raise
        if "TableStatus" not in answer.get("Table", {}):
            raise errors.truncated_response("reading", self._target, name)
        self.engine = _engine(answer)
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
        """Return the table of an answer. Raises OsemError for a truncated one."""
        description = answer["Table"]
        name = name or description.get("TableName")
        try:
            found = described_table(description, _server(answer))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise errors.truncated_response(doing, self._target, name) from error
        table = replace(found.table, check=False, **extra)
        return replace(found, table=table, unreadable=unreadable)

    def _listed(self, pages: Iterable[Any], key: str, table: str | None) -> list[Any]:
        """Return the items of all pages under ``key``. Raises OsemError (TIMEOUT) if too late."""
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
        """Get a fact that needs a separate call; False if the engine does not support the call."""
        from botocore.exceptions import ClientError

        if fact in self._unsupported:
            return False  # one refusal is valid for all tables of the engine
        table = description["TableName"]
        with errors.translated(f"reading {fact.replace('_', ' ')} of", self._target, table):
            try:
                extra |= self._calls[fact](description)
            except ClientError as error:
                code = errors.error_code(error)
                if code in emulators.NO_SUCH_CALL:
                    self._unsupported[fact] = f"{engine.name} has no such call"
                    return False
                if code not in error_templates.NOT_FOUND:
                    raise
        return True

    def _tags(self, description: TableDescriptionTypeDef) -> dict[str, Any]:
        name = description["TableName"]
        pages = self._client.get_paginator("list_tags_of_resource").paginate(
            ResourceArn=self._part(description, "TableArn", name)
        )
        found = self._listed(pages, "Tags", name)
        if any(not {"Key", "Value"} <= tag.keys() for tag in found):
            raise errors.truncated_response("reading the tags of", self._target, name)
        return {"tags": emulators.latest_tags(found)}

    def _time_to_live(self, description: TableDescriptionTypeDef) -> dict[str, Any]:
        name = description["TableName"]
        answer = self._client.describe_time_to_live(TableName=name)
        found = self._part(answer, "TimeToLiveDescription", name)
        on = self._part(found, "TimeToLiveStatus", name) in ("ENABLED", "ENABLING")
        return {"ttl": TimeToLive(self._part(found, "AttributeName", name) if on else None)}

    def _recovery(self, description: TableDescriptionTypeDef) -> dict[str, Any]:
        name = description["TableName"]
        answer = self._client.describe_continuous_backups(TableName=name)
        backups = self._part(answer, "ContinuousBackupsDescription", name)
        if self._part(backups, "ContinuousBackupsStatus", name) != "ENABLED":
            return {RECOVERY: False}
        found = self._part(backups, "PointInTimeRecoveryDescription", name)
        if self._part(found, "PointInTimeRecoveryStatus", name) != "ENABLED":
            return {RECOVERY: False}
        return {RECOVERY: True, RECOVERY_PERIOD: found.get(PERIOD)}

    def _part(self, answer: Any, key: str, table: str | None) -> Any:
        """Return a required member of an answer. Raises OsemError if it is missing."""
        if key not in answer:
            raise errors.truncated_response("reading", self._target, table)
        return answer[key]


def _server(answer: Any) -> str:
    """Return the server that sent an answer; empty if it does not tell."""
    return emulators.server_of(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}))


def _engine(answer: Any) -> Engine:
    """Return the engine that sent ``answer``, recognized by the answer itself."""
    return emulators.engine_of(answer["Table"].get("TableArn", ""), _server(answer))
