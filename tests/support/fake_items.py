"""A server of items in memory: Scan in pages and segments, BatchWriteItem that leaves items over."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osem_tasks.apply.run import Journal, Run
from osem_tasks.data import codec
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Key, Table, TableSet, table
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.progress import Silent
from tests.support.canned_aws import Answer, CannedAws, Refusal
from tests.unit.aws.described import opened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osem_tasks.aws.store import TableStore
    from osem_tasks.data.codec import Item

KEY = Key.parse("id S")
TABLE = table("osem-local-Orders", "id S")
MINUTE = 60.0


@dataclass
class FakeItems:
    """Items by key, ``page`` of them in a page.

    ``left`` of each batch are left unprocessed, until ``patience`` is used up. ``fail_at`` are the
    calls (from 1) that fail with ``failure``.
    """

    page: int = 3
    left: int = 0
    patience: int = 0
    fail_at: tuple[int, ...] = ()
    failure: Answer = field(default_factory=lambda: Refusal("ValidationException"))
    units: float = 1.0
    items: dict[str, Item] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hold(self, items: Iterable[Item]) -> FakeItems:
        """Hold these items."""
        for item in items:
            self.items[codec.key_of(item, KEY)] = item
        return self

    def answer(self, operation: str, request: Any) -> Answer:
        """What DynamoDB answers."""
        with self._lock:
            self.calls.append((operation, request))
            if len(self.calls) in self.fail_at:
                return self.failure
            return self._scan(request) if operation == "Scan" else self._write(request)

    def _scan(self, request: Any) -> Answer:
        segments, segment = request.get("TotalSegments", 1), request.get("Segment", 0)
        keys = sorted(key for key in self.items if _hash(key) % segments == segment)
        start = request.get("ExclusiveStartKey")
        after = codec.key_of(start, KEY) if start else ""
        page = [key for key in keys if key > after][: self.page]
        more = bool(page) and page[-1] != keys[-1]
        answer = {
            "Count": len(page),
            "ScannedCount": len(page),
            "ConsumedCapacity": {"TableName": request["TableName"], "CapacityUnits": self.units},
        }
        if request.get("Select") != "COUNT":
            answer["Items"] = [self.items[key] for key in page]
        if more:
            answer["LastEvaluatedKey"] = {"id": self.items[page[-1]]["id"]}
        return answer

    def _write(self, request: Any) -> Answer:
        ((name, puts),) = request["RequestItems"].items()
        items = [put["PutRequest"]["Item"] for put in puts]
        keys = [codec.key_of(item, KEY) for item in items]
        assert len(items) <= 25
        if len(set(keys)) < len(keys):
            return Refusal("ValidationException", "Provided list of item keys contains duplicates")
        over = min(self.left, len(items)) if self.patience else 0
        self.patience -= bool(over)
        written = items[over:]
        self.hold(written)
        unprocessed = [{"PutRequest": {"Item": item}} for item in items[:over]]
        return {
            "UnprocessedItems": {name: unprocessed} if over else {},
            "ConsumedCapacity": [{"TableName": name, "CapacityUnits": self.units * len(written)}],
        }


def _hash(key: str) -> int:
    return hashlib.sha256(key.encode()).digest()[0]


def live(size: int = 0, items: int = 0, declared: Table = TABLE, identity: str = "1") -> LiveTable:
    """The table as DescribeTable tells it."""
    return LiveTable(
        table=declared,
        status="ACTIVE",
        index_status={},
        arn=f"arn:aws:dynamodb:us-east-1:000000000000:table/{declared.name}",
        items=items,
        size=size,
        identity=identity,
    )


def run_on(fake: FakeItems, seconds: float = MINUTE) -> Run:
    """A run on the fake."""
    store: TableStore = opened(CannedAws(fake.answer), "local")
    tables = TableSet((TABLE,))
    target = store.connection.target
    return Run(target, tables, store, Deadline(seconds), Silent(), Journal(tables.names))


def texts(items: Iterable[Item]) -> list[str]:
    """Items in an order of their own, to be compared."""
    return sorted(map(codec.canonical, items))
