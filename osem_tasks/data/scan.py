"""Scan one table: in parallel segments, paced, with throttling retried."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osem_tasks.waiting import interrupts
from osem_tasks.waiting.pace import Pace
from osem_tasks.waiting.parallel import side_by_side
from osem_tasks.waiting.policy import Tries
from osem_tasks.waiting.wait import retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from osem_tasks.apply.run import Run
    from osem_tasks.aws.items import Item, ItemStore, Page
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.waiting.clock import Deadline

# Segments are read side by side by this many threads: each has a page
# in memory, which takes 20 times its 1 MB as Python values.
WORKERS = 2
# A segment of this size is read in some seconds, so that the threads end at about the same time.
_SEGMENT_BYTES = 32 * 1024 * 1024
MOST_SEGMENTS = 512


class StoppedError(Exception):
    """Another segment failed, so that this one need not go on."""


@dataclass(slots=True)
class Scan:
    """How one table is scanned; threads share it.

    ``options`` are further members of a Scan request, such as FilterExpression. ``pace`` limits
    the consumed capacity units a second. After ``stop`` is set no further page is requested.
    ``deadline`` begins again with every page.
    """

    store: ItemStore
    table: str
    segments: int
    deadline: Deadline
    say: Callable[[str], None]
    consistent: bool = False
    pace: Pace | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def pages(self, segment: int, start: Item | None = None) -> Iterator[Page]:
        """Yield the pages of ``segment`` (from 0) after the key ``start``.

        Raises OsemError, and StoppedError once ``stop`` is set.
        """
        request: dict[str, Any] = {"ConsistentRead": self.consistent, **self.options}
        if self.segments > 1:
            request |= {"Segment": segment, "TotalSegments": self.segments}
        while True:
            page = self._page(start, request)
            self.deadline.restart()
            yield page
            start = page.last
            if start is None:
                return
            if self.pace:
                self.pace.wait(page.units or 1)

    def run_segments(self, work: Callable[[int], None], segments: range | list[int]) -> None:
        """Call ``work`` for every segment, some side by side; the first failure stops the others.

        Raises OsemError.
        """

        def one(segment: int) -> None:
            try:
                work(segment)
            except StoppedError:
                return
            except BaseException:
                self.stop.set()
                raise

        try:
            if segments:
                side_by_side(one, list(segments), WORKERS)
        finally:
            self.stop.set()

    def _page(self, start: Item | None, request: Mapping[str, Any]) -> Page:
        def attempt() -> Page:
            if self.stop.is_set():
                raise StoppedError
            interrupts.check()
            return self.store.scan(self.table, start=start, options=request)

        return retry(attempt, self.deadline, self.say, Tries())


def segments_for(live: LiveTable) -> int:
    """Return the number of segments for a table of that size.

    AWS counts a table every six hours: one that was filled since seems to be small, and is read
    in few segments, which takes longer but is right.
    """
    return max(1, min(MOST_SEGMENTS, math.ceil(live.size / _SEGMENT_BYTES)))


def scan_of(
    run: Run,
    store: ItemStore,
    live: LiveTable,
    *,
    consistent: bool = False,
    rate: int | None = None,
    options: Mapping[str, Any] | None = None,
    segments: int | None = None,
) -> Scan:
    """Return a scan of the table ``live`` within ``run``; ``rate`` is in units a second."""
    return Scan(
        store=store,
        table=live.table.name,
        segments=segments or segments_for(live),
        deadline=run.deadline,
        say=run.say,
        consistent=consistent,
        pace=Pace(rate) if rate else None,
        options=options or {},
    )


def count(scan: Scan, advance: Callable[[int], None]) -> int:
    """Return the number of items of a table, read page by page.

    ``advance`` gets the number of every page. Raises OsemError.
    """
    scan.options = {**scan.options, "Select": "COUNT"}
    counts = [0] * scan.segments

    def one(segment: int) -> None:
        for page in scan.pages(segment):
            counts[segment] += page.count
            advance(page.count)

    scan.run_segments(one, range(scan.segments))
    return sum(counts)
