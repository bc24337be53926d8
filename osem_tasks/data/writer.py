"""Write items to one table: in batches, side by side, paced, until every item is written."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING

from osem_tasks.data import codec
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import interrupts, policy
from osem_tasks.waiting.pace import Pace
from osem_tasks.waiting.policy import Tries
from osem_tasks.waiting.wait import Backoff, poll, retry

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from osem_tasks.apply.run import Run
    from osem_tasks.aws.items import Item, ItemStore
    from osem_tasks.schema.model import Table

# DynamoDB takes 25 items and 16 MB in a batch. The bytes in memory are those of all batches.
BATCH, BATCH_BYTES = 25, 1 << 20
WORKERS = 8
_UNIT = 1024


@dataclass(slots=True)
class Batch:
    """Items of different keys, as texts by their keys. ``number`` counts the batches of a writer.

    ``sources`` counts the items by what ``Writer.add`` was told about them; an item that another
    one of the same key replaced counts too.
    """

    number: int
    items: dict[str, str] = field(default_factory=dict)
    sources: dict[int, int] = field(default_factory=dict)
    size: int = 0


class Writer:
    """Puts items into ``table``; used in a ``with`` block, at whose end all items are written.

    An item replaces one of the same key, in the table or among the last ones added. ``written`` is
    called from any thread with every batch that is written. Items are put in no particular order,
    but never two of one batch with the same key. ``rate`` limits the units a second.
    """

    def __init__(
        self,
        run: Run,
        store: ItemStore,
        table: Table,
        written: Callable[[Batch], None],
        *,
        rate: int | None = None,
    ) -> None:
        self._store, self._table, self._written = store, table, written
        self._deadline, self._say = run.deadline, run.say
        self._pace = Pace(rate) if rate else None
        self._batch = Batch(0)
        self._queue: Queue[Batch | None] = Queue(WORKERS)
        self._stop = threading.Event()
        self._failures: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Write what is left, and wait for it. Raises OsemError."""
        try:
            if kind is None:
                self._flush()
                for _ in self._threads:
                    self._enqueue(None)
                self._join()
        finally:
            self._stop.set()

    def add(self, item: Item, source: int = 0) -> None:
        """Write ``item``, now or later; ``source`` is counted in its batch.

        Raises CodecError if the item lacks the table's key, OsemError if an earlier one failed.
        """
        key = codec.key_of(item, self._table.key)
        text = codec.encode_item(item)
        batch = self._batch
        full = len(batch.items) >= BATCH or batch.size + len(text) > BATCH_BYTES
        if full and key not in batch.items and batch.items:
            self._flush()
            batch = self._batch
        batch.items[key] = text
        batch.size += len(text)
        batch.sources[source] = batch.sources.get(source, 0) + 1

    def _flush(self) -> None:
        batch = self._batch
        if batch.items:
            self._batch = Batch(batch.number + 1)
            if len(self._threads) < WORKERS:
                self._threads.append(threading.Thread(target=self._work, daemon=True))
                self._threads[-1].start()
            self._enqueue(batch)

    def _enqueue(self, batch: Batch | None) -> None:
        while True:
            self._check()
            try:
                self._queue.put(batch, timeout=0.2)
            except Full:
                continue
            return

    def _join(self) -> None:
        for thread in self._threads:
            while thread.is_alive():
                self._check()
                thread.join(0.2)
        self._check()

    def _check(self) -> None:
        interrupts.check()
        if self._failures:
            raise self._failures[0]

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    batch = self._queue.get(timeout=0.2)
                except Empty:
                    continue
                if batch is None:
                    return
                self._put(batch)
                self._written(batch)
        except BaseException as error:  # noqa: BLE001  raised again by the caller's thread
            self._failures.append(error)
            self._stop.set()

    def _put(self, batch: Batch) -> None:
        """Put every item of ``batch``; what DynamoDB leaves unprocessed is put again."""
        left = list(batch.items.values())
        backoff = Backoff(policy.current().retry)

        def attempt() -> bool:
            nonlocal left
            answer = retry(
                lambda: self._store.put(self._table.name, left), self._deadline, self._say, Tries()
            )
            if self._pace:
                self._pace.wait(answer.units or sum(1 + len(text) // _UNIT for text in left))
            if len(answer.unprocessed) < len(left):
                self._deadline.restart()
                backoff.reset()
            left = [codec.encode_item(item) for item in answer.unprocessed]
            if left:
                self._say(f"throttled: {len(left)} items of a batch are put again")
            return not left

        if not poll(attempt, bool, self._deadline, backoff):
            raise OsemError(
                f"DynamoDB left items of {self._table.name} unprocessed for "
                f"{self._deadline.seconds:.0f} s.",
                code=ErrorCode.THROTTLED,
                remediation="Run the same command again: it continues; with --rate UNITS it stays "
                "below the table's capacity.",
                table=self._table.name,
            )
