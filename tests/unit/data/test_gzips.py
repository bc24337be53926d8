"""A gzip file that is cut and continued is the gzip file of all its parts."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.data import gzips

PARTS = st.lists(st.binary(max_size=300), max_size=6)


def written(parts: list[bytes]) -> tuple[io.BytesIO, list[gzips.Point]]:
    """A complete file of these parts, and the place after each."""
    stream = io.BytesIO()
    writer = gzips.GzipWriter(stream)
    points = [writer.write(part) for part in parts]
    writer.finish()
    return stream, points


@given(PARTS, st.integers(0, 6), st.binary(max_size=50))
def test_a_continued_file_is_one_gzip_member(parts: list[bytes], cut: int, rubbish: bytes) -> None:
    """After a kill at any part, with anything behind it, the file is as if there was no kill."""
    whole, points = written(parts)
    start = points[cut - 1] if 0 < cut <= len(points) else gzips.Point()
    killed = io.BytesIO(whole.getvalue()[: start.offset] + rubbish)

    writer = gzips.GzipWriter(killed, start)
    for part in parts[len(parts[:cut]) if start.offset else 0 :]:
        writer.write(part)
    writer.finish()

    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert inflater.decompress(killed.getvalue()) == b"".join(parts)
    assert (inflater.eof, inflater.unused_data) == (True, b"")
    assert killed.getvalue() == whole.getvalue()


@given(PARTS)
def test_its_text_comes_back_in_pieces(parts: list[bytes]) -> None:
    """Python's gzip and our reader see the same text."""
    stream, _ = written(parts)

    assert gzip.decompress(stream.getvalue()) == b"".join(parts)
    stream.seek(0)
    assert b"".join(gzips.chunks(stream)) == b"".join(parts)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3), st.booleans())
def test_several_members_are_read(parts: list[bytes], padded: bool) -> None:
    """What AWS or `cat` has joined is read as one text, also with zeros behind it."""
    joined = b"".join(map(gzip.compress, parts)) + (b"\0" * 30 if padded else b"")

    assert b"".join(gzips.chunks(io.BytesIO(joined))) == b"".join(parts)


def test_pieces_are_small_whatever_the_file_says() -> None:
    """A file that unpacks to a thousand times its size does not fill the memory."""
    bomb = gzip.compress(bytes(50_000_000))

    assert max(map(len, gzips.chunks(io.BytesIO(bomb)))) <= 1 << 18


def test_an_empty_file_has_no_text() -> None:
    """AWS writes an empty file for an empty partition."""
    assert list(gzips.chunks(io.BytesIO())) == []


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_cut_file_is_noticed(text: bytes, data: st.DataObject) -> None:
    """At whatever byte it is cut."""
    packed = written([text])[0].getvalue()
    cut = packed[: data.draw(st.integers(1, len(packed) - 1))]

    with pytest.raises(EOFError):
        list(gzips.chunks(io.BytesIO(cut)))


@given(PARTS.filter(any), st.data())
def test_a_changed_byte_before_a_point_is_noticed(parts: list[bytes], data: st.DataObject) -> None:
    """What was written is intact up to its point, and not once a byte of it differs."""
    stream, points = written(parts)
    point = points[-1]

    assert gzips.is_intact(stream, point)
    packed = bytearray(stream.getvalue()[: point.offset])
    # The header's time and system say nothing about the text.
    place = data.draw(st.integers(10, len(packed) - 1))
    packed[place] ^= 1 << data.draw(st.integers(0, 7))
    changed = io.BytesIO(bytes(packed))
    same = gzips.is_intact(changed, point)
    assert not same or _text(bytes(packed)) == b"".join(parts)


def test_a_file_that_is_shorter_than_its_point_is_noticed() -> None:
    """Such as after a power failure."""
    stream, points = written([b"x" * 1000])
    stream.truncate(points[-1].offset - 5)

    assert not gzips.is_intact(stream, points[-1])


def _text(packed: bytes) -> bytes:
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed)
