"""Handles Ctrl-C, SIGTERM and SIGHUP alike, without losing one or breaking a cleanup.

Python drops a KeyboardInterrupt that is raised in a finalizer, and ends the process by the
signal itself if one passes through ``exec``. So the request is also stored, and the
exception is a class of its own.
"""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

from osem_tasks.waiting import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

# Closing a terminal sends SIGHUP, which Windows does not have.
_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
# A request within this time repeats the last one, such as a double Ctrl-C. Raising it again
# would interrupt the cleanup that the first one started.
SAME_REQUEST_SECONDS = 1.0


class Interrupted(KeyboardInterrupt):
    """The user or the system asked the task to end."""


class _State:
    requested = False
    shields = 0
    raised_at: float | None = None


def check() -> None:
    """Raise Interrupted for a request whose exception was lost. For wait loops."""
    if _State.requested:
        _raise_unless_shielded()


def is_real(error: BaseException) -> bool:
    """Return whether ``error`` is an interrupt that a signal raised, not the running code.

    A project's code may raise any exception. Without ``listening``, Python itself raises
    KeyboardInterrupt for Ctrl-C, which looks the same.
    """
    alone = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    # Not isinstance: it also calls what the class of the exception defines.
    interrupt = issubclass(type(error), KeyboardInterrupt)
    return interrupt and (_State.requested or (alone and type(error) is KeyboardInterrupt))


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Convert the signals to Interrupted while the body runs, if this is the main thread.

    A request whose exception was lost is raised at the latest when the body ends, so that
    nothing else starts. An ignored SIGHUP (``nohup``) stays ignored.
    """

    def stop(_number: int, _frame: object) -> None:
        _State.requested = True
        if _State.raised_at is None or clock.now() - _State.raised_at > SAME_REQUEST_SECONDS:
            _raise_unless_shielded()

    try:
        previous = [(number, signal.signal(number, stop)) for number in _heard()]
    except ValueError:  # not the main thread: the host program handles signals
        yield
        return
    _State.requested, _State.raised_at = False, None
    try:
        yield
        if _State.raised_at is None:
            check()
    finally:
        _State.requested, _State.raised_at = False, None
        for number, handler in previous:
            signal.signal(number, handler)


def is_shielded() -> bool:
    """Return whether a cleanup is running."""
    return _State.shields > 0


def _heard() -> list[signal.Signals]:
    ignored = signal.SIG_IGN
    return [
        number
        for number in _SIGNALS
        if number is signal.SIGINT or signal.getsignal(number) is not ignored
    ]


def _raise_unless_shielded() -> None:
    if not _State.shields:
        _State.raised_at = clock.now()
        raise Interrupted


@contextlib.contextmanager
def shielded() -> Iterator[None]:
    """Delay further requests, such as a second Ctrl-C, until a cleanup ends."""
    _State.shields += 1
    try:
        yield
    finally:
        _State.shields -= 1
