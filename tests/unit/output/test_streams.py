"""Streams that are closed, full, or read by nobody."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output import streams
from osem_tasks.output.console import Console
from osem_tasks.output.outcome import Line, Mark, Outcome

ERROR = OsemError("Denied.", code=ErrorCode.AWS_PERMISSIONS_DENIED, remediation="Ask for more.")
RESULT = Outcome(summary=Line(Mark.DONE, "done"))


def test_a_closed_stream_is_an_os_error() -> None:
    """Python has None for a stream that the shell closed; a stand-in behaves alike."""
    with pytest.raises(OSError, match="closed"):
        streams.write(None, "text")
    with pytest.raises(OSError, match="closed"):
        streams.Closed().write("text")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_stream_is_an_os_error_once() -> None:
    """Afterwards nothing is left in it that Python would complain about at the end."""
    with Path("/dev/full").open("w", encoding="utf-8") as stream:
        with pytest.raises(OSError, match="space"):
            streams.write(stream, "text")
        streams.write(stream, "more")


def test_a_reader_that_has_gone_is_no_failure() -> None:
    """It wants nothing more, so that nothing is lost."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        streams.write(stream, "text")
        streams.write(stream, "more")


@pytest.mark.parametrize("closed", [["stdout"], ["stdout", "stderr"]], ids="+".join)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_result_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, as_json: bool, closed: list[str]
) -> None:
    """The caller decides what it means: it knows whether something was changed."""
    for name in closed:
        monkeypatch.setattr(sys, name, None)
    console = Console(as_json=as_json)

    with pytest.raises(OSError, match="closed"):
        console.document({}) if as_json else console.result(RESULT)


def test_narration_that_cannot_be_written_stops_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without stderr there is no better place; the result still goes to stdout."""
    monkeypatch.setattr(sys, "stderr", None)
    console = Console(verbose=True)
    with console.working("working"):
        console.info("info")
        console.warn("warning")
        console.say("progress")
        console.call("call")
    console.annotate("::error::x")
    console.error(ERROR)
    console.result(RESULT)

    assert console.ask("Sure? ") == ""
    assert capsys.readouterr().out == "✓ done\n"
