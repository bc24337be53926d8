"""Tells how fast items go, and when they will be done."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from osem_tasks.waiting import clock
from osem_tasks.waiting.progress import Step

if TYPE_CHECKING:
    from osem_tasks.waiting.clock import Deadline

_MINUTE, _HOUR = 60, 3600
_KILO = 1000
# How often the note changes, in seconds.
_REFRESH = 0.5


class Meter:
    """Counts items and bytes of a step whose note is rate, bytes and the time left.

    ``total`` is what is expected (0: unknown); where the table holds more, it grows. ``known``
    items were there at the start and do not count for the rate. Any thread may call ``advance``.
    """

    def __init__(self, doing: str, total: int, deadline: Deadline, known: int = 0) -> None:
        self.step = Step(doing, max(total, known), "items")
        self.step.advance(known)
        self.bytes = 0
        self._known = known
        self._deadline = deadline
        self._told = clock.now()
        self._lock = threading.Lock()

    def advance(self, items: int, size: int = 0) -> None:
        """Count ``items`` of ``size`` bytes: the deadline begins again."""
        self._deadline.restart()
        self.step.advance(items)
        with self._lock:
            self.bytes += size
            if self.step.total:
                self.step.total = max(self.step.total, self.step.done)
            if clock.now() - self._told >= _REFRESH:
                self._told = clock.now()
                self.step.note = self._note()

    def _note(self) -> str:
        rate = (self.step.done - self._known) / max(self.step.elapsed, 0.001)
        parts = [f"{rate:,.0f} a second"]
        if not self.step.total:
            parts.insert(0, f"{self.step.done:,} items")
        if self.bytes:
            parts.append(f"{self.bytes / _KILO / _KILO:,.1f} MB")
        left = self.step.total - self.step.done
        if left > 0 and rate:
            parts.append(f"about {duration(left / rate)} left")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """Return a time in one unit: ``12 s``, ``3 min``, ``2.5 h``."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < _HOUR else f"{seconds / _HOUR:.1f} h"
