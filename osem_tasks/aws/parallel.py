"""Calls side by side, in bounds: so many at a time, and so many a second."""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

A = TypeVar("A")
B = TypeVar("B")


def side_by_side(function: Callable[[A], B], values: Sequence[A], workers: int) -> list[B]:
    """``function`` of every value, in order, at most ``workers`` at a time.

    The first failure is raised once all have ended. The threads are daemons: Ctrl-C need
    not wait for calls that hang, as it would with the standard library's pool.
    """
    if len(values) == 1:
        return [function(values[0])]
    todo: SimpleQueue[tuple[int, A]] = SimpleQueue()
    for each in enumerate(values):
        todo.put(each)
    results: dict[int, B] = {}
    failures: dict[int, BaseException] = {}
    done = threading.Semaphore(0)

    def work() -> None:
        try:
            while not failures:
                index, value = todo.get_nowait()
                try:
                    results[index] = function(value)
                except BaseException as error:  # noqa: BLE001  raised again by the caller
                    failures[index] = error
        except Empty:
            pass
        finally:
            done.release()

    count = min(workers, len(values))
    for _ in range(count):
        threading.Thread(target=work, daemon=True).start()
    for _ in range(count):
        done.acquire()
    if failures:
        raise failures[min(failures)]
    return [results[index] for index in range(len(values))]


class Pace:
    """At most ``rate`` calls a second, after a first burst of as many."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._tokens = float(rate)
        self._last = time.monotonic()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next call may be made."""
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._rate, self._tokens + (now - self._last) * self._rate)
            self._last = now
            self._tokens -= 1
            pause = max(0.0, -self._tokens / self._rate)
        if pause:
            time.sleep(pause)
