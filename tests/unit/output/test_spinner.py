"""The spinner: where it turns, and how it shares a terminal with lines of text."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios

import pytest

from osem_tasks.output.spinner import Spinner, fitting, wants_spinner
from tests.unit.output.streams import Stream


@pytest.mark.parametrize(
    "stream, variables, expected",
    [
        pytest.param(Stream(terminal=True), {}, True, id="terminal"),
        pytest.param(Stream("UTF8", terminal=True), {}, True, id="terminal-by-other-name"),
        pytest.param(Stream("latin-1", terminal=True), {}, False, id="no-utf-8"),
        pytest.param(Stream(), {}, False, id="pipe"),
        pytest.param(Stream(terminal=True), {"TERM": "dumb"}, False, id="dumb"),
        pytest.param(Stream(terminal=True), {"CI": "true"}, False, id="ci"),
    ],
)
def test_wants_spinner(stream: Stream, variables: dict[str, str], expected: bool) -> None:
    """A spinner turns only where a person looks on at a terminal that can show it."""
    assert expected == wants_spinner(stream, variables)


def test_nothing_turns_until_it_is_started() -> None:
    """Where no spinner turns, lines are written at once."""
    spinner = Spinner()
    written: list[str] = []

    assert spinner.spins is False
    spinner.interrupted(lambda: written.append("a line"))
    spinner.stop()

    assert written == ["a line"]


def test_a_spinner_shares_its_terminal_with_lines() -> None:
    """While it turns it shows its text, on one line; a stop gives the cursor back."""
    stream = Stream(terminal=True)
    spinner = Spinner()
    spinner.start(lambda: "two\nlines\x1b[31m", stream)
    try:
        assert spinner.spins is True
        spinner.interrupted(lambda: print("a line", file=stream))
    finally:
        spinner.stop()

    assert "a line\n" in stream.text
    assert "two\nlines" not in stream.text
    assert stream.text.rindex("\x1b[?25h") > stream.text.rindex("\x1b[?25l")
    assert spinner.spins is False


def test_a_spinner_may_be_stopped_twice() -> None:
    """A clean-up that runs once more does no harm."""
    spinner = Spinner()
    spinner.start(lambda: "creating", Stream(terminal=True))

    spinner.stop()
    spinner.stop()

    assert spinner.spins is False


@pytest.mark.parametrize(
    "columns, expected",
    [
        (80, "waiting for 23 of 60, 12 s: Users"),
        (36, "waiting for 23 of 60, 12 s: Users"),
        (35, "waiting for 23 of 60, 12 s: Use…"),
        (20, "waiting for 23 o…"),
        (4, "…"),
    ],
)
def test_a_text_is_cut_to_the_terminal(columns: int, expected: str) -> None:
    """The count comes first and stays, and no frame wraps into a second line."""
    reading, writing = pty.openpty()
    with os.fdopen(reading, "rb", 0), os.fdopen(writing, "w", encoding="utf-8") as terminal:
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)

        assert fitting("waiting for 23 of 60, 12 s: Users", terminal) == expected


def test_a_stream_without_a_size_gets_the_whole_text() -> None:
    """What is no terminal has no width."""
    assert fitting("waiting for 23 of 60", Stream(terminal=True)) == "waiting for 23 of 60"
