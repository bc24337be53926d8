"""What is printed where: colours, encodings, quiet, JSON, and a reader that has gone."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.console import Console, wants_colour
from osem_tasks.output.outcome import Line, Mark, Outcome
from tests.unit.output.streams import Stream

if TYPE_CHECKING:
    from pathlib import Path

ERROR = OsemError("Denied.", code=ErrorCode.AWS_PERMISSIONS_DENIED, remediation="Ask for more.")
OUTCOME = Outcome(
    lines=[
        Line(Mark.DONE, "Teams"),
        Line(Mark.FAILED, "Users"),
        Line(Mark.PLAIN, "plain"),
        Line(Mark.DETAIL, "detail"),
    ],
    summary=Line(Mark.DONE, "2 tables"),
    error=ERROR,
)
ERROR_LINES = "✗ AWS_PERMISSIONS_DENIED: Denied.\n  → Ask for more.\n"


@pytest.mark.parametrize(
    "variables, terminal, expected",
    [
        pytest.param({}, True, True, id="terminal"),
        pytest.param({}, False, False, id="pipe"),
        pytest.param({"NO_COLOR": "1"}, True, False, id="no-color"),
        pytest.param({"NO_COLOR": ""}, True, True, id="no-color-empty"),
        pytest.param({"NO_COLOR": "0"}, True, False, id="no-color-of-any-value"),
        pytest.param({"TERM": "dumb"}, True, False, id="dumb"),
        pytest.param({"TERM": "xterm"}, True, True, id="xterm"),
        pytest.param({"FORCE_COLOR": "1"}, False, True, id="forced-into-a-pipe"),
        pytest.param({"FORCE_COLOR": "0"}, True, False, id="forced-off"),
        pytest.param({"FORCE_COLOR": ""}, True, True, id="force-empty"),
        pytest.param({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, True, id="force>no-color"),
        pytest.param({"FORCE_COLOR": "1", "TERM": "dumb"}, False, True, id="force>dumb"),
    ],
)
def test_wants_colour(variables: dict[str, str], terminal: bool, expected: bool) -> None:
    """FORCE_COLOR > NO_COLOR > TERM > whether it is a terminal."""
    assert expected == wants_colour(Stream(terminal=terminal), variables)


@pytest.mark.parametrize(
    "quiet, expected",
    [
        pytest.param(False, "✓ Teams\n✗ Users\nplain\ndetail\n✓ 2 tables\n", id="plain"),
        pytest.param(True, "✗ Users\n✓ 2 tables\n", id="quiet"),
    ],
)
def test_result_on_stdout_and_error_on_stderr(
    capsys: pytest.CaptureFixture[str], quiet: bool, expected: str
) -> None:
    """The result is stdout's, the error stderr's; quiet keeps failures and the summary."""
    Console(quiet=quiet).result(OUTCOME)
    out, err = capsys.readouterr()

    assert (expected, ERROR_LINES) == (out, err)


def test_result_makes_room_for_another_tasks_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Where stdout is another task's, the human result goes to stderr."""
    Console(results_to_stderr=True).result(Outcome(summary=Line(Mark.DONE, "up")))
    out, err = capsys.readouterr()

    assert (out, err) == ("", "✓ up\n")


@pytest.mark.parametrize(
    "quiet, verbose, expected",
    [
        pytest.param(False, False, "ℹ info\n", id="plain"),
        pytest.param(True, False, "", id="quiet"),
        pytest.param(False, True, "ℹ info\ndetail\nprogress\n", id="verbose"),
    ],
)
def test_narration_on_stderr(
    capsys: pytest.CaptureFixture[str], quiet: bool, verbose: bool, expected: str
) -> None:
    """Narration is stderr's; details and progress are for verbose only."""
    console = Console(quiet=quiet, verbose=verbose)
    console.info("info")
    console.detail("detail")
    console.say("progress")
    out, err = capsys.readouterr()

    assert ("", expected) == (out, err)


def test_document_is_one_line_of_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    """A document is one line on stdout that every encoding can carry."""
    document = {"success": True, "data": {"name": "Zoë → ✓\nnext"}}
    Console(as_json=True).document(document)
    out, err = capsys.readouterr()

    assert (document, 1, True) == (json.loads(out), out.count("\n"), out.isascii())
    assert err == ""


def plain(text: str) -> Outcome:
    """A result of one plain line."""
    return Outcome(lines=[Line(Mark.PLAIN, text)])


