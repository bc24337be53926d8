"""Waiting: the one loop of the package that looks, pauses and looks again.

After the deadline nothing looks again and nothing spins; an interrupt ends every wait.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

from osem_tasks.errors import OsemError
from osem_tasks.waiting import clock, interrupts, policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from osem_tasks.waiting.clock import Deadline
    from osem_tasks.waiting.policy import Pauses, Tries

T = TypeVar("T")


class Backoff:
    """The pauses of one wait."""

    def __init__(self, pauses: Pauses) -> None:
        self._pauses = pauses
        self._next = pauses.first

    def next(self) -> float:
        """The length of the next pause; the one after it is twice as long."""
        length, self._next = self._next, min(self._pauses.longest, self._next * 2)
        return length * (random.uniform(0.5, 1.0) if self._pauses.jitter else 1.0)  # noqa: S311

    def reset(self) -> None:
        """Start again with the shortest pause, because something has moved."""
        self._next = self._pauses.first

    def sleep(self, deadline: Deadline) -> None:
        """Pause, not beyond ``deadline``. Raises Interrupted."""
        interrupts.check()
        clock.sleep(min(self.next(), deadline.left))


def poll(
    read: Callable[[], T],
    done: Callable[[T], bool],
    deadline: Deadline,
    backoff: Backoff | None = None,
) -> T:
    """The first value of ``read`` that is ``done``, or the last one before ``deadline``."""
    backoff = backoff or Backoff(policy.current().poll)
    while True:
        value = read()
        if done(value) or deadline.passed:
            return value
        backoff.sleep(deadline)


def wait_until(
    check: Callable[[], T | None],
    deadline: Deadline,
    waiting_for: Callable[[], str],
    backoff: Backoff | None = None,
) -> T:
    """What ``check`` gives once it is not None.

    Raises OsemError (TIMEOUT) after ``deadline``, in which ``waiting_for`` names what is
    missing.
    """
    found = poll(check, lambda value: value is not None, deadline, backoff)
    if found is None:
        raise deadline.timeout(waiting_for())
    return found


def retry(
    attempt: Callable[[], T],
    deadline: Deadline,
    say: Callable[[str], None],
    tries: Tries | None = None,
) -> T:
    """What ``attempt`` gives, tried again while the policy allows it and time is left.

    Raises the last OsemError. ``say`` is told why a try has to wait.
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
