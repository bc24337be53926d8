"""Dump one table to a folder in the layout of AWS's export; a killed dump can be continued."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from osem_tasks.data import codec, folders, gzips, layout
from osem_tasks.data.journal import NAME, Journal, Position, read
from osem_tasks.data.layout import DATA, SUMMARY, Facts
from osem_tasks.data.meter import Meter
from osem_tasks.data.scan import MOST_SEGMENTS, Scan, scan_of, segments_for
from osem_tasks.declarations.export.json_text import json_text
from osem_tasks.schema import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from osem_tasks.apply.run import Run
    from osem_tasks.aws.items import Item, ItemStore, Page
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Masking:
    """How the items of one table are masked: ``mask`` may be called by any thread.

    ``rules`` tell it in the manifest, by attribute path; ``fingerprint`` differs where equal items
    would be masked differently (another key), so that no dump is continued with another mask.
    ``hides_keys`` says that items get other primary keys: the progress file then holds none.
    """

    mask: Callable[[Item], Item]
    rules: Mapping[str, str]
    fingerprint: str = ""
    hides_keys: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One table to dump: as it is live, by its declared name, and as it is declared.

    ``environment`` is the name of the environment that the table is of.
    """

    live: LiveTable
    declared: str
    table: Table
    environment: str = ""
    masking: Masking | None = None

    @property
    def digest(self) -> str:
        """A digest of the declaration, which changes with anything that is declared."""
        text = json_text(requests.document(self.table))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How tables are dumped; ``rate`` is in capacity units a second."""

    consistent: bool = False
    rate: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dumped:
    """A complete dump of one table: ``folder`` holds the manifests.

    ``continued`` is the number of items that an interrupted run had already written. ``size`` are
    the bytes of the data files.
    """

    source: Source
    folder: Path
    items: int
    files: int
    size: int
    continued: int = 0
    finished_before: bool = False


def dump_table(
    run: Run, store: ItemStore, source: Source, folder: Path, options: Options
) -> Dumped:
    """Dump the table of ``source`` to ``folder`` (``.../AWSDynamoDB/<id>``), and return the dump.

    A folder that holds an unfinished dump of the same table with the same options is continued,
    a finished one is left alone. The manifest is written last. Memory does not grow with the
    table. Raises OsemError.
    """
    if (folder / SUMMARY).exists():
        (folder / NAME).unlink(missing_ok=True)
        return _finished(source, folder)
    folders.make(folder / DATA)
    progress = Progress.open(folder, source, options)
    live = source.live
    scan = scan_of(
        run,
        store,
        live,
        consistent=options.consistent,
        rate=options.rate,
        segments=len(progress.positions),
    )
    meter = Meter(f"dumping {source.declared}", live.items, run.deadline, progress.items)
    run.begin(meter.step)
    try:
        scan.run_segments(lambda segment: _segment(scan, segment, progress, meter), progress.left)
    finally:
        progress.journal.close()
    return _complete(source, progress)


def _finished(source: Source, folder: Path) -> Dumped:
    from osem_tasks.data import exports

    export = exports.read(folder)
    return Dumped(
        source=source,
        folder=folder,
        items=export.items,
        files=len(export.files),
        size=sum(export.path(file).stat().st_size for file in export.files),
        finished_before=True,
    )


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a dump has come: the position of every segment, and the journal that keeps it."""

    folder: Path
    source: Source
    journal: Journal
    started: datetime
    own: dict[str, Any]
    positions: list[Position]
    continued: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, folder: Path, source: Source, options: Options) -> Progress:
        """Return the progress of the dump in ``folder``, which begins if it cannot go on."""
        path, own = folder / NAME, _own_facts(source, options)
        facts, found, length = read(path) if path.exists() else ({}, {}, 0)
        started, segments = _started(facts), _count_of(facts.get("segments"))
        journal = Journal(path)
        common: dict[str, Any] = {
            "folder": folder,
            "source": source,
            "journal": journal,
            "own": own,
        }
        if started and segments and facts.get("of") == _subject(source, own):
            journal.resume(length)
            positions = [found.get(segment, Position()) for segment in range(segments)]
            progress = cls(started=started, positions=positions, **common)
            progress.verify()
            return progress
        started, segments = datetime.now(timezone.utc), segments_for(source.live)
        journal.begin(
            {"of": _subject(source, own), "started": started.isoformat(), "segments": segments}
        )
        return cls(started=started, positions=[Position()] * segments, **common)

    @property
    def items(self) -> int:
        """The items that are written."""
        return sum(position.items for position in self.positions)

    @property
    def left(self) -> list[int]:
        """The segments that are not complete."""
        return [number for number, position in enumerate(self.positions) if not position.done]

    def path(self, segment: int) -> Path:
        """Return the path of a segment's data file."""
        return self.folder / DATA / f"{segment:05d}.json.gz"

    def verify(self) -> None:
        """Begin again with every segment whose file does not hold what the journal says."""
        for segment, position in enumerate(self.positions):
            with folders.create(self.path(segment), keep=True) as stream:
                with folders.reading(self.path(segment)):
                    intact = gzips.is_intact(stream, position.point)
                if not intact:
                    self.positions[segment] = Position()
                elif position.done:
                    self._end(segment, stream)
        self.continued = self.items

    def record(self, segment: int, position: Position) -> None:
        """Note that a segment is written up to ``position``."""
        with self.lock:
            self.positions[segment] = position
            self.journal.add(segment, position)

    def _end(self, segment: int, stream: Any) -> None:
        """Write the end of a complete segment again: a kill may have cut it."""
        with folders.writing(self.path(segment)):
            gzips.GzipWriter(stream, self.positions[segment].point).finish()


