"""Calls at a bounded rate, on a clock of the test's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.waiting import clock
from osem_tasks.waiting.pace import Pace
from tests.support.still_clock import still_clock


@given(st.integers(1, 20), st.integers(1, 60))
def test_a_pace_is_kept(rate: int, calls: int) -> None:
    """After a first burst of ``rate`` calls, each call comes 1/rate seconds after the one before."""
    with still_clock() as own:
        pace = Pace(rate)
        for _ in range(calls):
            pace.wait()

        assert len(own.slept) == max(0, calls - rate)
        assert sum(own.slept) == pytest.approx(max(0, calls - rate) / rate, abs=1e-3)


@given(st.integers(1, 20), st.floats(1.0, 3600.0))
def test_rest_restores_no_more_than_a_burst(rate: int, seconds: float) -> None:
    """However long nothing was called, not more than ``rate`` calls go out at once."""
    with still_clock() as own:
        pace = Pace(rate)
        for _ in range(rate):
            pace.wait()
        own.pass_(seconds)
        for _ in range(rate + 1):
            pace.wait()

        assert len(own.slept) == 1


def test_callers_at_the_same_moment_wait_one_after_the_other() -> None:
    """A place in the row is taken before the pause: the second caller waits for the first one too."""
    with still_clock() as own, pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "sleep", own.slept.append)  # while both wait, no time passes
        pace = Pace(1)
        for _ in range(3):
            pace.wait()

    assert own.slept == [pytest.approx(1.0, abs=1e-3), pytest.approx(2.0, abs=1e-3)]


def test_units_that_a_call_consumed_are_waited_for() -> None:
    """A page of 128 units at 25 a second holds up the next one until they are paid."""
    with still_clock() as own:
        pace = Pace(25)
        pace.wait(128)

        assert sum(own.slept) == pytest.approx((128 - 25) / 25, abs=1e-3)