@pytest.mark.parametrize(
    "mark, expected",
    [
        (Mark.DONE, "\x1b[32m✓\x1b[0m text\n"),
        (Mark.FAILED, "\x1b[31m✗\x1b[0m text\n"),
        (Mark.WARNING, "\x1b[33m⚠\x1b[0m text\n"),
        (Mark.INFO, "\x1b[34mℹ\x1b[0m text\n"),
        (Mark.DETAIL, "\x1b[90mtext\x1b[0m\n"),
        (Mark.PLAIN, "text\n"),
        (Mark.ADDED, "\x1b[32m  +\x1b[0m text\n"),
        (Mark.REMOVED, "\x1b[31m  -\x1b[0m text\n"),
        (Mark.CHANGED, "\x1b[33m  ~\x1b[0m text\n"),
    ],
)
def test_colours(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, mark: Mark, expected: str
) -> None:
    """Every mark has its symbol and its colour: never colour alone but for details."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    Console().result(Outcome(lines=[Line(mark, "text")]))

    assert expected == capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_stream_that_is_not_utf8_gets_ascii(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """Symbols have a plain form; what has none becomes a question mark, and nothing is raised."""
    out = Stream(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    Console().result(plain("✓ ✗ ⚠ ℹ → · … 表"))

    assert out.text == "+ x ! i -> - ... ?\n"


def test_what_a_stream_can_carry_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that the encoding has is not made plain."""
    out = Stream("latin-1")
    monkeypatch.setattr(sys, "stdout", out)
    Console().result(plain("Zoë · table"))

    assert out.text == "Zoë · table\n"


def test_reader_that_has_gone_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing into a closed pipe ends quietly, and so does everything after it."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        console = Console()
        console.result(plain("first"))
        console.document({"second": True})

    assert pipe.closed


@pytest.mark.parametrize("verbose", [False, True], ids=["plain", "verbose"])
def test_log_has_all_narration(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, verbose: bool
) -> None:
    """The log gets what is narrated, details and calls too, whatever is shown on stderr."""
    log = tmp_path / "osem.log"
    console = Console(verbose=verbose)
    console.log_to(str(log))
    console.info("info")
    console.detail("verbose detail")
    console.call("verbose call")
    entries = [line.split("] ", 1)[1] for line in log.read_text(encoding="utf-8").splitlines()]

    assert entries == ["info", "verbose detail", "verbose call"]
    assert verbose == ("verbose" in capsys.readouterr().err)


def test_log_that_cannot_be_written_is_one_warning(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A log below a missing directory is named once, and the work goes on."""
    console = Console()
    console.log_to(str(tmp_path / "missing" / "osem.log"))
    console.info("one")
    console.info("two")

    assert [line[0] for line in capsys.readouterr().err.splitlines()] == ["⚠", "ℹ", "ℹ"]


@pytest.mark.parametrize(
    "typed, expected", [("prod\n", "prod"), ("  dev \n", "dev"), ("\n", ""), ("", "")], ids=repr
)
def test_question_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, typed: str, expected: str
) -> None:
    """A question is stderr's; the answer is what was typed, empty at the end of input.

    Ctrl-D leaves the cursor beside the question: what follows begins on a line of its own.
    """
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    answer = Console().ask("Sure? ")
    out, err = capsys.readouterr()

    assert (expected, "", "Sure? ") == (answer, out, err.removesuffix("\n"))
    assert err.endswith("\n") == (typed == "")


@pytest.mark.parametrize("options", [{"quiet": True}, {"as_json": True}, {}], ids=repr)
def test_work_without_a_terminal_is_silent(
    capsys: pytest.CaptureFixture[str], options: dict[str, bool]
) -> None:
    """Without a terminal, with --quiet and with --json nothing turns while work goes on."""
    with Console(**options).working("creating"):
        pass
    out, err = capsys.readouterr()

    assert (out, err) == ("", "")


def test_a_log_that_is_a_pipe_without_a_reader_blocks_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It is named once, and the work goes on."""
    os.mkfifo(tmp_path / "osem.log")
    console = Console()
    console.log_to(str(tmp_path / "osem.log"))

    console.info("one")

    assert [line[0] for line in capsys.readouterr().err.splitlines()] == ["⚠", "ℹ"]


def test_the_lines_of_a_remedy_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Commands below each other can be copied; none shows a line's end as letters."""
    error = OsemError(
        "Large.", code=ErrorCode.CONFIRMATION_REQUIRED, remediation="aws one\naws two"
    )
    Console().error(error)

    assert capsys.readouterr().err == (
        "✗ CONFIRMATION_REQUIRED: Large.\n  → aws one\n    aws two\n"
    )
