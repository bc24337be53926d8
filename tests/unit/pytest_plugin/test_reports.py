"""A failure of the plugin is short and shown once; nothing is lost of the other failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.pytest_plugin import reports


@dataclass(eq=False)
class Report:
    """A test's report, as far as the summary reads it."""

    nodeid: str
    dynamodb_failure: str = ""
    dynamodb_stray: str = ""


def test_an_error_is_its_message_and_its_remedy() -> None:
    """In two lines, without the chain of its causes, and harmless for a terminal."""
    error = OsemError(
        "No engine.\x1b[2J", code=ErrorCode.ENGINE_UNAVAILABLE, remediation="Start it"
    )
    with pytest.raises(reports.DynamoDBError) as caught, reports.in_short():
        raise error

    assert str(caught.value) == "ENGINE_UNAVAILABLE: No engine.\\u001b[2J\n  → Start it"
    assert (caught.value.pytrace, caught.value.__suppress_context__) == (False, True)


def test_other_exceptions_stay_as_they_are() -> None:
    """A fault of the plugin or the project has its traceback."""
    with pytest.raises(ZeroDivisionError), reports.in_short():
        raise ZeroDivisionError


@given(st.lists(st.sampled_from(["", "no engine", "no image"])), st.lists(st.booleans()))
def test_each_message_is_shown_once(messages: list[str], failures: list[bool]) -> None:
    """Whatever failed otherwise is shown; afterwards the statistics are whole again."""
    errors = [Report(f"e{place}", message) for place, message in enumerate(messages)]
    failed = [Report(f"f{place}", "no engine" * ours) for place, ours in enumerate(failures)]
    stats: dict[str, list[Any]] = {"error": list(errors), "failed": list(failed), "passed": [1]}

    with reports.shown_once(stats) as hidden:
        shown = [*stats["error"], *stats["failed"]]

    everything = [*errors, *failed]
    ours = [report.dynamodb_failure for report in shown if report.dynamodb_failure]
    theirs = [report for report in everything if not report.dynamodb_failure]
    assert sorted(ours) == sorted({report.dynamodb_failure for report in everything} - {""})
    assert [report for report in shown if not report.dynamodb_failure] == theirs
    assert hidden == len(everything) - len(shown)
    assert stats == {"error": errors, "failed": failed, "passed": [1]}


def test_a_stray_is_told_once_with_its_tests() -> None:
    """For the whole run, also for tests that passed; a test counts once for all its phases."""
    stats: dict[str, list[Any]] = {
        "passed": [Report("one", dynamodb_stray="to AWS"), Report("one", dynamodb_stray="to AWS")],
        "failed": [Report("two", dynamodb_stray="to AWS\nanother key"), Report("three")],
        "warnings": [object()],
    }

    assert reports.stray_lines(stats) == [
        "dynamodb: to AWS (one and 1 more)",
        "dynamodb: another key (two)",
    ]
