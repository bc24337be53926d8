"""The clock of the package, and deadlines on it. Nothing else reads the time to wait by it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from osem_tasks.errors import ErrorCode, OsemError


def now() -> float:
    """Seconds on a clock that nobody can set."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """Do nothing for ``seconds``."""
    time.sleep(seconds)


@dataclass(slots=True)
class Deadline:
    """A point in time by which a task must end: ``seconds`` after it was made."""

    seconds: float
    _start: float = field(default_factory=lambda: now())  # noqa: PLW0108  a test's own clock

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return now() - self._start

    @property
    def left(self) -> float:
        """Seconds that remain, never below zero."""
        return max(0.0, self.seconds - self.elapsed)

    @property
    def passed(self) -> bool:
        """Whether no time remains."""
        return self.left <= 0

    def within(self, seconds: float) -> Deadline:
        """A deadline ``seconds`` from now, or this one where it comes earlier."""
        return Deadline(min(seconds, self.left))

    def timeout(self, waiting_for: str) -> OsemError:
        """The error (TIMEOUT) for something that did not happen before the deadline."""
        return OsemError(
            f"Timed out after {self.seconds:.0f} s waiting for {waiting_for}.",
            code=ErrorCode.TIMEOUT,
            remediation="Run the same command again: it continues; or allow more: --timeout SECONDS.",
        )
