"""Text streams in memory."""

from __future__ import annotations

import io


class Stream(io.TextIOWrapper):
    """A text stream in memory that may pass for a terminal."""

    def __init__(self, encoding: str = "utf-8", *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="\n")
        self._terminal = terminal

    def isatty(self) -> bool:
        """What it was made to be."""
        return self._terminal

    @property
    def text(self) -> str:
        """All that was written."""
        self.flush()
        written = self.buffer
        assert isinstance(written, io.BytesIO)
        return written.getvalue().decode(self.encoding)
