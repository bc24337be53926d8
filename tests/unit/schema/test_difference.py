"""Differences as data: three verdicts, the status of a table, values as people read them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from osem_tasks.schema.compare import compare, compare_all
from osem_tasks.schema.difference import Plain, Verdict, display
from osem_tasks.schema.model import TableSet, TimeToLive
from tests.unit.schema.base import BASE, changed, live

if TYPE_CHECKING:
    from osem_tasks.schema.live import LiveTable


def test_facts_fall_into_the_three_verdicts() -> None:
    """``same``, ``issues``, ``not_comparable`` and ``not_judged`` share out all facts."""
    found = live(replace(BASE, ttl=TimeToLive(None)), unreadable={"tags": "no such call"})
    diff = compare(replace(BASE, ignored=frozenset({"stream"})), found)
    shares = {
        Verdict.SAME: diff.same,
        Verdict.DIFFERENT: diff.issues,
        Verdict.NOT_COMPARABLE: diff.not_comparable,
        Verdict.NOT_JUDGED: diff.not_judged,
    }

    assert {
        verdict: tuple(fact for fact in diff.facts if fact.verdict is verdict)
        for verdict in Verdict
    } == shares
    assert len(diff.facts) == sum(map(len, shares.values()))


@pytest.mark.parametrize(
    "found, status, exists",
    [
        pytest.param(None, "NOT_FOUND", False, id="missing"),
        pytest.param(live(BASE), "ACTIVE", True, id="active"),
        pytest.param(live(BASE, status="DELETING"), "DELETING", True, id="deleting"),
    ],
)
def test_diff_tells_whether_the_table_exists(
    found: LiveTable | None, status: str, exists: bool
) -> None:
    """The status is the engine's own; a missing table is NOT_FOUND."""
    diff = compare(BASE, found)

    assert ("Plans", status, exists) == (diff.name, diff.status, diff.exists)


@pytest.mark.parametrize(
    "value, text",
    [
        pytest.param("a S", "a S", id="text"),
        pytest.param(True, "on", id="on"),
        pytest.param(False, "off", id="off"),
        pytest.param({"b": "2", "a": "1"}, "a=1, b=2", id="mapping-in-order"),
        pytest.param({}, "none", id="empty-mapping"),
        pytest.param(None, "None", id="nothing"),
    ],
)
def test_values_as_people_read_them(value: Plain, text: str) -> None:
    """A switch is on or off, a mapping its pairs in order, a text itself."""
    assert text == display(value)


def test_only_differing_tables_are_counted_as_such() -> None:
    """``differing`` holds the tables with an issue, missing ones too, in the model's order."""
    declared = TableSet(tuple(replace(BASE, name=name) for name in ("one", "two", "three")))
    found = {"one": changed(name="one", ttl=TimeToLive(None)), "two": changed(name="two")}

    comparison = compare_all(declared, found)

    assert [diff.name for diff in comparison.differing] == ["one", "three"]
    assert [diff.name for diff in comparison.diffs] == ["one", "two", "three"]