def _segment(scan: Scan, segment: int, progress: Progress, meter: Meter) -> None:
    """Append the remaining pages of a segment to its file."""
    path, position = progress.path(segment), progress.positions[segment]
    masking = progress.source.masking
    mask, secret = (masking.mask, masking.hides_keys) if masking else (None, False)
    with folders.create(path, keep=True) as stream:
        writer = gzips.GzipWriter(stream, position.point)
        for page in scan.pages(segment, position.last):
            text, count = _lines(page, mask), len(page.items)
            page.items.clear()  # not in memory while the next page is read
            with folders.writing(path):
                point = writer.write(text)
            done = page.last is None
            position = Position(point, position.items + count, page.last, done)
            if done or not secret:
                progress.record(segment, position)
            meter.advance(count, len(text))
        with folders.writing(path):
            writer.finish()


def _lines(page: Page, mask: Callable[[Item], Item] | None) -> bytes:
    items = page.items if mask is None else map(mask, page.items)
    return "".join(map(codec.encode, items)).encode()


def _complete(source: Source, progress: Progress) -> Dumped:
    """Write the manifests, and remove the journal."""
    files = [
        layout.data_file(progress.path(segment), position.items)
        for segment, position in enumerate(progress.positions)
    ]
    facts = Facts(
        id=progress.folder.name,
        table_arn=source.live.arn,
        table_id=source.live.identity,
        started=progress.started,
        ended=datetime.now(timezone.utc),
        size=source.live.size,
        own=progress.own,
    )
    layout.write(progress.folder, facts, files)
    with folders.writing(progress.folder / NAME):
        (progress.folder / NAME).unlink(missing_ok=True)
        size = sum(progress.path(number).stat().st_size for number in range(len(files)))
    return Dumped(
        source=source,
        folder=progress.folder,
        items=progress.items,
        files=len(files),
        size=size,
        continued=progress.continued,
    )


def _own_facts(source: Source, options: Options) -> dict[str, Any]:
    return {
        "environment": source.environment,
        "table": source.declared,
        "tableName": source.live.table.name,
        "declaration": source.digest,
        "consistent": options.consistent,
        "masked": dict(source.masking.rules) if source.masking else {},
        **({"maskKey": source.masking.fingerprint} if source.masking else {}),
    }


def _subject(source: Source, own: dict[str, Any]) -> dict[str, Any]:
    """Return what must be equal for a dump to go on."""
    return {**own, "arn": source.live.arn, "identity": source.live.identity}


def _started(facts: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(facts.get("started")))
    except ValueError:
        return None


def _count_of(value: Any) -> int:
    """Return a number of segments that DynamoDB takes, else 0."""
    return value if type(value) is int and 0 < value <= MOST_SEGMENTS else 0
