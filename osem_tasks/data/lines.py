"""The items of an export's data files, one after the other, with the file and the line of each."""

from __future__ import annotations

import zlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from osem_tasks.data import codec, folders, gzips
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from osem_tasks.data.codec import Item
    from osem_tasks.data.layout import Export

# AWS writes a file for every partition: reading some of them in turn spreads the writes.
_SIDE_BY_SIDE = 8
_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Read:
    """An item of data file number ``file`` in line ``line`` (from 1)."""

    item: Item
    file: int
    line: int


def items(export: Export, skip: Mapping[int, int] | None = None) -> Iterator[Read]:
    """Yield the items of ``export``, some files in turn; ``skip`` of a file's first ones are left out.

    Memory does not grow with the files. Raises OsemError (INVALID_CONFIGURATION) for a file that
    is cut, damaged or not of items, and for one with another number of items than the manifest
    says.
    """
    skip = skip or {}
    paths = [export.path(file) for file in export.files]
    waiting = deque(range(len(paths)))
    reading: deque[Iterator[Read]] = deque()
    while waiting or reading:
        while waiting and len(reading) < _SIDE_BY_SIDE:
            file = waiting.popleft()
            expected = export.files[file].items
            reading.append(_file(paths[file], file, expected, skip.get(file, 0)))
        source = reading.popleft()
        read = next(source, None)
        if read is not None:
            yield read
            reading.append(source)


def item_of(path: Path, line: bytes, number: int) -> Item:
    """Return the item in a line of the file ``path``. Raises OsemError (INVALID_CONFIGURATION)."""
    try:
        return codec.decode(line)
    except codec.CodecError as error:
        raise refusal(path, f"line {number} {error}") from error


def refusal(path: Path, what: str) -> OsemError:
    """Return the error for a data file that cannot be loaded."""
    return OsemError(
        f"{path}: {what}.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation="Copy the folder again from where it was written, or dump the table again.",
    )


def _file(path: Path, file: int, expected: int, skip: int) -> Iterator[Read]:
    number = 0
    for number, line in enumerate(lines(path), start=1):
        if number > skip:
            yield Read(item_of(path, line, number), file, number)
    if number != expected:
        raise refusal(path, f"it has {number:,} items; the manifest says {expected:,}")


def lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a data file that are not empty. Raises OsemError."""
    with folders.reading(path), path.open("rb") as stream:
        pieces = gzips.chunks(stream) if path.suffix == ".gz" else _plain(stream)
        try:
            yield from filter(bytes.strip, _split(path, pieces))
        except EOFError as error:
            raise refusal(path, "it is cut: its gzip stream does not end") from error
        except zlib.error as error:
            raise refusal(path, "it is no gzip file, or damaged") from error


def _plain(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_CHUNK):
        yield piece


def _split(path: Path, pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest: list[bytes] = []
    length = 0
    for piece in pieces:
        head, *tail = piece.split(b"\n")
        rest.append(head)
        length += len(head)
        if length > codec.MAX_LINE:
            raise refusal(path, f"it has a line of more than {codec.MAX_LINE:,} bytes")
        if tail:
            yield b"".join(rest)
            yield from tail[:-1]
            rest, length = [tail[-1]], len(tail[-1])
    yield b"".join(rest)
