"""Limits the rate of calls."""

from __future__ import annotations

import threading

from osem_tasks.waiting import clock


class Pace:
    """Allows ``rate`` calls (or units) a second, after an initial burst of the same size."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._tokens = float(rate)
        self._last = clock.now()
        self._lock = threading.Lock()

    def wait(self, cost: float = 1) -> None:
        """Count ``cost`` units, and wait until they are allowed.

        Units that a call has consumed are counted after it: the next one then waits.
        """
        with self._lock:
            now = clock.now()
            self._tokens = min(self._rate, self._tokens + (now - self._last) * self._rate)
            self._last = now
            self._tokens -= cost
            pause = max(0.0, -self._tokens / self._rate)
        if pause:
            clock.sleep(pause)
