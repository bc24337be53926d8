"""A call that does not return ends some time after the deadline of its task."""

from __future__ import annotations

import signal
import threading

import pytest

from osem_tasks.errors import ErrorCode
from osem_tasks.waiting import interrupts, watchdog
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.policy import Policy, using

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="only POSIX systems have such an alarm"
)
LONG = 60.0


def hang() -> None:
    """A task that never returns."""
    with using(Policy(overtime=0.01)), watchdog.watching():
        watchdog.watch(Deadline(0.01))
        threading.Event().wait(LONG)


def test_what_hangs_is_ended() -> None:
    """The main thread is reached wherever it is, with the error of its deadline."""
    with pytest.raises(watchdog.TimeUp) as caught:
        hang()

    assert caught.value.error.code is ErrorCode.TIMEOUT


def test_an_alarm_that_is_lost_comes_again() -> None:
    """Python drops what is raised in a finaliser: the alarm repeats until it is heard."""
    hanging = threading.Event()

    with using(Policy(overtime=0.01)), watchdog.watching():
        watchdog.watch(Deadline(0.01))
        for _ in range(2):
            with pytest.raises(watchdog.TimeUp):
                hanging.wait(LONG)


def test_a_clean_up_is_not_broken() -> None:
    """While a clean-up is shielded the alarm waits."""
    with using(Policy(overtime=0.01)), watchdog.watching():
        watchdog.watch(Deadline(0.01))
        with interrupts.shielded():
            signal.raise_signal(signal.SIGALRM)


@pytest.mark.parametrize("seconds", [LONG, 1e9, 1e300])
def test_the_handler_is_put_back(seconds: float) -> None:
    """Afterwards the signal means what it meant before, and nothing is set."""
    before = signal.getsignal(signal.SIGALRM)

    with watchdog.watching():
        watchdog.watch(Deadline(seconds))

    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_elsewhere_nothing_is_set() -> None:
    """Without a task, and in another thread, no alarm is set."""
    watchdog.watch(Deadline(LONG))

    def body() -> None:
        with watchdog.watching():
            watchdog.watch(Deadline(LONG))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_deadline_that_began_again_is_watched_on() -> None:
    """A task that makes progress is not ended at its first deadline, and still at its last."""
    deadline = Deadline(0.05)

    with using(Policy(overtime=0.01)), watchdog.watching():
        watchdog.watch(deadline)
        for _ in range(20):
            deadline.restart()
            threading.Event().wait(0.01)
        with pytest.raises(watchdog.TimeUp):
            threading.Event().wait(LONG)

    assert deadline.passed
