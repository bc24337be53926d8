"""Deadlines, told from values: nothing here sleeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.errors import ErrorCode
from osem_tasks.waiting import clock
from osem_tasks.waiting.clock import Deadline
from tests.support.still_clock import still_clock


def past() -> Deadline:
    """A deadline that is over."""
    return Deadline(10, clock.now() - 3600)


def far() -> Deadline:
    """A deadline that is a long way off."""
    return Deadline(10**9)


def test_a_deadline_names_what_was_waited_for() -> None:
    """A deadline that is over gives a TIMEOUT with what was waited for, and how long."""
    assert past().passed

    error = past().timeout("Teams, Users")

    assert ErrorCode.TIMEOUT is error.code
    assert error.message == "Timed out after 10 s waiting for Teams, Users."
    assert "--timeout" in error.remediation


def test_deadline_that_is_far_off_has_not_passed() -> None:
    """Before the deadline it has not passed, and something is left."""
    deadline = far()

    assert (deadline.passed, deadline.left > 0) == (False, True)


def test_nothing_is_left_after_the_deadline() -> None:
    """``left`` never falls below zero; ``elapsed`` goes on."""
    assert past().left == 0.0
    assert past().elapsed >= 3600


def test_no_time_at_all_is_over_at_once() -> None:
    """A deadline of zero seconds is over when it is made."""
    assert Deadline(0).left == 0.0
    assert Deadline(0).passed


@given(st.floats(0.1, 1000), st.floats(0.1, 1000))
def test_a_window_ends_no_later_than_its_deadline(seconds: float, window: float) -> None:
    """``within`` gives the earlier of the two ends, counted from now."""
    with still_clock() as own:
        deadline = Deadline(seconds)
        own.pass_(seconds / 2)

        inner = deadline.within(window)

        assert inner.seconds == pytest.approx(min(window, seconds / 2), abs=1e-4)
        assert inner.left <= deadline.left + 1e-4


def test_a_sleep_takes_the_time_that_it_is_given() -> None:
    """The one place that really sleeps; the package waits by it alone."""
    before = clock.now()

    clock.sleep(0)

    assert clock.now() >= before


def test_the_clock_cannot_be_set() -> None:
    """A later reading is never smaller."""
    readings = [clock.now() for _ in range(100)]

    assert readings == sorted(readings)
