"""Deadlines and waits between tries."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

from osem_tasks import interrupts
from osem_tasks.errors import ErrorCode, OsemError


@dataclass(slots=True)
class Deadline:
    """A point in time by which a task has to end; ``seconds`` from its making."""

    seconds: float
    _start: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._start

    @property
    def left(self) -> float:
        """Seconds that remain, never below zero."""
        return max(0.0, self.seconds - self.elapsed)

    def check(self, waiting_for: str) -> None:
        """Raise OsemError (TIMEOUT) once nothing is left."""
        if self.left <= 0:
            raise OsemError(
                f"Waited {self.seconds:.0f} s for {waiting_for}, and it is not there yet.",
                code=ErrorCode.TIMEOUT,
                remediation="Run the same command again, it carries on; or give --timeout SECONDS.",
            )


@dataclass(slots=True)
class Backoff:
    """Pauses that double from ``first`` to ``ceiling`` seconds.

    ``jitter`` takes a random share of each, so that two runs do not go on colliding.
    """

    first: float
    ceiling: float
    jitter: bool = False
    _next: float = field(init=False)

    def __post_init__(self) -> None:
        self._next = self.first

    def pause(self, deadline: Deadline | None = None) -> float:
        """The next pause, cut to what ``deadline`` leaves. Raises Interrupted if that is asked."""
        interrupts.check()
        length = self._next * (random.uniform(0.5, 1.0) if self.jitter else 1.0)  # noqa: S311
        self._next = min(self.ceiling, self._next * 2)
        return min(length, deadline.left) if deadline else length

    def reset(self) -> None:
        """Begin again with the shortest pause, because something has moved."""
        self._next = self.first
