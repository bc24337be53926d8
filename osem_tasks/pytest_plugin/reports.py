"""What pytest says about a failure of ours: one short message for the run, with its remedy.

A report carries the message to the xdist controller, which shows each message once.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from _pytest.outcomes import Failed  # as pytest.fail.Exception, which has no type

from osem_tasks.errors import OsemError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pytest

# Attributes of a report; xdist transfers them.
FAILURE, STRAY = "dynamodb_failure", "dynamodb_stray"
PROGRAM = "dynamodb"


class DynamoDBError(Failed):
    """A failure that pytest shows without a traceback."""

    # pytest shows the module of an exception that is not built in.
    __module__ = "builtins"


@contextlib.contextmanager
def in_short() -> Iterator[None]:
    """Show an OsemError of the body as its message and its remedy, without a traceback."""
    try:
        yield
    except OsemError as error:
        raise DynamoDBError(_text(error), pytrace=False) from None


def _text(error: OsemError) -> str:
    from osem_tasks.output.text import block, remedy_text

    message = block(f"{error.code.value}: {error.message}")
    return "\n".join([*message, *block(remedy_text(error.remediation))])


def narrator(config: pytest.Config) -> Callable[[str], None]:
    """Return what writes a line below pytest's progress; in an xdist worker, nothing does."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")

    def say(text: str) -> None:
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"{PROGRAM}: {text}")

    return say


def mark_failure(report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """Store our message in the report of a test that failed because of it."""
    if call.excinfo is not None and isinstance(call.excinfo.value, DynamoDBError):
        setattr(report, FAILURE, str(call.excinfo.value))


def mark_strays(report: pytest.TestReport, strays: Iterable[str]) -> None:
    """Store where a test's calls went instead of its database; show it below a failure."""
    if text := "\n".join(strays):
        setattr(report, STRAY, text)
        if report.failed:
            report.sections.append((PROGRAM, text))


@contextlib.contextmanager
def shown_once(stats: dict[str, list[Any]], elsewhere: str = "") -> Iterator[int]:
    """Take every report with a message that another one shows out of the statistics meanwhile.

    ``elsewhere`` is a message that is shown in another place, so that none of its reports is.
    Yields how many are left out, apart from those.
    """
    everything = {
        category: stats[category] for category in ("error", "failed") if stats.get(category)
    }
    seen: set[str] = set()
    hidden = 0
    for category, reports in everything.items():
        shown = []
        for report in reports:
            message = getattr(report, FAILURE, "")
            if message and message == elsewhere:
                continue
            if message and message in seen:
                hidden += 1
                continue
            seen.add(message)
            shown.append(report)
        stats[category] = shown
    try:
        yield hidden
    finally:
        stats.update(everything)


def stray_lines(stats: dict[str, list[Any]]) -> list[str]:
    """Return what to say, once for the run, about calls that missed the tests' databases."""
    found: dict[str, list[str]] = {}
    for reports in stats.values():
        for report in reports:
            for text in getattr(report, STRAY, "").splitlines():
                found.setdefault(text, []).append(report.nodeid)
    return [f"{PROGRAM}: {text} ({_tests(nodes)})" for text, nodes in found.items()]


def _tests(nodes: list[str]) -> str:
    first, *others = dict.fromkeys(nodes)
    return f"{first} and {len(others)} more" if others else first
