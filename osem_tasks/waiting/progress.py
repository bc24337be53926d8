"""How far a task has come: a step with its count and its time, whoever shows them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from osem_tasks.waiting import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

# A note names this many things at most: sixty names tell less than their number.
NAMED = 3


@dataclass(slots=True)
class Step:
    """A step of a task: ``doing`` something with ``total`` things, of which ``done`` are done.

    ``unit`` is the plural of the things; without ``total`` (0) nothing is counted. A step that
    ``waits`` has begun all its things, and shows how many are left. ``note`` says what happens
    right now.
    """

    doing: str
    total: int = 0
    unit: str = "tables"
    waits: bool = False
    done: int = 0
    note: str = ""
    _start: float = field(default_factory=lambda: clock.now())  # noqa: PLW0108  a test's own clock
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def elapsed(self) -> float:
        """Seconds since the step began."""
        return clock.now() - self._start

    def advance(self, count: int = 1) -> None:
        """Count ``count`` more things as done; any thread may do so."""
        with self._lock:
            self.done += count

    def restart(self) -> None:
        """Count from zero again; the time goes on."""
        with self._lock:
            self.done, self.note = 0, ""


def a_few(names: Sequence[str]) -> str:
    """Return ``names`` for a note if they are few enough to be read; otherwise an empty text."""
    return ", ".join(names) if len(names) <= NAMED else ""


class Progress(Protocol):
    """Receives the progress of a run; in the tasks, this is the console."""

    def info(self, text: str) -> None:
        """Report a fact that the user should read."""

    def say(self, text: str) -> None:
        """Report what the current step does right now; an empty text is nothing in particular."""

    def begin(self, step: Step) -> None:
        """Show ``step`` from now on, as its count changes."""


class Silent:
    """Drops all progress."""

    def info(self, text: str) -> None:
        """Drop ``text``."""

    def say(self, text: str) -> None:
        """Drop ``text``."""

    def begin(self, step: Step) -> None:
        """Drop ``step``."""
