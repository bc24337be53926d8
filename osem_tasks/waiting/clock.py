"""The package's clock and its deadlines. No other module reads the time for a wait."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from osem_tasks.errors import ErrorCode, OsemError

_RESTARTING = threading.RLock()


def now() -> float:
    """Return the seconds of a clock that cannot be set."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """Sleep for ``seconds``."""
    time.sleep(seconds)


@dataclass(slots=True)
class Deadline:
    """The time by which a task must end: ``seconds`` after the object is created or restarted."""

    seconds: float
    _start: float = field(default_factory=lambda: now())  # noqa: PLW0108  a test's own clock

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return now() - self._start

    @property
    def left(self) -> float:
        """Remaining seconds, never negative."""
        return max(0.0, self.seconds - self.elapsed)

    @property
    def passed(self) -> bool:
        """Whether the deadline has passed."""
        return self.left <= 0

    def restart(self) -> None:
        """Count from now on: a task whose length grows with the data has made progress."""
        # Of two threads, the one that reads the clock first must not come last.
        with _RESTARTING:
            self._start = now()

    def within(self, seconds: float) -> Deadline:
        """Return a deadline ``seconds`` from now, or this one if it is earlier."""
        return Deadline(min(seconds, self.left))

    def timeout(self, waiting_for: str) -> OsemError:
        """Return the error (TIMEOUT) for something that did not happen in time."""
        return OsemError(
            f"Timed out after {self.seconds:.0f} s waiting for {waiting_for}.",
            code=ErrorCode.TIMEOUT,
            remediation="Run the same command again: it continues; or allow more: --timeout SECONDS.",
        )
