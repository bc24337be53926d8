"""Calls at a bounded rate."""

from __future__ import annotations

import threading

from osem_tasks.waiting import clock


class Pace:
    """At most ``rate`` calls a second, after a first burst of as many."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._tokens = float(rate)
        self._last = clock.now()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next call may be made."""
        with self._lock:
            now = clock.now()
            self._tokens = min(self._rate, self._tokens + (now - self._last) * self._rate)
            self._last = now
            self._tokens -= 1
            pause = max(0.0, -self._tokens / self._rate)
        if pause:
            clock.sleep(pause)
