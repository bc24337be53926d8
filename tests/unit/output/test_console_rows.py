"""Rows of a result that are printed as soon as they are known."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.output.console import Console
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.waiting.parallel import side_by_side
from osem_tasks.waiting.policy import Policy, using
from osem_tasks.waiting.progress import Step
from tests.unit.output.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS = [Line(Mark.DONE, f"Table{number:02}  created") for number in range(4)]
LATE = Line(Mark.WARNING, "Table09  not attempted")
FAILED = Line(Mark.FAILED, "Table08  FAILED")
OUTCOME = Outcome(lines=[*ROWS, LATE, FAILED], summary=Line(Mark.DONE, "6 tables"))


class Full(Stream):
    """A stream on a disk that is full."""

    def write(self, _: str) -> int:
        """Fail."""
        raise OSError(errno.ENOSPC, "No space left on device")


def shown(early: Sequence[Line], **options: bool) -> tuple[str, str]:
    """What is on stdout and on stderr after the rows, and then after the result."""
    with pytest.MonkeyPatch.context() as patch:
        out, err = Stream(), Stream()
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        console = Console(**options)
        for line in early:
            console.row(line)
        before = out.text + err.text
        console.result(OUTCOME)
        return before, out.text + err.text


@given(st.permutations(range(len(ROWS))), st.integers(0, len(ROWS)))
def test_every_row_is_printed_exactly_once(order: list[int], count: int) -> None:
    """Whatever was printed early, in whatever order, the end has the rest, each line once."""
    early = [ROWS[number] for number in order[:count]]

    before, whole = shown(early)

    assert [line[2:] for line in before.splitlines()] == [line.text for line in early]
    texts = [line[2:] for line in whole.splitlines()]
    assert texts[:count] == [line.text for line in early]
    assert sorted(texts) == sorted([*(line.text for line in OUTCOME.lines), "6 tables"])


def test_a_row_that_has_become_another_is_printed_again() -> None:
    """The end tells the truth, also about a table whose row has changed since."""
    _, whole = shown([Line(Mark.DONE, "Table08  created")])

    assert "✗ Table08  FAILED\n" in whole


@pytest.mark.parametrize(
    "options, rows",
    [({"quiet": True}, ""), ({"as_json": True}, ""), ({}, "✓ Table00  created\n")],
    ids=repr,
)
def test_quiet_and_json_have_no_rows(options: dict[str, bool], rows: str) -> None:
    """`--quiet` prints failures and the summary only; stdout of `--json` is one document."""
    before, whole = shown(ROWS[:1], **options)

    assert before == rows
    if options.get("quiet"):
        assert whole == "✗ Table08  FAILED\n✓ 6 tables\n"


def test_rows_make_room_for_another_tasks_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Where stdout is another task's, the rows go to stderr."""
    Console(results_to_stderr=True).row(ROWS[0])

    assert capsys.readouterr() == ("", "✓ Table00  created\n")


def test_a_row_that_cannot_be_written_is_an_error_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The work goes on, the row is not taken for printed, and the result is the failure."""
    monkeypatch.setattr(sys, "stdout", Full())
    console = Console()

    console.row(ROWS[0])
    console.row(ROWS[1])

    with pytest.raises(OSError, match="No space"):
        console.result(OUTCOME)


def test_a_reader_that_has_gone_does_not_stop_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """`inv db.setup | head -1` sets up every table."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        console = Console()
        for line in ROWS:
            console.row(line)
        console.result(OUTCOME)


def test_rows_of_many_threads_are_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables that finish at the same time do not write into each other's line."""
    out = Stream()
    monkeypatch.setattr(sys, "stdout", out)
    console = Console()
    rows = [Line(Mark.DONE, f"Table{number:03}  created") for number in range(200)]

    side_by_side(console.row, rows, 8)

    assert sorted(out.text.splitlines()) == [f"✓ {line.text}" for line in rows]


@pytest.mark.parametrize(
    "options, expected",
    [
        pytest.param({}, "ℹ creating tables: 23 of 60 done, 0 s\n", id="plain"),
        pytest.param({"quiet": True}, "", id="quiet"),
        pytest.param({"as_json": True}, "ℹ creating tables: 23 of 60 done, 0 s\n", id="json"),
    ],
)
def test_a_line_of_progress_is_for_stderr(
    capsys: pytest.CaptureFixture[str], options: dict[str, bool], expected: str
) -> None:
    """Stdout has the result only; `--quiet` shows no progress."""
    console = Console(**options)
    with using(Policy(progress=3600.0)), console.working("setting up"):
        console.begin(Step("creating", 60, done=23))
        console._progress.tell()

    assert capsys.readouterr() == ("", expected)


def test_verbose_does_not_repeat_what_a_poll_says(capsys: pytest.CaptureFixture[str]) -> None:
    """A line per news, not a line per poll."""
    console = Console(verbose=True)
    with console.working("setting up"):
        for text in ("a", "a", "b", "b", ""):
            console.say(text)

    assert capsys.readouterr() == ("", "a\nb\n")
