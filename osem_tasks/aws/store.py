"""Reads and creates tables. It cannot delete: that is ``aws.demolition``'s alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

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

T = TypeVar("T")
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
        """The name of the environment whose tables these are."""
        return self._target.environment.name

    def read(self, declared: Table) -> LiveTable | None:
        """The live table of that name, with every fact that is declared; None if absent."""
        answer = self._describe(declared.name)
        if answer is None:
            return None
        description = answer["Table"]
        engine = _engine(answer)
        unreadable = {
            fact: f"{engine} does not keep it"
            for fact in DROPPED.get(engine, ())
            if not _mentions(description, _KEYS_OF[fact])
        }
        table = codec.from_description(description)
        extra: dict[str, Any] = {}
        for fact, wanted, fetch in (
            (facts.TAGS, declared.tags, self._tags),
            (facts.TTL, declared.ttl, self._time_to_live),
            (facts.POINT_IN_TIME_RECOVERY, declared.point_in_time_recovery, self._recovery),
        ):
            if wanted is None:
                continue
            self._keep_pace(fact)
            value = self._ask(fact, engine, lambda fetch=fetch: fetch(description))  # type: ignore[misc]
            if value is None:
                unreadable[fact] = self._unsupported[fact]
            else:
                extra[fact] = value
        return _live(table, description, unreadable, extra)

    def read_all(self, declared: Iterable[Table]) -> dict[str, LiveTable | None]:
        """Every live table by name, read side by side."""
        tables = list(declared)
        found = side_by_side(self.read, tables, PARALLEL)
        return {each.name: live for each, live in zip(tables, found, strict=True)}

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
        self._keep_pace(call.method)
        with translate.translated(doing, self._target, table):
            getattr(self._client, call.method)(**call.arguments)

    def names(self) -> list[str]:
        """The names of all tables of the account, or engine, in this region."""
        with translate.translated("listing the tables", self._target):
            pages = self._client.get_paginator("list_tables").paginate()
            return [name for page in pages for name in page.get("TableNames", [])]

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

    def _ask(self, fact: str, engine: str, fetch: Callable[[], T]) -> T | None:
        """A fact that takes a call of its own; None where the engine has no such call."""
        from botocore.exceptions import ClientError

        if fact in self._unsupported:
            return None  # one refusal speaks for every table of the engine
        with translate.translated(f"reading {fact.replace('_', ' ')}", self._target):
            try:
                return fetch()
            except ClientError as error:
                if translate.code_of(error) not in translate.UNSUPPORTED:
                    raise
        self._unsupported[fact] = f"{engine} has no such call"
        return None

    def _tags(self, description: TableDescriptionTypeDef) -> tuple[tuple[str, str], ...]:
        pages = self._client.get_paginator("list_tags_of_resource").paginate(
            ResourceArn=description["TableArn"]
        )
        return tuple((each["Key"], each["Value"]) for page in pages for each in page["Tags"])

    def _time_to_live(self, description: TableDescriptionTypeDef) -> TimeToLive:
        answer = self._client.describe_time_to_live(TableName=description["TableName"])
        found = answer["TimeToLiveDescription"]
        on = found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
        return TimeToLive(found.get("AttributeName") if on else None)

    def _recovery(self, description: TableDescriptionTypeDef) -> bool:
        answer = self._client.describe_continuous_backups(TableName=description["TableName"])
        found = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        return found.get("PointInTimeRecoveryStatus") == "ENABLED"


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
