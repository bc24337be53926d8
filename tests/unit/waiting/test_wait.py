"""The one waiting loop: it looks, pauses and looks again, and ends at the deadline.

Nothing here sleeps: the clock is the test's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import interrupts
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.policy import Pauses, Policy, Tries, using
from osem_tasks.waiting.wait import Backoff, Timed, poll, retry, wait_until
from tests.support.still_clock import StillClock, still_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _pytest.mark import ParameterSet

PAUSES = Pauses(1.0, 4.0)
SECONDS = st.floats(0.0, 20.0)
SOME_PAUSES = st.tuples(st.floats(0.1, 2.0), st.floats(0.0, 8.0), st.booleans()).map(
    lambda parts: Pauses(parts[0], parts[0] + parts[1], jitter=parts[2])
)


@pytest.fixture(name="own")
def _own_clock() -> Iterator[StillClock]:
    """The clock of one test, with pauses of one to four seconds."""
    with still_clock() as own, using(Policy(poll=PAUSES, retry=PAUSES)):
        yield own


@pytest.mark.parametrize(
    "first, longest, expected",
    [
        pytest.param(1.0, 8.0, [1.0, 2.0, 4.0, 8.0, 8.0], id="doubles-to-the-longest"),
        pytest.param(1.0, 5.0, [1.0, 2.0, 4.0, 5.0, 5.0], id="longest-in-between"),
        pytest.param(2.0, 2.0, [2.0, 2.0, 2.0, 2.0, 2.0], id="longest-at-once"),
    ],
)
def test_pauses_double(first: float, longest: float, expected: list[float]) -> None:
    """Each pause is twice the one before, up to the longest."""
    backoff = Backoff(Pauses(first, longest))

    assert expected == [backoff.next() for _ in expected]


def test_reset_begins_again() -> None:
    """After a reset the shortest pause comes first."""
    backoff = Backoff(Pauses(1.0, 8.0))
    backoff.next()
    backoff.next()
    backoff.reset()

    assert backoff.next() == 1.0


@pytest.mark.parametrize(
    "seconds, expected", [(0.0, 0.0), (10**9, 4.0), (1.5, 1.5)], ids=["past", "far", "near"]
)
def test_a_pause_ends_with_the_deadline(own: StillClock, seconds: float, expected: float) -> None:
    """A pause is never longer than what the deadline leaves."""
    Backoff(Pauses(4.0, 8.0)).sleep(Deadline(seconds))

    assert own.slept == [pytest.approx(expected, abs=1e-4)]


@pytest.mark.parametrize("left, pause", [(2.0, 2.0), (0.0, 0.0), (-5.0, 0.0)])
def test_a_pause_until_something_is_due_ends_just_after(left: float, pause: float) -> None:
    """Never before, so that one pause is enough, and never at once, so that no wait spins."""
    length = Timed(lambda: left).next()

    assert pause < length <= pause + 0.01


@given(st.floats(0.01, 10), st.floats(10, 100), st.integers(1, 8))
def test_jitter_takes_at_most_half(first: float, longest: float, tries: int) -> None:
    """With jitter a pause lies between half of what it would be and the whole."""
    plain, jittered = Backoff(Pauses(first, longest)), Backoff(Pauses(first, longest, jitter=True))
    pairs = [(plain.next(), jittered.next()) for _ in range(tries)]

    assert [pair for pair in pairs if not pair[0] / 2 <= pair[1] <= pair[0]] == []


@pytest.mark.usefixtures("own")
def test_an_interrupt_that_was_lost_ends_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request to end that came while nobody listened is found before the next pause."""
    monkeypatch.setattr(interrupts._State, "requested", True)

    with pytest.raises(interrupts.Interrupted):
        poll(lambda: None, lambda _: False, Deadline(60))


def looks(
    own: StillClock, deadline: Deadline, cost: float = 0.0
) -> tuple[list[bool], Callable[[], None]]:
    """A look that never finds anything, and for each whether it began after the deadline."""
    late: list[bool] = []

    def look() -> None:
        late.append(deadline.passed)
        own.pass_(cost)

    return late, look


@given(SECONDS, SOME_PAUSES, st.floats(0.0, 1.0))
def test_no_wait_looks_again_after_the_deadline(
    seconds: float, pauses: Pauses, cost: float
) -> None:
    """One look ends a wait that is over, and none spins: the pauses bound the looks before it."""
    shortest = pauses.first / 2 if pauses.jitter else pauses.first
    with still_clock() as own:
        deadline = Deadline(seconds)
        late, look = looks(own, deadline, cost)

        found = poll(look, lambda _: False, deadline, Backoff(pauses))

        assert found is None
        assert late[:-1] == [False] * (len(late) - 1)
        assert len(late) <= seconds / shortest + 2
        assert deadline.elapsed >= seconds


@given(SECONDS, SOME_PAUSES)
def test_waiting_in_vain_is_a_timeout(seconds: float, pauses: Pauses) -> None:
    """``wait_until`` ends with TIMEOUT at the deadline, after a bounded number of looks."""
    shortest = pauses.first / 2 if pauses.jitter else pauses.first
    with still_clock() as own:
        deadline = Deadline(seconds)
        late, look = looks(own, deadline)

        with pytest.raises(OsemError) as caught:
            wait_until(look, deadline, lambda: "Teams", Backoff(pauses))

        assert caught.value.code is ErrorCode.TIMEOUT
        assert "waiting for Teams" in caught.value.message
        assert len(late) <= seconds / shortest + 2
        assert sum(own.slept) <= seconds


