"""Short intervals for tests that really wait, and a clock for those that must not."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

import pytest

from osem_tasks.waiting import clock
from osem_tasks.waiting.policy import Pauses, Policy, using

if TYPE_CHECKING:
    from collections.abc import Iterator

# Short enough for a test, and still longer than any answer of a healthy engine.
SHORT = Policy(
    poll=Pauses(0.01, 0.05),
    retry=Pauses(0.02, 0.1, jitter=True),
    visibility=1.0,
    read=0.3,
    connect=0.5,
    items_read=1.0,
    load_record=0.0,
    docker_call=0.5,
    service=0.05,
    service_in_ci=0.05,
    calls_per_second={},
)


class Clock:
    """A clock on which sleeping takes no time."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds, those slept included."""
        return time.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Go on at once, later."""
        with self._lock:
            self._ahead += seconds


@contextlib.contextmanager
def no_waiting(own: Clock) -> Iterator[None]:
    """Have the package sleep on the clock ``own``, and call as often as it likes."""
    with pytest.MonkeyPatch.context() as patch, using(Policy(calls_per_second={})):
        patch.setattr(clock, "now", own.now)
        patch.setattr(clock, "sleep", own.sleep)
        yield
