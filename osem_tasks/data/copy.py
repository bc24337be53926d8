"""Copy a table's items to the table of another environment: scan, mask and write in one stream.

Nothing is kept but what the target has: an interrupted copy begins again, and puts that are
repeated change nothing.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osem_tasks.data import codec
from osem_tasks.data.meter import Meter
from osem_tasks.data.scan import StoppedError, scan_of
from osem_tasks.data.writer import Writer
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from osem_tasks.apply.run import Run
    from osem_tasks.aws.items import Item, ItemStore
    from osem_tasks.config.target import Target
    from osem_tasks.data.mask import Masker
    from osem_tasks.data.scan import Scan
    from osem_tasks.data.writer import Batch
    from osem_tasks.schema.live import LiveTable


# More items than any page of 1 MB has.
_MOST_A_PAGE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a copy: its run, the store of its items, and the word for it in errors."""

    run: Run
    store: ItemStore
    word: str

    @property
    def target(self) -> Target:
        """The place of this side."""
        return self.run.target

    @contextlib.contextmanager
    def blamed(self) -> Iterator[None]:
        """Say in an error that this side failed: both sides have tables of nearly one name."""
        try:
            yield
        except OsemError as error:
            raise self._told(error) from error

    def _told(self, error: OsemError) -> OsemError:
        if error.code is ErrorCode.INTERRUPTED:
            return error
        return OsemError(
            f"The {self.word}, environment '{self.target.environment.name}', failed: "
            f"{error.message}",
            code=error.code,
            remediation=error.remediation,
            table=error.table,
            details={**error.details, "side": self.word},
            reason=error.reason,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How tables are copied.

    ``rate`` is in capacity units a second, of both sides each. ``sample`` is the most items a
    table; ``scan`` are further members of a Scan request, such as FilterExpression.
    """

    rate: int | None = None
    sample: int | None = None
    scan: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A declared table on both sides, and what masks its items (None: nothing)."""

    declared: str
    source: LiveTable
    target: LiveTable
    masker: Masker | None = None


@dataclass(slots=True)
class Copied:
    """What was copied so far: ``read`` items, of which ``written`` are in the target.

    ``scanned`` items were looked at, of which a filter left some out.
    """

    pair: Pair
    scanned: int = 0
    read: int = 0
    written: int = 0
    complete: bool = False


def copy_table(source: Side, target: Side, copied: Copied, options: Options) -> None:
    """Copy the items of one table, and keep count in ``copied``. Raises OsemError.

    An item replaces one of the same key; no item of the target is deleted.
    """
    pair = copied.pair
    total = pair.source.items if options.sample is None else options.sample
    meter = Meter(f"copying {pair.declared}", total, target.run.deadline)
    target.run.begin(meter.step)
    lock = threading.Lock()

    def written(batch: Batch) -> None:
        with lock:
            copied.written += len(batch.items)
        meter.advance(len(batch.items), batch.size)

    scan = _scan(source, pair, options)
    feeder = _Feeder(source, target, copied, options.sample)
    with (
        _final(target),
        Writer(target.run, target.store, pair.target.table, written, rate=options.rate) as writer,
    ):
        scan.run_segments(lambda segment: feeder.feed(scan, segment, writer), range(scan.segments))
    copied.complete = True


@contextlib.contextmanager
def _final(target: Side) -> Iterator[None]:
    """Blame the target for what fails when the last items are written."""
    try:
        yield
    except OsemError as error:
        if "side" in error.details:
            raise
        with target.blamed():
            raise


def _scan(source: Side, pair: Pair, options: Options) -> Scan:
    members = dict(options.scan)
    if options.sample is not None and "FilterExpression" not in members:
        # No page is larger than what is needed of it.
        members["Limit"] = min(options.sample, _MOST_A_PAGE)
    return scan_of(
        source.run,
        source.store,
        pair.source,
        rate=options.rate,
        options=members,
        # Samples come from one place, so that every run takes the same items.
        segments=1 if options.sample is not None else None,
    )


@dataclass(slots=True)
class _Feeder:
    """Hands the items of all segments to one writer."""

    source: Side
    target: Side
    copied: Copied
    sample: int | None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def feed(self, scan: Scan, segment: int, writer: Writer) -> None:
        """Read a segment, mask its items and write them. Raises OsemError and StoppedError."""
        masker = self.copied.pair.masker
        pages = scan.pages(segment)
        while True:
            with self.source.blamed():
                page = next(pages, None)
            if page is None:
                return
            items = page.items if masker is None else list(map(masker.masked, page.items))
            with self.lock:
                self.copied.scanned += page.scanned
                self._add(items, writer)

    def _add(self, items: list[Item], writer: Writer) -> None:
        for item in items:
            if self.sample is not None and self.copied.read >= self.sample:
                raise StoppedError
            try:
                with self.target.blamed():
                    writer.add(item)
            except codec.CodecError as error:
                raise self._keyless(error) from error
            self.copied.read += 1
        if self.sample is not None and self.copied.read >= self.sample:
            raise StoppedError

    def _keyless(self, error: codec.CodecError) -> OsemError:
        pair = self.copied.pair
        return OsemError(
            f"An item of {pair.source.table.name} {error}, which {pair.target.table.name} needs: "
            "the two tables have different keys.",
            code=ErrorCode.SCHEMA_VALIDATION_FAILED,
            remediation=self.target.target.command(
                "db.compare", "--with", self.source.target.environment.name
            ),
            table=pair.target.table.name,
        )
