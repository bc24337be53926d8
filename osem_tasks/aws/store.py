"""Reads and creates tables. It cannot delete: that is ``aws.demolition``'s alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.aws import translate
from osem_tasks.aws.client import PARALLEL
from osem_tasks.aws.parallel import Pace, side_by_side
from osem_tasks.schema import codec
from osem_tasks.schema import live as facts
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import TimeToLive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

    from osem_tasks.aws.client import Connection
    from osem_tasks.schema.changes import Call
    from osem_tasks.schema.model import Table

LOCAL = "DynamoDB Local"
MOTO = "moto"
# What an engine takes and silently drops: its absence from an answer proves nothing.
DROPPED = {
    LOCAL: (facts.ENCRYPTION, facts.TABLE_CLASS, facts.MAX_THROUGHPUT),
    MOTO: (facts.TABLE_CLASS, facts.MAX_THROUGHPUT),
}
# Calls a second that AWS allows, by their API references: to read tags and backups, and
# to set them. DescribeTable has no such limit worth pacing.
RATES = (
    (facts.TAGS, 10),
    (facts.POINT_IN_TIME_RECOVERY, 10),
    ("tag_resource", 5),
    ("update_continuous_backups", 10),
)
_KEYS_OF = {
    facts.ENCRYPTION: "SSEDescription",
    facts.TABLE_CLASS: "TableClassSummary",
    facts.MAX_THROUGHPUT: "OnDemandThroughput",
}


class TableStore:
    """The tables of one target. Every method raises OsemError for what goes wrong."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client = connection.dynamodb
        self._target = connection.target
        self._unsupported: dict[str, str] = {}
        self._paces = {} if self._target.local else {fact: Pace(rate) for fact, rate in RATES}

    @property
    def environment(self) -> str:
        """What follows ``--env`` in a command about these tables."""
        return self._target.reach

    def glance(self, table: Table) -> LiveTable | None:
        """The live table as DescribeTable alone shows it: its state, keys and indexes.

        For waiting: the calls for the other facts are limited to ten a second.
        """
        answer = self._describe(table.name)
        if answer is None:
            return None
        description = answer["Table"]
        unreadable = _unreadable(_engine(answer), description)
        return _live(codec.from_description(description), description, unreadable, {})

    def glance_all(self, tables: Iterable[Table]) -> dict[str, LiveTable | None]:
        """``glance`` of every table by name, side by side."""
        return self._every(self.glance, list(tables))

    def read(self, declared: Table) -> LiveTable | None:
        """The live table of that name, with every fact that is declared; None if absent."""
        answer = self._describe(declared.name)
        if answer is None:
            return None
        description = answer["Table"]
        engine = _engine(answer)
        unreadable = _unreadable(engine, description)
        table = codec.from_description(description)
        extra: dict[str, Any] = {}
        for fact, fetch, nothing in (
            (facts.TAGS, self._tags, ()),
            (facts.TTL, self._time_to_live, TimeToLive(None)),
            (facts.POINT_IN_TIME_RECOVERY, self._recovery, False),
        ):
            if getattr(declared, fact) is None:
                continue
            self._keep_pace(fact)
            if self._ask(fact, engine, description, fetch, extra):
                # A table that is just coming, or going, has nothing of the kind yet.
                extra.setdefault(fact, nothing)
            else:
                unreadable[fact] = self._unsupported[fact]
        return _live(table, description, unreadable, extra)

    def read_all(self, declared: Iterable[Table]) -> dict[str, LiveTable | None]:
        """Every live table by name, read side by side."""
        return self._every(self.read, list(declared))

    def create(self, table: Table) -> LiveTable | None:
        """Ask for ``table``; what the engine says of it, None when it exists already."""
        from botocore.exceptions import ClientError

        with translate.translated("creating", self._target, table.name):
            try:
                answer = self._connection.dynamodb_once.create_table(**codec.create_request(table))
            except ClientError as error:
                if translate.code_of(error) in translate.IN_USE:
                    return None
                raise
        description = answer.get("TableDescription", {})
        if "TableStatus" not in description:
            raise translate.cut_short("creating", self._target, table.name)
        return _live(codec.from_description(description), description, {}, {})

    def perform(self, table: str, doing: str, call: Call) -> None:
        """Send one change of an existing table; ``doing`` names it in an error."""
        from botocore.exceptions import ClientError

        self._keep_pace(call.method)
        with translate.translated(doing, self._target, table):
            try:
                getattr(self._client, call.method)(**call.arguments)
            except ClientError as error:
                # A local engine without that call has nothing to change by it: reading
                # says of the fact that it is not comparable.
                if not self._target.local or translate.code_of(error) not in translate.UNSUPPORTED:
                    raise

    def names(self) -> list[str]:
        """The names of all tables of the account, or engine, in this region."""
        with translate.translated("listing the tables", self._target):
            pages = self._client.get_paginator("list_tables").paginate()
            return [name for page in pages for name in page.get("TableNames", [])]

    @staticmethod
    def _every(
        function: Callable[[Table], LiveTable | None], tables: list[Table]
    ) -> dict[str, LiveTable | None]:
        found = side_by_side(function, tables, PARALLEL)
        return {each.name: live for each, live in zip(tables, found, strict=True)}

    def _keep_pace(self, what: str) -> None:
        if what in self._paces and what not in self._unsupported:
            self._paces[what].wait()

    def _describe(self, name: str) -> Any:
        from botocore.exceptions import ClientError

        with translate.translated("reading", self._target, name):
            try:
                answer = self._client.describe_table(TableName=name)
            except ClientError as error:
                if translate.code_of(error) in translate.NOT_FOUND:
                    return None
                raise
        if "TableStatus" not in answer.get("Table", {}):
            raise translate.cut_short("reading", self._target, name)
        return answer

    def _ask(
        self,
        fact: str,
        engine: str,
        description: TableDescriptionTypeDef,
        fetch: Callable[[TableDescriptionTypeDef], Any],
        extra: dict[str, Any],
    ) -> bool:
        """Fetch a fact that takes a call of its own; False where the engine has no such call."""
        from botocore.exceptions import ClientError

        if fact in self._unsupported:
            return False  # one refusal speaks for every table of the engine
        table = description["TableName"]
        with translate.translated(f"reading {fact.replace('_', ' ')} of", self._target, table):
            try:
                extra[fact] = fetch(description)
            except ClientError as error:
                code = translate.code_of(error)
                if code in translate.UNSUPPORTED:
                    self._unsupported[fact] = f"{engine} has no such call"
                    return False
                if code not in translate.NOT_FOUND:
                    raise
        return True

    def _tags(self, description: TableDescriptionTypeDef) -> tuple[tuple[str, str], ...]:
        pages = self._client.get_paginator("list_tags_of_resource").paginate(
            ResourceArn=description["TableArn"]
        )
        name = description["TableName"]
        found = (each for page in pages for each in self._part(page, "Tags", name))
        # moto keeps a tag that is set again beside the old one: the later one counts.
        return tuple({each["Key"]: each["Value"] for each in found}.items())

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
            raise translate.cut_short("reading", self._target, table)
        return answer[key]


