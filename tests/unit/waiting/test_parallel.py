"""Calls side by side: in order, bounded, and the first failure is the one that is raised."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.waiting.parallel import side_by_side

# Longer than any healthy machine needs to start a few threads; reached only by a failure.
PATIENCE = 30.0


@given(st.lists(st.integers(), max_size=30), st.integers(1, 8))
def test_results_come_in_the_order_of_the_values(values: list[int], workers: int) -> None:
    """Whichever call ends first, its result stands where its value stood."""
    assert side_by_side(lambda value: value * 2, values, workers) == [value * 2 for value in values]


def test_as_many_calls_as_workers_run_at_the_same_time() -> None:
    """Calls that wait for each other all come to their end."""
    together = threading.Barrier(4)

    assert sorted(side_by_side(lambda _: together.wait(PATIENCE), range(4), 4)) == [0, 1, 2, 3]


@given(st.integers(1, 5), st.integers(2, 20))
def test_no_more_calls_than_workers_run_at_the_same_time(workers: int, number: int) -> None:
    """The number of calls under way never exceeds the number of workers."""
    lock = threading.Lock()
    running = most = 0

    def call(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        with lock:
            running -= 1

    side_by_side(call, range(number), workers)

    assert most <= workers
    assert running == 0


def test_one_value_needs_no_thread() -> None:
    """A single call runs in the caller's own thread."""
    assert side_by_side(lambda _: threading.current_thread(), [1], 4) == [
        threading.current_thread()
    ]


def test_the_threads_hold_up_no_exit() -> None:
    """Ctrl-C need not wait for a call that hangs: every thread is a daemon."""
    threads = side_by_side(lambda _: threading.current_thread(), range(3), 3)

    assert {thread.daemon for thread in threads} == {True}


def test_the_failure_of_the_first_value_is_raised() -> None:
    """Of several failures the one counts whose value comes first; all calls have ended by then."""
    together = threading.Barrier(3)

    def fail(value: int) -> None:
        together.wait(PATIENCE)
        raise ValueError(str(value))

    with pytest.raises(ValueError, match="0"):
        side_by_side(fail, range(3), 3)


@given(st.integers(0, 9))
def test_no_call_begins_after_a_failure(position: int) -> None:
    """With one worker, what comes after the failure is left alone."""
    called: list[int] = []

    def call(value: int) -> None:
        called.append(value)
        if value == position:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side(call, range(10), 1)

    assert called == [*range(position + 1)]
