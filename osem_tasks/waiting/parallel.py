"""Runs a limited number of calls in parallel."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

A = TypeVar("A")
B = TypeVar("B")


def side_by_side(function: Callable[[A], B], values: Sequence[A], workers: int) -> list[B]:
    """Call ``function`` for every value, ``workers`` at a time; return the results in order.

    The first failure is raised once all calls have ended. The threads are daemons: unlike the
    standard library's pool, they do not make Ctrl-C wait for calls that hang.
    """
    if len(values) == 1:
        return [function(values[0])]
    todo: SimpleQueue[tuple[int, A]] = SimpleQueue()
    for position in enumerate(values):
        todo.put(position)
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
