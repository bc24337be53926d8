"""Write the items of a seed; what is there already stays as it is.

How new items are written was measured (docs/seed.md): the keys are read first, so that a repeated
run writes nothing; what is missing is put in transactions of up to 100 conditional puts. If
somebody writes one of these items in between, the whole transaction is refused, and its items are
put one by one, each under its condition. So no race overwrites an item.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from osem_tasks.aws.items import MAX_READ, MAX_TRANSACTION, ItemStore, Write, keys_of
from osem_tasks.data import codec
from osem_tasks.data.meter import Meter
from osem_tasks.data.sizes import size_of
from osem_tasks.data.writer import Writer
from osem_tasks.waiting import interrupts, policy
from osem_tasks.waiting.parallel import side_by_side
from osem_tasks.waiting.policy import Tries
from osem_tasks.waiting.wait import Backoff, retry, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.aws.items import Item
    from osem_tasks.data.writer import Batch
    from osem_tasks.schema.model import Table

T = TypeVar("T")
# More writers than these make DynamoDB Local slower, because it writes one after the other.
WRITERS = 4
# DynamoDB allows 4 MB in a transaction; a slow line needs less.
MAX_BYTES = 1_000_000


@dataclass(slots=True)
class Count:
    """What was done with the ``total`` items of a table."""

    total: int
    written: int = 0
    kept: int = 0


@dataclass(slots=True)
class Account:
    """The counts by table (its real name), up to date at any time and from any thread."""

    tables: dict[str, Count]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, writes: Sequence[Write]) -> Account:
        """Return the account of writes that have not begun."""
        tables: dict[str, Count] = {}
        for write in writes:
            tables.setdefault(write.table, Count(0)).total += 1
        return cls(tables)

    def add(self, table: str, *, written: int = 0, kept: int = 0) -> None:
        """Count items of a table."""
        with self._lock:
            self.tables[table].written += written
            self.tables[table].kept += kept

    @property
    def written(self) -> int:
        """The items that were written."""
        return sum(count.written for count in self.tables.values())

    @property
    def kept(self) -> int:
        """The items whose key had an item already."""
        return sum(count.kept for count in self.tables.values())


def writes_of(items: Mapping[str, Sequence[Item]], tables: Mapping[str, Table]) -> list[Write]:
    """Return the writes of items by declared table; ``tables`` has the real ones by that name."""
    return [
        Write(table.name, tuple(attribute.name for attribute in table.key.attributes), item)
        for name, table in tables.items()
        for item in items.get(name, ())
    ]


class SeedWriter:
    """Writes a seed's items to the tables of ``run``. Every method raises OsemError."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._store = ItemStore(run.store.connection)

    def missing(self, writes: Sequence[Write], account: Account) -> list[Write]:
        """Return the writes whose key has no item; count the others as kept."""
        meter = self._begin("looking for", writes)
        parts = _parts(writes, MAX_READ)
        missing: list[Write] = []
        for part in self._every(self._missing_of, parts, meter):
            missing += part
        lacking = Account.of(missing).tables
        for table, count in Account.of(writes).tables.items():
            account.add(table, kept=count.total - (lacking[table].total if table in lacking else 0))
        return missing

    def put_new(self, writes: Sequence[Write], account: Account) -> None:
        """Put the items whose key has no item."""
        missing = self.missing(writes, account)
        meter = self._begin("seeding", missing)
        parts = list(_transactions(missing))
        most = WRITERS if self._run.store.engine.parallel_transactions else 1
        self._every(lambda part: self._put_new_part(part, account), parts, meter, most)

    def put(self, writes: Sequence[Write], account: Account) -> None:
        """Put all items, whatever is there."""
        meter = self._begin("seeding", writes)

        def put(name: str) -> None:
            def written(batch: Batch) -> None:
                account.add(name, written=len(batch.items))
                meter.advance(len(batch.items), batch.size)

            with Writer(self._run, self._store, self._run.tables[name], written) as writer:
                for write in writes:
                    if write.table == name:
                        writer.add(write.item)

        names = list(dict.fromkeys(write.table for write in writes))
        if names:
            side_by_side(put, names, WRITERS)

    def _begin(self, doing: str, writes: Sequence[Write]) -> Meter:
        """Begin a step that may take as long as it makes progress."""
        meter = Meter(doing, len(writes), self._run.deadline)
        self._run.begin(meter.step)
        self._run.deadline.restart()
        return meter

    def _missing_of(self, part: list[Write]) -> list[Write]:
        found: set[tuple[str, str]] = set()
        request = keys_of(part)

        def read() -> bool:
            nonlocal request
            answer = self._retried(lambda: self._store.existing(request))
            found.update((table, self._key(table, key)) for table, key in answer.found)
            if answer.found:
                self._run.deadline.restart()
            request = answer.left
            return not request

        # DynamoDB leaves out what exceeds the capacity, or an answer of 16 MB.
        backoff = Backoff(policy.current().retry)
        wait_until(
            lambda: read() or None, self._run.deadline, lambda: "the items that are there", backoff
        )
        return [
            write
            for write in part
            if (write.table, self._key(write.table, write.item)) not in found
        ]

    def _key(self, table: str, item: Item) -> str:
        return codec.key_of(item, self._run.tables[table].key)

    def _put_new_part(self, part: list[Write], account: Account) -> None:
        token = str(uuid.uuid4())
        if self._retried(lambda: self._store.put_new_together(part, token)):
            for write in part:
                account.add(write.table, written=1)
            return
        for write in part:
            interrupts.check()
            new = self._retried(lambda write=write: self._store.put_new(write))  # type: ignore[misc]
            self._run.deadline.restart()
            account.add(write.table, written=int(new), kept=int(not new))

    def _every(
        self,
        function: Callable[[list[Write]], T],
        parts: list[list[Write]],
        meter: Meter,
        most: int = WRITERS,
    ) -> list[T]:
        def one(part: list[Write]) -> T:
            interrupts.check()
            result = function(part)
            meter.advance(len(part))
            return result

        return side_by_side(one, parts, most) if parts else []

    def _retried(self, call: Callable[[], T]) -> T:
        # Every call may be repeated: a put under a condition, a put of the same item, a read.
        return retry(call, self._run.deadline, self._run.say, Tries(repeatable=True))


def _parts(writes: Sequence[Write], most: int) -> list[list[Write]]:
    return [list(writes[first : first + most]) for first in range(0, len(writes), most)]


def _transactions(writes: Sequence[Write]) -> Iterator[list[Write]]:
    """Divide writes by number and size into parts that one transaction may have."""
    part: list[Write] = []
    total = 0
    for write in writes:
        length = size_of(write.item)
        if part and (len(part) == MAX_TRANSACTION or total + length > MAX_BYTES):
            yield part
            part, total = [], 0
        part.append(write)
        total += length
    if part:
        yield part
