"""A call that ends in time."""

from __future__ import annotations

import threading

import pytest

from osem_tasks.waiting.bounded import bounded


def test_a_result_passes() -> None:
    """What the call gives is given."""
    assert bounded(lambda: 5, 60) == 5


def test_a_failure_passes() -> None:
    """What the call raises is raised here."""
    with pytest.raises(ZeroDivisionError):
        bounded(lambda: 1 // 0, 60)


def test_a_call_that_hangs_is_left() -> None:
    """It goes on in its own thread, and nobody waits for it."""
    never = threading.Event()
    with pytest.raises(TimeoutError, match="timed out"):
        bounded(never.wait, 0.01)
    never.set()
