"""The package's only polling loop.

It does not check again after the deadline, and it never spins. An interrupt ends any wait.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar

from osem_tasks.errors import OsemError
from osem_tasks.waiting import clock, interrupts, policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from osem_tasks.waiting.clock import Deadline
    from osem_tasks.waiting.policy import Pauses, Tries

T = TypeVar("T")


_MARGIN = 0.001


class Pause(ABC):
    """The pauses of one wait."""

    @abstractmethod
    def next(self) -> float:
        """Return the length of the next pause, in seconds."""

    def sleep(self, deadline: Deadline) -> None:
        """Pause until ``deadline`` at most. Raises Interrupted."""
        interrupts.check()
        clock.sleep(min(self.next(), deadline.left))


class Backoff(Pause):
    """Pauses that double."""

    def __init__(self, pauses: Pauses) -> None:
        self._pauses = pauses
        self._next = pauses.first

    def next(self) -> float:
        """Return the length of the next pause, and double the one after it."""
        length, self._next = self._next, min(self._pauses.longest, self._next * 2)
        return length * (random.uniform(0.5, 1.0) if self._pauses.jitter else 1.0)  # noqa: S311

    def reset(self) -> None:
        """Restart with the shortest pause, after progress."""
        self._next = self._pauses.first


class Timed(Pause):
    """Pauses until the next thing is due; ``left`` returns how many seconds that is."""

    def __init__(self, left: Callable[[], float]) -> None:
        self._left = left

    def next(self) -> float:
        """Return the seconds that are left, and a little more, so that it is due by then."""
        return max(0.0, self._left()) + _MARGIN


def poll(
    read: Callable[[], T],
    done: Callable[[T], bool],
    deadline: Deadline,
    pause: Pause | None = None,
) -> T:
    """Return the first value of ``read`` that is ``done``, or the last one before ``deadline``."""
    pause = pause or Backoff(policy.current().poll)
    while True:
        value = read()
        if done(value) or deadline.passed:
            return value
        pause.sleep(deadline)


def wait_until(
    check: Callable[[], T | None],
    deadline: Deadline,
    waiting_for: Callable[[], str],
    pause: Pause | None = None,
) -> T:
    """Return the first value of ``check`` that is not None.

    Raises OsemError (TIMEOUT) after ``deadline``; ``waiting_for`` returns the description of
    what is missing.
    """
    found = poll(check, lambda value: value is not None, deadline, pause)
    if found is None:
        raise deadline.timeout(waiting_for())
    return found


def retry(
    attempt: Callable[[], T],
    deadline: Deadline,
    say: Callable[[str], None],
    tries: Tries | None = None,
) -> T:
    """Return the result of ``attempt``, retried while the policy and the deadline allow it.

    Raises the last OsemError. ``say`` receives the reason for each wait.
    """
    tries = tries or policy.Tries(repeatable=False)

    def once() -> T | OsemError:
        try:
            return attempt()
        except OsemError as error:
            if not tries.allows(error) or deadline.passed:
                raise
            say(f"trying again: {error.message}")
            return error

    backoff = Backoff(policy.current().retry)
    result = poll(once, lambda value: not isinstance(value, OsemError), deadline, backoff)
    if isinstance(result, OsemError):
        raise result
    return result