@given(SECONDS, SOME_PAUSES)
def test_retrying_in_vain_raises_the_last_error(seconds: float, pauses: Pauses) -> None:
    """``retry`` ends with the failure itself at the deadline, after a bounded number of tries."""
    shortest = pauses.first / 2 if pauses.jitter else pauses.first
    with still_clock(), using(Policy(retry=pauses)):
        deadline = Deadline(seconds)
        tried: list[OsemError] = []

        with pytest.raises(OsemError) as caught:
            retry(failing(tried, ErrorCode.THROTTLED), deadline, lambda _: None)

        assert caught.value is tried[-1]
        assert len(tried) <= seconds / shortest + 2


def failing(tried: list[OsemError], *codes: ErrorCode) -> Callable[[], str]:
    """An attempt that fails with these codes in turn, the last one for ever."""

    def attempt() -> str:
        code = codes[min(len(tried), len(codes) - 1)]
        tried.append(OsemError(f"number {len(tried)}", code=code, remediation="-"))
        raise tried[-1]

    return attempt


@given(st.integers(0, 20), st.floats(30.0, 60.0))
def test_poll_gives_the_first_value_that_is_done(number: int, seconds: float) -> None:
    """The value comes from the first look that satisfies, and no look follows it."""
    with still_clock():
        seen: list[int] = []

        def count() -> int:
            seen.append(len(seen))
            return seen[-1]

        found = poll(
            count, lambda value: value == number, Deadline(seconds), Backoff(Pauses(1.0, 1.0))
        )

        assert (found, len(seen)) == (number, number + 1)


def test_poll_gives_the_last_value_where_none_is_done(own: StillClock) -> None:
    """A wait without an error of its own leaves the judgement to its caller."""
    values = iter(range(100))

    found = poll(lambda: next(values), lambda _: False, Deadline(3))

    assert found == len(own.slept)


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("value", [0, False, "", ()], ids=repr)
def test_only_none_is_waited_for(value: object) -> None:
    """A check that gives something empty has found it."""
    assert wait_until(lambda: value, Deadline(0), lambda: "it") == value


def test_pauses_come_from_the_policy_where_none_are_given(own: StillClock) -> None:
    """``poll`` pauses by the policy's intervals, which double to the longest."""
    poll(lambda: None, lambda _: False, Deadline(12))

    assert own.slept[:4] == [1.0, 2.0, 4.0, 4.0]


LOST, LATE, BUSY = ErrorCode.NETWORK_ERROR, ErrorCode.TIMEOUT, ErrorCode.THROTTLED
DENIED = ErrorCode.AWS_PERMISSIONS_DENIED


def tries(codes: tuple[ErrorCode, ...], repeatable: bool, number: int, name: str) -> ParameterSet:
    """A row of the table below."""
    return pytest.param(codes, Tries(repeatable=repeatable), number, id=name)


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    "codes, allowed, number",
    [
        tries((DENIED,), True, 1, "a-refusal-is-final"),
        tries((BUSY, BUSY, DENIED), True, 3, "throttling-is-waited-out"),
        tries((BUSY, BUSY, DENIED), False, 3, "throttling-of-what-may-not-be-repeated"),
        tries((LOST, LOST, LOST, LOST), True, 3, "three-lost-answers-in-a-row"),
        tries((LOST, LATE, LOST, LATE), True, 3, "lost-and-late-alike"),
        tries((LOST,), False, 1, "a-lost-answer-of-what-may-not-be-repeated"),
        tries((LOST, BUSY, LOST, DENIED), True, 4, "throttling-is-no-lost-answer"),
    ],
)
def test_what_is_tried_again(codes: tuple[ErrorCode, ...], allowed: Tries, number: int) -> None:
    """The policy decides by the kind of failure and the kind of request."""
    tried: list[OsemError] = []

    with pytest.raises(OsemError) as caught:
        retry(failing(tried, *codes), Deadline(10**6), lambda _: None, allowed)

    assert len(tried) == number
    assert caught.value is tried[-1]


@pytest.mark.usefixtures("own")
def test_a_retry_says_why_it_waits() -> None:
    """Every try but the last is told with its cause; what succeeds is given back."""
    tried: list[OsemError] = []
    told: list[str] = []
    fail = failing(tried, ErrorCode.THROTTLED)

    def attempt() -> str:
        return "done" if len(tried) == 2 else fail()

    assert retry(attempt, Deadline(100), told.append) == "done"
    assert told == ["trying again: number 0", "trying again: number 1"]


def test_a_retry_ends_where_the_deadline_passes_in_between(own: StillClock) -> None:
    """No pause and no further try, however the time went by."""
    tried: list[OsemError] = []

    with pytest.raises(OsemError) as caught:
        retry(failing(tried, ErrorCode.THROTTLED), Deadline(10), lambda _: own.pass_(20))

    assert caught.value is tried[-1]
    assert (len(tried), own.slept) == (1, [])
