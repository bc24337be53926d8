"""A clock of a test's own: it moves by sleeping, and by a little whenever it is read."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import pytest

from osem_tasks.waiting import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

# Reading a clock takes time too: what only reads it comes to its end.
TICK = 1e-6
# More than any test's wait needs: a wait that spins fails here, instead of never ending.
MAX_PAUSES = 1_000
MAX_READINGS = 100_000


class StillClock:
    """Seconds that pass only here; ``slept`` are the pauses that were made, in order."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._now = 0.0
        self._readings = 0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since the clock was made."""
        with self._lock:
            self._readings += 1
            assert self._readings <= MAX_READINGS, "a wait spins"
            self._now += TICK
            return self._now

    def sleep(self, seconds: float) -> None:
        """Go on at once, ``seconds`` later."""
        with self._lock:
            assert len(self.slept) < MAX_PAUSES, "a wait does not end"
            self.slept.append(seconds)
            self._now += seconds

    def pass_(self, seconds: float) -> None:
        """Let ``seconds`` go by that nobody slept: a call that takes its time."""
        with self._lock:
            self._now += seconds


@contextlib.contextmanager
def still_clock() -> Iterator[StillClock]:
    """Have the package read and sleep on a clock of the test's own while the body runs."""
    own = StillClock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", own.now)
        patch.setattr(clock, "sleep", own.sleep)
        yield own
