"""The progress file of an unfinished dump of one table: a line for every page written.

It is appended to after the data file, so that after a kill it says at most what the files hold.
A last line that was cut is passed over. Like every file it is a claim: see ``read``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from osem_tasks.data import codec, folders
from osem_tasks.data.gzips import Point

if TYPE_CHECKING:
    from pathlib import Path

START = Point()
NAME = "_osem-progress.jsonl"


@dataclass(frozen=True, slots=True)
class Position:
    """How far a segment is dumped: to ``point`` of its file, with ``items`` in it.

    The next page begins after the key ``last``; ``done`` if no page is left.
    """

    point: Point = START
    items: int = 0
    last: codec.Item | None = None
    done: bool = False


class Journal:
    """The progress file, open for appending. Call ``add`` from one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: BinaryIO = folders.create(path, keep=True)

    def begin(self, facts: dict[str, Any]) -> None:
        """Empty the file, and write what the dump is of. Raises OsemError."""
        with folders.writing(self._path):
            self._stream.seek(0)
            self._stream.truncate()
        self._append(facts)

    def resume(self, length: int) -> None:
        """Go on after the first ``length`` bytes. Raises OsemError."""
        with folders.writing(self._path):
            self._stream.truncate(length)
            self._stream.seek(length)

    def add(self, segment: int, position: Position) -> None:
        """Append the position of a segment. Raises OsemError."""
        point = position.point
        self._append(
            {
                "segment": segment,
                "offset": point.offset,
                "size": point.size,
                "crc": point.crc,
                "items": position.items,
                "last": position.last,
                "done": position.done,
            }
        )

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _append(self, values: dict[str, Any]) -> None:
        line = json.dumps(values, separators=(",", ":")).encode() + b"\n"
        with folders.writing(self._path):
            self._stream.write(line)
            self._stream.flush()


def read(path: Path) -> tuple[dict[str, Any], dict[int, Position], int]:
    """Return the facts of a dump, the last position of every segment, and the length read.

    What no journal writes, and all after it, is passed over: it will be dumped again. Raises
    OsemError if the file cannot be read.
    """
    facts: dict[str, Any] = {}
    positions: dict[int, Position] = {}
    length = 0
    with folders.reading(path), path.open("rb") as stream:
        for line in stream:
            values = _values(line)
            if values is None:
                break
            if not facts:
                facts = values
            else:
                entry = _position(values)
                if entry is None:
                    break
                positions[entry[0]] = entry[1]
            length += len(line)
    return facts, positions, length


def _values(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _position(values: dict[str, Any]) -> tuple[int, Position] | None:
    names = ("segment", "offset", "size", "crc", "items")
    numbers = [values.get(name) for name in names]
    if not all(type(number) is int and number >= 0 for number in numbers):
        return None
    segment, offset, size, crc, items = (int(number or 0) for number in numbers)
    last, done = values.get("last"), values.get("done")
    if not isinstance(done, bool) or (last is None) is not done:
        return None
    if last is not None:
        try:
            codec.check(last)
        except (codec.CodecError, AttributeError):
            return None
    return segment, replace(Position(Point(offset, size, crc), items, last), done=done)
