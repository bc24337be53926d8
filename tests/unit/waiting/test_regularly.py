"""Calls beside the work: they come while it goes on, and not after it."""

from __future__ import annotations

import threading

import pytest

from osem_tasks.waiting.regularly import regularly

PATIENCE = 30.0


def test_it_is_called_again_and_again_while_the_body_blocks() -> None:
    """The body is in a call that does not return; the calls come all the same."""
    calls = threading.Semaphore(0)

    with regularly(calls.release, 0.001):
        came = [calls.acquire(timeout=PATIENCE) for _ in range(3)]

    assert came == [True, True, True]


@pytest.mark.parametrize("failure", [None, KeyboardInterrupt, ValueError], ids=str)
def test_it_ends_with_the_body(failure: type[BaseException] | None) -> None:
    """However the body ends, its thread ends too."""
    before = set(threading.enumerate())
    seen: list[threading.Thread] = []
    called = threading.Event()

    def call() -> None:
        seen.append(threading.current_thread())
        called.set()

    def body() -> None:
        with regularly(call, 0.001):
            assert called.wait(PATIENCE)
            if failure:
                raise failure

    if failure:
        with pytest.raises(failure):
            body()
    else:
        body()
    seen[0].join(PATIENCE)

    assert not seen[0].is_alive()
    assert seen[0] not in before


def test_a_short_body_is_not_interrupted() -> None:
    """What ends within the interval causes no call."""
    calls: list[None] = []

    with regularly(lambda: calls.append(None), 3600.0):
        pass

    assert calls == []
