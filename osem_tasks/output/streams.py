"""Write to the standard streams, which may be closed, full or without a reader."""

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


def write(stream: TextIO | None, text: str) -> bool:
    """Write and flush ``text``. Raises OSError if the stream is closed or full.

    It is not an error if the reader (head, less) has ended; the result is then False.
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
        return False
    return True


class Closed(io.TextIOBase):
    """A replacement for a stream that the shell has closed; writing to it fails."""

    def write(self, _: str) -> int:
        """Raise OSError."""
        raise OSError(errno.EBADF, CLOSED)


def discard(stream: TextIO) -> None:
    """Discard buffered and later output of ``stream``, which Python flushes at exit."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a file has no descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _opened(stream: TextIO | None) -> TextIO:
    # Python sets a stream to None if the shell has closed it (``>&-``).
    if stream is None or stream.closed:
        raise OSError(errno.EBADF, CLOSED)
    return stream


def _in_encoding_of(stream: TextIO, text: str) -> str:
    """Return ``text``, in plain ASCII if the encoding of ``stream`` lacks a symbol."""
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        for symbol, plain in ASCII.items():
            text = text.replace(symbol, plain)
        return text.encode("ascii", "replace").decode()
    return text
