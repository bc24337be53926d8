"""What a long step tells: rate, size, and the time that is left."""

from __future__ import annotations

import pytest

from osem_tasks.data.meter import Meter, duration
from osem_tasks.waiting.clock import Deadline
from tests.support.still_clock import still_clock


def test_a_meter_tells_rate_size_and_the_time_left() -> None:
    """What an earlier run has done counts as done, and not for the rate."""
    with still_clock() as own:
        meter = Meter("dumping Teams", 1000, Deadline(60), known=200)
        own.pass_(10)
        meter.advance(400, 2_500_000)

    assert (meter.step.done, meter.step.total, meter.step.unit) == (600, 1000, "items")
    assert meter.step.note == "40 a second, 2.5 MB, about 10 s left"


def test_a_table_that_holds_more_than_was_counted_gets_a_larger_total() -> None:
    """DynamoDB's own count may be six hours old."""
    with still_clock() as own:
        meter = Meter("dumping Teams", 10, Deadline(60))
        own.pass_(1)
        meter.advance(15)

    assert (meter.step.total, meter.step.note) == (15, "15 a second")


def test_an_unknown_total_shows_the_count() -> None:
    """Where DynamoDB tells 0 items, the number that was read stands in the note."""
    with still_clock() as own:
        meter = Meter("counting Teams", 0, Deadline(60))
        own.pass_(2)
        meter.advance(1500)

    assert (meter.step.total, meter.step.note) == (0, "1,500 items, 750 a second")


def test_progress_begins_the_deadline_again() -> None:
    """A dump may take hours; only a standstill ends it."""
    with still_clock() as own:
        deadline = Deadline(60)
        meter = Meter("dumping Teams", 10, deadline)
        for _ in range(5):
            own.pass_(50)
            assert not deadline.passed
            meter.advance(1)
        own.pass_(61)

        assert deadline.passed


@pytest.mark.parametrize(
    "seconds, text", [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "60 min"), (5400, "1.5 h")]
)
def test_a_duration_has_one_unit(seconds: float, text: str) -> None:
    """The one that fits."""
    assert duration(seconds) == text