def _unreadable(engine: str, description: Any) -> dict[str, str]:
    """The facts of DescribeTable that this engine takes and drops."""
    return {
        fact: f"{engine} does not keep it"
        for fact in DROPPED.get(engine, ())
        if not _mentions(description, _KEYS_OF[fact])
    }


def _engine(answer: Any) -> str:
    """Which engine gave ``answer``, told by the answer itself."""
    if ":ddblocal:" in answer["Table"].get("TableArn", ""):
        return LOCAL
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return MOTO if headers.get("server", "").startswith("Werkzeug") else "AWS"


def _mentions(description: Any, key: str) -> bool:
    return key in description or any(
        key in each for each in description.get("GlobalSecondaryIndexes", [])
    )


def _live(
    table: Table, description: Any, unreadable: dict[str, str], extra: dict[str, Any]
) -> LiveTable:
    return LiveTable(
        table=replace(table, check=False, **extra),
        status=description["TableStatus"],
        index_status={
            each["IndexName"]: _index_state(each)
            for each in description.get("GlobalSecondaryIndexes", [])
        },
        arn=description.get("TableArn", ""),
        items=description.get("ItemCount", 0),
        size=description.get("TableSizeBytes", 0),
        unreadable=unreadable,
    )


def _index_state(description: Any) -> str:
    """An index's status; BACKFILLING is the second part of CREATING."""
    status: str = description.get("IndexStatus", facts.ACTIVE)
    return "BACKFILLING" if status == "CREATING" and description.get("Backfilling") else status
