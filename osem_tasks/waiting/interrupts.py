"""Ctrl-C, SIGTERM and SIGHUP as one thing that is never lost and never breaks a clean-up.

Python drops a KeyboardInterrupt that lands in a finaliser, and ends the process by the
signal itself when one passes through ``exec``. So the request is also remembered, and
what is raised is a class of its own.
"""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

from osem_tasks.waiting import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

# A closed terminal sends SIGHUP, which Windows does not have.
_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
# For so long after a request another one is the same: somebody presses Ctrl-C twice. Raised
# again, it would land in the clean-up that the first has begun.
SAME_REQUEST_SECONDS = 1.0


class Interrupted(KeyboardInterrupt):
    """Somebody wants the task to end."""


class _State:
    requested = False
    shields = 0
    raised_at: float | None = None


def check() -> None:
    """Raise Interrupted when a request came that was lost on its way. For waiting loops."""
    if _State.requested:
        _raise_unless_shielded()


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Turn the signals into Interrupted while the body runs, if this is the main thread.

    A request that was lost on its way ends the body at the latest when it has ended itself:
    nothing that follows may begin. A SIGHUP that is ignored (``nohup``) stays ignored.
    """

    def stop(_number: int, _frame: object) -> None:
        _State.requested = True
        if _State.raised_at is None or clock.now() - _State.raised_at > SAME_REQUEST_SECONDS:
            _raise_unless_shielded()

    try:
        previous = [(number, signal.signal(number, stop)) for number in _heard()]
    except ValueError:  # not the main thread: signals are the host program's business
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
    """Whether a clean-up is under way."""
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
    """Let a clean-up end before a further request counts: an impatient second Ctrl-C."""
    _State.shields += 1
    try:
        yield
    finally:
        _State.shields -= 1
