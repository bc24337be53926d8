"""Ctrl-C and SIGTERM as one thing that is never lost and never breaks a clean-up.

Python drops a KeyboardInterrupt that lands in a finaliser, and ends the process by the
signal itself when one passes through ``exec``. So the request is also remembered, and
what is raised is a class of its own.
"""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """Somebody wants the task to end."""


class _State:
    requested = False
    shields = 0


def check() -> None:
    """Raise Interrupted when a request came that was lost on its way. For waiting loops."""
    if _State.requested and not _State.shields:
        raise Interrupted


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Turn both signals into Interrupted while the body runs, if this is the main thread."""

    def stop(_number: int, _frame: object) -> None:
        _State.requested = True
        check()

    try:
        previous = [(number, signal.signal(number, stop)) for number in _SIGNALS]
    except ValueError:  # not the main thread: signals are the host program's business
        yield
        return
    _State.requested = False
    try:
        yield
    finally:
        _State.requested = False
        for number, handler in previous:
            signal.signal(number, handler)


def is_shielded() -> bool:
    """Whether a clean-up is under way."""
    return _State.shields > 0


@contextlib.contextmanager
def shielded() -> Iterator[None]:
    """Let a clean-up end before a further request counts: an impatient second Ctrl-C."""
    _State.shields += 1
    try:
        yield
    finally:
        _State.shields -= 1
