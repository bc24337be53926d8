"""Calls a function at regular intervals beside the work of a task."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def regularly(call: Callable[[], None], seconds: float) -> Iterator[None]:
    """Call ``call`` every ``seconds`` while the body runs, in a thread that nothing waits for.

    A thread, because the body may be in a call that does not return for a long time. A last
    call may still be under way when the body has ended.
    """
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(seconds):
            call()

    threading.Thread(target=work, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
