"""Ends a task whose deadline has passed while something does not return: the last bound.

Every wait of the package ends at its deadline. A single call may still hang: a response
that comes byte by byte never runs into a time limit of the network. An alarm then raises
TimeUp in the main thread, wherever it is.
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


# Some years: an alarm takes no number of seconds whatever.
LONGEST = 1e8


class TimeUp(KeyboardInterrupt):
    """The deadline has passed, and a call has not returned.

    No Exception: what botocore or a retry catches must not go on after it. ``error`` is
    the OsemError (TIMEOUT) that tells it.
    """

    def __init__(self, error: OsemError) -> None:
        super().__init__(error.message)
        self.error = error


class _State:
    deadline: Deadline | None = None


@contextlib.contextmanager
def watching() -> Iterator[None]:
    """Let ``watch`` hold while the body runs, if this is the main thread of a POSIX system."""
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
    """End the task when it still runs some time after ``deadline``."""
    if hasattr(signal, "setitimer") and signal.getsignal(signal.SIGALRM) is _raise:
        _State.deadline = deadline
        overtime = policy.current().overtime
        # Again and again: Python drops what is raised in a finaliser.
        seconds = min(deadline.left + overtime, LONGEST)
        signal.setitimer(signal.ITIMER_REAL, seconds, max(overtime, 0.1))


def _raise(_number: int, _frame: object) -> None:
    if _State.deadline and not interrupts.is_shielded():
        raise TimeUp(_State.deadline.timeout("an answer that does not end"))
