"""When tables that are being created are looked at. Pure: the times are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.apply.awaited import Awaited, Requested
from osem_tasks.apply.run import Entry
from osem_tasks.schema.model import table
from osem_tasks.waiting import policy
from osem_tasks.waiting.policy import Pauses, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

PAUSES = Policy(poll=Pauses(0.05, 0.5), glance=Pauses(1.0, 4.0))


@pytest.fixture(autouse=True)
def _pauses() -> Iterator[None]:
    """The pauses that a user has."""
    with policy.using(PAUSES):
        yield


def requested(name: str, start: float = 0.0) -> Requested:
    """A table that was requested at ``start``."""
    return Requested(table(name, "id S"), start, Entry("CREATING"))


def simulated(starts: list[float], takes: float) -> dict[str, list[float]]:
    """The looks at each table if all take ``takes`` seconds; a look itself takes no time."""
    awaited = Awaited()
    looks: dict[str, list[float]] = {}
    for number, start in enumerate(starts):
        awaited.add(requested(f"T{number}", start))
        looks[f"T{number}"] = []
    now = max(starts)
    while awaited:
        now = max(now, awaited.next_look) + 0.001
        for due in awaited.due(now):
            looks[due.name].append(now)
            if now - awaited[due.name].start >= takes:
                awaited.ready(due.name)
            else:
                awaited.postpone(due.name, now)
    return looks


@pytest.mark.parametrize(
    "age, pause",
    [(0.1, 0.05), (1.0, 0.05), (4.0, 0.08), (10.0, 0.2), (60.0, 0.5)],
)
def test_the_oldest_table_is_looked_at_closely(age: float, pause: float) -> None:
    """The pause is a small share of its age, between the shortest and the longest."""
    awaited = Awaited()
    awaited.add(requested("Users"))

    awaited.postpone("Users", age)

    assert awaited.next_look == pytest.approx(age + pause)


def test_the_others_are_glanced_at_until_one_is_ready() -> None:
    """Then each is looked at when it is as old as that one was."""
    awaited = Awaited()
    for name, start in (("Users", 0.0), ("Teams", 0.5), ("Plans", 1.0)):
        awaited.add(requested(name, start))
    awaited.postpone("Users", 1.25)
    glances = [awaited[name].next_look for name in awaited]

    awaited.ready("Users")

    assert glances == [1.3, 1.5, 2.0]
    assert [awaited[name].next_look for name in awaited] == [1.5, 2.0]
    awaited.postpone("Plans", 2.0)
    assert awaited["Plans"].next_look == pytest.approx(2.3)


@pytest.mark.parametrize(
    "tables, takes, looks",
    [
        pytest.param(1, 2.0, 45, id="one-2-s"),
        pytest.param(6, 2.0, 55, id="six-2-s"),
        pytest.param(60, 2.0, 140, id="sixty-2-s"),
        pytest.param(60, 10.0, 350, id="sixty-10-s"),
        pytest.param(200, 10.0, 820, id="most-10-s"),
    ],
)
def test_how_many_looks_a_wait_needs(tables: int, takes: float, looks: int) -> None:
    """Tables that take equally long cost little more than two looks each."""
    found = simulated([number * 0.03 for number in range(tables)], takes)

    counted = {name: len(times) for name, times in found.items()}
    assert sum(counted.values()) <= looks, counted


@given(
    st.lists(st.floats(0.0, 5.0), min_size=1, max_size=20).map(sorted),
    st.floats(0.0, 30.0),
)
def test_no_table_is_found_ready_late(starts: list[float], takes: float) -> None:
    """The last look comes at most a longest pause after a table is ready, counted from its request."""
    with policy.using(PAUSES):
        looks = simulated(starts, takes)

    for start, times in zip(starts, looks.values(), strict=True):
        assert times[-1] <= max(start + takes, *starts) + PAUSES.poll.longest + 0.1


def test_without_a_table_nothing_is_due() -> None:
    """There is no next look."""
    assert (Awaited().due(1e9), Awaited().next_look) == ([], float("inf"))
