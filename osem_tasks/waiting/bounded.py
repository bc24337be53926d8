"""Limits the duration of any call."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def bounded(function: Callable[[], T], seconds: float) -> T:
    """Return or raise the outcome of ``function`` within ``seconds``. Raises TimeoutError.

    A socket timeout restarts with every byte, so a server that sends one byte a second never
    exceeds it. After a timeout the call continues in a daemon thread that nothing waits for.
    """
    results: list[T] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def work() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001  raised again by the caller
            failures.append(error)
        finally:
            done.set()

    threading.Thread(target=work, daemon=True).start()
    if not done.wait(seconds):
        msg = f"timed out after {seconds:g} s"
        raise TimeoutError(msg)
    if failures:
        raise failures[0]
    return results[0]
