"""Deadlines and pauses, told from values: nothing here sleeps."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.clock import Backoff, Deadline


def past() -> Deadline:
    """A deadline that is over."""
    return Deadline(10, time.monotonic() - 3600)


def far() -> Deadline:
    """A deadline that is a long way off."""
    return Deadline(10**9)


def test_deadline_that_is_over_raises() -> None:
    """A deadline that is over is a TIMEOUT that names what was waited for, and how long."""
    with pytest.raises(OsemError) as caught:
        past().check("Teams, Users")

    assert ErrorCode.TIMEOUT is caught.value.code
    assert caught.value.message == "Waited 10 s for Teams, Users, and it is not there yet."


def test_deadline_that_is_far_off_does_not_raise() -> None:
    """Before the deadline ``check`` does nothing, and something is left."""
    deadline = far()
    deadline.check("Teams")

    assert deadline.left > 0


def test_nothing_is_left_after_the_deadline() -> None:
    """``left`` never falls below zero; ``elapsed`` goes on."""
    assert past().left == 0.0
    assert past().elapsed >= 3600


def test_no_time_at_all_is_over_at_once() -> None:
    """A deadline of zero seconds is over when it is made."""
    assert Deadline(0).left == 0.0


@pytest.mark.parametrize(
    "first, ceiling, expected",
    [
        pytest.param(1.0, 8.0, [1.0, 2.0, 4.0, 8.0, 8.0], id="doubles-to-the-ceiling"),
        pytest.param(1.0, 5.0, [1.0, 2.0, 4.0, 5.0, 5.0], id="ceiling-in-between"),
        pytest.param(2.0, 2.0, [2.0, 2.0, 2.0, 2.0, 2.0], id="ceiling-at-once"),
    ],
)
def test_pauses_double(first: float, ceiling: float, expected: list[float]) -> None:
    """Each pause is twice the one before, up to the ceiling."""
    backoff = Backoff(first, ceiling)

    assert expected == [backoff.pause() for _ in expected]


def test_reset_begins_again() -> None:
    """After a reset the shortest pause comes first."""
    backoff = Backoff(1.0, 8.0)
    backoff.pause()
    backoff.pause()
    backoff.reset()

    assert backoff.pause() == 1.0


@pytest.mark.parametrize(
    "deadline, expected", [(past(), 0.0), (far(), 4.0), (None, 4.0)], ids=["past", "far", "none"]
)
def test_pause_ends_with_the_deadline(deadline: Deadline | None, expected: float) -> None:
    """A pause is never longer than what the deadline leaves."""
    assert expected == Backoff(4.0, 8.0).pause(deadline)


@given(st.floats(0.01, 10), st.floats(10, 100), st.integers(1, 8))
def test_jitter_takes_at_most_half(first: float, ceiling: float, tries: int) -> None:
    """With jitter a pause lies between half of what it would be and the whole."""
    plain, jittered = Backoff(first, ceiling), Backoff(first, ceiling, jitter=True)
    pairs = [(plain.pause(), jittered.pause()) for _ in range(tries)]

    assert [pair for pair in pairs if not pair[0] / 2 <= pair[1] <= pair[0]] == []
