"""Ends a task that is still running after its deadline: the last resort.

Every wait of the package ends at its deadline, but a single call may still hang: a response
that arrives byte by byte never exceeds a network timeout. An alarm then raises TimeUp in the
main thread.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

from osem_tasks.waiting import interrupts, policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.errors import OsemError
    from osem_tasks.waiting.clock import Deadline


# About three years: an alarm does not accept arbitrarily large values.
LONGEST = 1e8


class TimeUp(KeyboardInterrupt):
    """The deadline has passed, and a call has not returned.

    Not an Exception, so that botocore or a retry cannot catch it and continue. ``error`` is
    the OsemError (TIMEOUT) to report.
    """

    def __init__(self, error: OsemError) -> None:
        super().__init__(error.message)
        self.error = error


class _State:
    deadline: Deadline | None = None


@contextlib.contextmanager
def watching() -> Iterator[None]:
    """Enable ``watch`` while the body runs, if this is the main thread of a POSIX system."""
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        yield
        return
    previous = signal.signal(signal.SIGALRM, _raise)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        _State.deadline = None


def watch(deadline: Deadline) -> None:
    """End the task if it is still running some time after ``deadline``."""
    if hasattr(signal, "setitimer") and signal.getsignal(signal.SIGALRM) is _raise:
        _State.deadline = deadline
        overtime = policy.current().overtime
        # Repeat the alarm: Python drops an exception that is raised in a finalizer.
        seconds = min(deadline.left + overtime, LONGEST)
        signal.setitimer(signal.ITIMER_REAL, seconds, max(overtime, 0.1))


def _raise(_number: int, _frame: object) -> None:
    deadline = _State.deadline
    if not deadline or interrupts.is_shielded():
        return
    if deadline.passed:
        raise TimeUp(deadline.timeout("an answer that does not end"))
    watch(deadline)  # it was restarted
