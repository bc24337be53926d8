"""A gzip file that can be cut at any recorded point and continued.

It is one gzip member, as readers that know no other expect: every write ends with a full flush,
after which a new compressor can continue the stream.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

# Magic, deflate, no flags, no time (equal items give equal files), fast, unknown system.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_RAW, _GZIP = -zlib.MAX_WBITS, zlib.MAX_WBITS | 16
# Level 1 compresses items about as well as 6, in a third of the time.
_LEVEL = 1
_CHUNK = 1 << 18
_WORD = 1 << 32


@dataclass(frozen=True, slots=True)
class Point:
    """A place in a file: ``offset`` in it, ``size`` and ``crc`` of the text before it."""

    offset: int = 0
    size: int = 0
    crc: int = 0


class GzipWriter:
    """Writes a gzip file from ``point`` on; ``stream`` is cut there."""

    def __init__(self, stream: BinaryIO, point: Point | None = None) -> None:
        self._stream = stream
        self.point = point or Point()
        stream.seek(self.point.offset)
        stream.truncate()
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)

    def write(self, data: bytes) -> Point:
        """Append ``data``, and return the place after it. Raises OSError."""
        packed = self._compressor.compress(data) + self._compressor.flush(zlib.Z_FULL_FLUSH)
        if not self.point.offset:
            packed = _HEADER + packed
        self._stream.write(packed)
        self._stream.flush()
        self.point = Point(
            self.point.offset + len(packed),
            self.point.size + len(data),
            zlib.crc32(data, self.point.crc),
        )
        return self.point

    def finish(self) -> None:
        """Write the end of the file. Raises OSError."""
        header = b"" if self.point.offset else _HEADER
        end = self._compressor.flush(zlib.Z_FINISH)
        words = (self.point.crc, self.point.size % _WORD)
        trailer = b"".join(word.to_bytes(4, "little") for word in words)
        self._stream.write(header + end + trailer)
        self._stream.flush()


def is_intact(stream: BinaryIO, point: Point) -> bool:
    """Return whether the file holds, up to ``point``, what was written. Raises OSError."""
    stream.seek(0)
    left, size, crc = point.offset, 0, 0
    inflater = zlib.decompressobj(_GZIP)
    try:
        while packed := inflater.unconsumed_tail or stream.read(min(left, _CHUNK)):
            left -= 0 if inflater.unconsumed_tail else len(packed)
            text = inflater.decompress(packed, _CHUNK)
            size, crc = size + len(text), zlib.crc32(text, crc)
    except zlib.error:
        return False
    return not left and (size, crc) == (point.size, point.crc)


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the text of a gzip file, of one or several members, in pieces of bounded size.

    An empty file has no text. Raises OSError; EOFError if the file is cut, zlib.error if it is
    damaged.
    """
    inflater, begun = zlib.decompressobj(_GZIP), False
    while packed := inflater.unconsumed_tail or inflater.unused_data or stream.read(_CHUNK):
        begun = True
        if inflater.eof:
            if not packed.strip(b"\0"):  # padding after the last member
                return
            inflater = zlib.decompressobj(_GZIP)
        if text := inflater.decompress(packed, _CHUNK):
            yield text
    if begun and not inflater.eof:
        raise EOFError
