"""Follow the log of an engine while it runs, and find the engine that takes its place."""

from __future__ import annotations

import contextlib
import math
import os
from collections import deque
from typing import TYPE_CHECKING, Any

from osem_tasks.engines import records, state
from osem_tasks.waiting import policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from osem_tasks.engines.base import EngineRecord

# A line that is longer is shown in parts: a program may write bytes without an end.
LONGEST = 65536


def follow(path: Path, last: int, is_over: Callable[[], bool]) -> Iterator[str]:
    """Yield the ``last`` lines of a log, then every line that is added, until ``is_over``.

    A log that is cut short is read from its beginning. A file that takes its name is another
    engine's: this one goes on to write to its own.
    """
    log = _Log(path)

    def read() -> tuple[bool, list[str]]:
        # Asked first: what the engine wrote before its end is read after that.
        over = is_over()
        return over, log.lines()

    with contextlib.closing(log):
        over, found = read()
        yield from deque(found, maxlen=last)
        while not over:
            over, found = wait.poll(read, lambda got: got[0] or bool(got[1]), Deadline(math.inf))
            yield from found
        yield from log.rest()


def lines_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a stream of bytes as soon as they are whole."""
    lines = _Lines()
    for chunk in chunks:
        yield from lines.feed(chunk)
    yield from lines.rest()


def successor(record: EngineRecord) -> EngineRecord | None:
    """Return the engine that takes the place of one that has ended; None if none does.

    ``local.up --fresh`` stops an engine and starts another one of its name.
    """
    limits = policy.current()
    gap, start = Deadline(limits.replacement), Deadline(limits.replacement_start)

    def look() -> tuple[bool, EngineRecord | None]:
        found, begun = records.load(record.name), records.begun(record.name)
        if found and _is_other(found, record):
            return True, found
        gone = found is None and begun is None
        return gone or (gap if begun is None else start).passed, None

    return wait.poll(look, lambda seen: seen[0], start)[1]


def _is_other(found: EngineRecord, record: EngineRecord) -> bool:
    def identity(one: EngineRecord) -> tuple[object, ...]:
        return one.engine, one.container, one.pid, one.process_identity, one.started_at

    return identity(found) != identity(record)


class _Lines:
    """Cuts bytes into lines; the last one may be incomplete."""

    def __init__(self) -> None:
        self._part = b""

    def feed(self, chunk: bytes) -> list[str]:
        """Return the lines that ``chunk`` completes."""
        *whole, self._part = (self._part + chunk).split(b"\n")
        if len(self._part) > LONGEST:
            whole.append(self._part)
            self._part = b""
        return [line.decode("utf-8", errors="replace").rstrip("\r") for line in whole]

    def rest(self) -> list[str]:
        """Return the incomplete line, if there is one."""
        return self.feed(b"\n") if self._part else []


class _Log:
    """A log that a process writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = _Lines()
        self._open = contextlib.ExitStack()
        self._stream: Any = None

    def lines(self) -> list[str]:
        """Return the lines that were added since the last call."""
        found: list[str] = []
        with contextlib.suppress(OSError, state.UnreadableError):
            if self._stream is None:
                self._stream = self._open.enter_context(state.open_plain(self._path))
            if os.fstat(self._stream.fileno()).st_size < self._stream.tell():
                self._stream.seek(0)
            found = self._lines.feed(self._stream.read())
        return found

    def rest(self) -> list[str]:
        """Return the incomplete line at the end, if there is one."""
        return self._lines.rest()

    def close(self) -> None:
        """Close the file."""
        self._open.close()
