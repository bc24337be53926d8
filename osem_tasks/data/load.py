"""Load an export into one table; a killed load can be continued.

Puts may be repeated, so that nothing depends on where a killed run stopped: what it is known to
have written is left out, and the rest is written again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from osem_tasks.data import codec, lines
from osem_tasks.data.meter import Meter
from osem_tasks.data.resume import Resume
from osem_tasks.data.scan import count, scan_of
from osem_tasks.data.writer import Writer
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.aws.items import Item, ItemStore
    from osem_tasks.data.layout import Export
    from osem_tasks.data.lines import Read
    from osem_tasks.data.writer import Batch
    from osem_tasks.schema.live import LiveTable

_OTHER_KEY = (
    "The table's key is another one than that of the dump. Map its items with --transform "
    "module:function, or load into a table of the same key."
)
_KEY_OF_TRANSFORM = (
    "The function must return the attributes of the table's key in every item: correct it, then "
    "repeat the command; items that are written already are written again."
)
_ONE = 1 << codec.DIGEST_BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an export is loaded.

    ``rate`` is in capacity units a second. ``transform`` maps an item to one, several or none;
    ``named`` is what the user calls it. With ``checksum`` all items are read again and compared.
    """

    rate: int | None = None
    transform: Callable[[Item], Sequence[Item]] | None = None
    named: str = ""
    checksum: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A complete load into ``table``.

    ``items`` were written, ``continued`` of them by an earlier run; the table had ``before`` items
    and has ``after``. ``checked`` says whether a checksum of all items was compared.
    """

    table: str
    export: Export
    items: int
    continued: int
    before: int
    after: int
    checked: bool = False


def count_items(run: Run, store: ItemStore, live: LiveTable, rate: int | None = None) -> int:
    """Return the number of items that a table has now, by reading it. Raises OsemError."""
    meter = Meter(f"counting {live.table.name}", live.items, run.deadline)
    run.begin(meter.step)
    return count(scan_of(run, store, live, consistent=True, rate=rate), meter.advance)


def load_export(
    run: Run, store: ItemStore, export: Export, live: LiveTable, options: Options
) -> Loaded:
    """Write every item of ``export`` to the table ``live``, and count the table's items after it.

    Check the files with ``exports.check`` before. Nothing is deleted; an item replaces one of the
    same key. Raises OsemError; the next call with
    the same arguments then continues.
    """
    # For a checksum all items are read, and a transformation may write several for one.
    whole = options.checksum or options.transform is not None
    resume = Resume.open(run, export, live, options.named, whole=whole)
    before = resume.before
    if before is None:
        before = count_items(run, store, live, options.rate)
        resume.begin(before)
    loading = _Load(run, store, export, live, options, resume)
    written, digest = loading.write_items()
    # DynamoDB's own counts are older than the load.
    live = replace(live, items=before + written, size=live.size + loading.size)
    after = count_items(run, store, live, options.rate)
    resume.end()
    loaded = Loaded(
        table=live.table.name,
        export=export,
        items=written,
        continued=resume.continued,
        before=before,
        after=after,
        checked=options.checksum and before == 0,
    )
    _verify(run, loaded, options)
    if loaded.checked and digest != digest_of(run, store, live, options.rate):
        raise _unequal(run, loaded)
    return loaded


@dataclass(slots=True)
class _Load:
    """One load: from where, into which table, how, and how far; ``size`` bytes were written."""

    run: Run
    store: ItemStore
    export: Export
    live: LiveTable
    options: Options
    resume: Resume
    size: int = 0

    def write_items(self) -> tuple[int, int]:
        """Write the items; return how many there are, and the sum of their digests."""
        export, resume, transform = self.export, self.resume, self.options.transform
        meter = Meter(
            f"loading {self.live.table.name}", export.items, self.run.deadline, resume.continued
        )
        self.run.begin(meter.step)

        def written(batch: Batch) -> None:
            resume.written(batch)
            meter.advance(sum(batch.sources.values()), batch.size)

        items, digest = resume.continued, 0
        table, rate = self.live.table, self.options.rate
        with Writer(self.run, self.store, table, written, rate=rate) as writer:
            for read in lines.items(export, resume.skip):
                for item in transform(read.item) if transform else (read.item,):
                    items += 1
                    if self.options.checksum:
                        digest = (digest + codec.digest(item)) % _ONE
                    self._add(writer, item, read)
        self.size = meter.bytes
        return items, digest

    def _add(self, writer: Writer, item: Item, read: Read) -> None:
        try:
            writer.add(item, read.file)
        except codec.CodecError as error:
            path = self.export.path(self.export.files[read.file])
            mapped = self.options.transform is not None
            after = ", after the function of --transform," if mapped else ""
            raise OsemError(
                f"{path}: the item of line {read.line}{after} {error}.",
                code=ErrorCode.SCHEMA_VALIDATION_FAILED,
                remediation=_KEY_OF_TRANSFORM if mapped else _OTHER_KEY,
            ) from error


def digest_of(run: Run, store: ItemStore, live: LiveTable, rate: int | None = None) -> int:
    """Return the sum of the digests of all items of a table. Raises OsemError."""
    meter = Meter(f"comparing {live.table.name}", live.items, run.deadline)
    run.begin(meter.step)
    scan = scan_of(run, store, live, consistent=True, rate=rate)
    sums, lock = [0], threading.Lock()

    def one(segment: int) -> None:
        for page in scan.pages(segment):
            part = sum(map(codec.digest, page.items))
            with lock:
                sums[0] = (sums[0] + part) % _ONE
            meter.advance(len(page.items))

    scan.run_segments(one, range(scan.segments))
    return sums[0]


def _verify(run: Run, loaded: Loaded, options: Options) -> None:
    """Raise OsemError if the table has fewer items than a load of different keys leaves."""
    if options.transform or loaded.after >= max(loaded.before, loaded.items):
        return
    raise OsemError(
        f"{loaded.table} has {loaded.after:,} items after {loaded.items:,} were written to it "
        f"(it had {loaded.before:,} before): items of the dump have the same key, or something "
        "else deletes items (a time to live, an application).",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=f"{run.target.command('db.list')}   then load again: nothing is lost by it",
        table=loaded.table,
    )


def _unequal(run: Run, loaded: Loaded) -> OsemError:
    return OsemError(
        f"The items of {loaded.table} are not those of the dump: their checksums differ, although "
        f"their number is right ({loaded.after:,}). Something else writes to the table.",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=run.target.command("db.load", "--input", str(loaded.export.folder)),
        table=loaded.table,
    )
