"""The standard streams, which may be closed, full, or read by nobody."""

from __future__ import annotations

import contextlib
import errno
import io
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

CLOSED = "it is closed"
ASCII = {"✓": "+", "✗": "x", "⚠": "!", "ℹ": "i", "→": "->", "·": "-", "…": "..."}


def write(stream: TextIO | None, text: str) -> None:
    """Write and flush ``text``. Raises OSError where the stream is closed or full.

    A reader (head, less) that has gone wants nothing more: nothing is wrong then.
    """
    try:
        stream = _opened(stream)
        stream.write(_in_encoding_of(stream, text))
        stream.flush()
    except OSError as error:
        if stream is not None:
            discard(stream)
        if not isinstance(error, BrokenPipeError):
            raise


class Closed(io.TextIOBase):
    """In place of a stream that the shell has closed: writing fails, and is not just lost."""

    def write(self, _: str) -> int:
        """Raise OSError."""
        raise OSError(errno.EBADF, CLOSED)


def discard(stream: TextIO) -> None:
    """Drop what ``stream`` still holds and all that follows: Python flushes it at the end."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a file has no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _opened(stream: TextIO | None) -> TextIO:
    # Python has no stream at all for one that the shell has closed (``>&-``).
    if stream is None or stream.closed:
        raise OSError(errno.EBADF, CLOSED)
    return stream


def _in_encoding_of(stream: TextIO, text: str) -> str:
    """``text`` as ``stream`` can write it: in plain ASCII where its encoding lacks a symbol."""
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        for symbol, plain in ASCII.items():
            text = text.replace(symbol, plain)
        return text.encode("ascii", "replace").decode()
    return text
