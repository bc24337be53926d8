"""Compare what a table holds with the items that it should hold."""

from __future__ import annotations

import hashlib
import threading
from array import array
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from osem_tasks.data import codec
from osem_tasks.data.keys import MAX_EXAMPLES
from osem_tasks.data.meter import Meter
from osem_tasks.data.scan import scan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from osem_tasks.apply.run import Run
    from osem_tasks.aws.items import ItemStore
    from osem_tasks.data.codec import Item
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Key, TimeToLive

_ONE = 1 << codec.DIGEST_BITS
_SHORT = 1 << 64
# Key values in examples are cut to this length.
_LONGEST = 60


@dataclass(slots=True)
class Total:
    """The number of items, and the sum of their digests, which does not depend on their order."""

    items: int = 0
    digest: int = 0

    def add(self, item: Item) -> None:
        """Count ``item``."""
        self.items += 1
        self.digest = (self.digest + codec.digest(item)) % _ONE

    def __str__(self) -> str:
        return f"{self.items}:{self.digest:032x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a table differs from what is expected, in items.

    ``missing`` and ``changed`` ones are expected, ``extra`` ones are not. ``expired`` ones are
    missing because their time to live is over. ``examples`` are keys of missing and changed ones.
    """

    missing: int = 0
    changed: int = 0
    extra: int = 0
    expired: int = 0
    examples: tuple[str, ...] = ()

    @property
    def lacks(self) -> bool:
        """Whether an expected item is not there as it should be."""
        return bool(self.missing or self.changed)

    def __str__(self) -> str:
        parts = [
            f"{count:,} {word}"
            for word in ("missing", "changed", "extra")
            if (count := getattr(self, word))
        ]
        examples = f" (such as {'; '.join(self.examples)})" if self.examples else ""
        return ", ".join(parts) + examples


def total_of(run: Run, store: ItemStore, live: LiveTable, rate: int | None, doing: str) -> Total:
    """Return the total of all items of a table, by reading it. Raises OsemError."""
    totals: list[Total] = []

    def count(items: list[Item]) -> None:
        total = Total()
        for item in items:
            total.add(item)
        totals.append(total)

    _read(run, store, live, rate, doing, count)
    return Total(sum(t.items for t in totals), sum(t.digest for t in totals) % _ONE)


def difference(
    run: Run,
    store: ItemStore,
    live: LiveTable,
    expected: Callable[[], Iterable[Item]],
    *,
    ttl: TimeToLive | None = None,
    rate: int | None = None,
    absent: Callable[[Item], None] | None = None,
) -> Difference:
    """Return how the table ``live`` differs from the items that ``expected`` yields.

    ``absent`` is called with every missing item. 16 bytes are kept for every item of the table.
    Raises OsemError.
    """
    found = _Found(live.table.key)
    _read(run, store, live, rate, f"comparing {live.table.name}", found.add)
    found.sort()
    counts: Counter[str] = Counter()
    examples: list[str] = []
    for item in expected():
        what = found.judge(item, ttl)
        counts[what] += 1
        if what == "missing" and absent:
            absent(item)
        if what in {"missing", "changed"} and len(examples) < MAX_EXAMPLES:
            examples.append(key_text(item, live.table.key))
    return Difference(
        missing=counts["missing"],
        changed=counts["changed"],
        extra=max(0, len(found.items) - counts["same"] - counts["changed"]),
        expired=counts["expired"],
        examples=tuple(examples),
    )


def key_text(item: Item, key: Key) -> str:
    """Return the key of an item for people: ``teamId=t-1, season=2024``."""
    parts = []
    for attribute in key.attributes:
        value = item.get(attribute.name)
        if value is None:
            parts.append(f"no {attribute.name}")
            continue
        text = str(next(iter(value.values()), ""))
        cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
        parts.append(f"{attribute.name}={cut}")
    return ", ".join(parts)


@dataclass(slots=True)
class _Found:
    """Short digests of the items of a table, and of their keys."""

    key: Key
    items: array[int] = field(default_factory=lambda: array("Q"))
    keys: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, items: list[Item]) -> None:
        for item in items:
            self.items.append(codec.digest(item) % _SHORT)
            self.keys.append(_key_digest(item, self.key))

    def sort(self) -> None:
        self.items, self.keys = array("Q", sorted(self.items)), array("Q", sorted(self.keys))

    def judge(self, item: Item, ttl: TimeToLive | None) -> str:
        """Return whether an item is the "same", "changed", "missing" or "expired"."""
        if _has(self.items, codec.digest(item) % _SHORT):
            return "same"
        if _has(self.keys, _key_digest(item, self.key)):
            return "changed"
        return "expired" if ttl and _is_expired(item, ttl.attribute) else "missing"


def _has(ordered: array[int], value: int) -> bool:
    place = bisect_left(ordered, value)
    return place < len(ordered) and ordered[place] == value


def _key_digest(item: Item, key: Key) -> int:
    try:
        text = codec.key_of(item, key)
    except codec.CodecError:
        text = ""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _is_expired(item: Item, attribute: str | None) -> bool:
    number = item.get(attribute or "", {}).get("N")
    try:
        return number is not None and float(number) <= datetime.now(timezone.utc).timestamp()
    except ValueError:
        return False


def _read(  # noqa: PLR0917  a scan has as many parts
    run: Run,
    store: ItemStore,
    live: LiveTable,
    rate: int | None,
    doing: str,
    take: Callable[[list[Item]], None],
) -> None:
    """Call ``take`` with the items of every page, one call at a time."""
    meter = Meter(doing, live.items, run.deadline)
    run.begin(meter.step)
    scan = scan_of(run, store, live, consistent=True, rate=rate)
    lock = threading.Lock()

    def one(segment: int) -> None:
        for page in scan.pages(segment):
            with lock:
                take(page.items)
            meter.advance(len(page.items))

    scan.run_segments(one, range(scan.segments))
