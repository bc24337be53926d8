"""How progress reads, and when it is told."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.output.progress import ProgressDisplay, line_text, spinner_text
from osem_tasks.waiting.policy import Policy, using
from osem_tasks.waiting.progress import Step
from tests.support.still_clock import still_clock
from tests.unit.output.streams import Stream

PATIENCE = 30.0
CASES = [
    pytest.param(
        Step("creating", 60, waits=True, done=37),
        "waiting for 23 of 60, 12 s",
        "creating tables: 37 of 60 done, 12 s",
        id="creating",
    ),
    pytest.param(
        Step("deleting", 60, waits=True, done=58, note="Users, Teams"),
        "waiting for 2 of 60, 12 s: Users, Teams",
        "deleting tables: 58 of 60 done, 12 s: Users, Teams",
        id="the-last-are-named",
    ),
    pytest.param(
        Step("reading", 60, done=23),
        "reading 23 of 60 tables, 12 s",
        "reading tables: 23 of 60 done, 12 s",
        id="reading",
    ),
    pytest.param(
        Step("reading", 1, note="trying again: Rate exceeded"),
        "reading 0 of 1 tables, 12 s: trying again: Rate exceeded",
        "reading tables: 0 of 1 done, 12 s: trying again: Rate exceeded",
        id="held-up",
    ),
    pytest.param(
        Step("carrying out", 12, "steps", done=3, note="Users: create index a: backfilling"),
        "carrying out 3 of 12 steps, 12 s: Users: create index a: backfilling",
        "carrying out steps: 3 of 12 done, 12 s: Users: create index a: backfilling",
        id="steps",
    ),
    pytest.param(
        Step("dumping", 1_200_000, "items", done=45_000),
        "dumping 45,000 of 1,200,000 items, 12 s",
        "dumping items: 45,000 of 1,200,000 done, 12 s",
        id="large-numbers",
    ),
    pytest.param(Step("setting up"), "setting up", "setting up, 12 s", id="uncounted"),
    pytest.param(
        Step("starting", note="pulling an image: 3 of 80 MB"),
        "pulling an image: 3 of 80 MB",
        "starting, 12 s: pulling an image: 3 of 80 MB",
        id="uncounted-with-a-note",
    ),
]


@pytest.mark.parametrize("step, spinner, line", CASES)
def test_a_step_in_words(step: Step, spinner: str, line: str) -> None:
    """The spinner shows the count and the time first; a line also names what is done."""
    with still_clock() as own:
        step._start = own.now()
        own.pass_(12.0)

        assert (spinner, line) == (spinner_text(step), line_text(step))


@given(st.integers(4, 10_000), st.data())
def test_many_tables_are_a_number(total: int, data: st.DataObject) -> None:
    """However many tables there are, the text stays short, and what is left adds up."""
    done = data.draw(st.integers(0, total))
    step = Step("creating", total, waits=True, done=done)

    assert spinner_text(step).startswith(f"waiting for {total - done:,} of {total:,}, ")
    assert max(len(spinner_text(step)), len(line_text(step))) < 60


def test_without_a_terminal_a_line_tells_the_step_of_the_moment() -> None:
    """The line that is due shows the step that goes on by then, and its count."""
    lines: list[str] = []
    display = ProgressDisplay(lines.append)

    with still_clock(), using(Policy(progress=3600.0)), display.showing(Step("resetting"), None):
        display.tell()
        step = Step("deleting", 60, waits=True)
        display.begin(step)
        step.advance(23)
        display.tell()
        step.advance(2)
        display.tell()

    assert lines == [
        "resetting, 0 s",
        "deleting tables: 23 of 60 done, 0 s",
        "deleting tables: 25 of 60 done, 0 s",
    ]


def test_lines_come_by_themselves_at_the_interval_of_the_policy() -> None:
    """The work is in one long call and reports nothing; the lines come all the same."""
    told = threading.Semaphore(0)
    display = ProgressDisplay(lambda _: told.release())

    with using(Policy(progress=0.001)), display.showing(Step("creating", 60), None):
        came = [told.acquire(timeout=PATIENCE) for _ in range(3)]

    assert came == [True, True, True]


def test_nothing_is_told_before_and_after_the_work() -> None:
    """A line that comes too late is no line, and a step outside of any work shows nothing."""
    lines: list[str] = []
    display = ProgressDisplay(lines.append)

    display.begin(Step("early", 3))
    display.tell()
    with display.showing(Step("creating", 60), None):
        pass
    display.tell()

    assert lines == []


def test_a_short_run_prints_no_line() -> None:
    """A run that ends within the interval has nothing to tell."""
    lines: list[str] = []
    display = ProgressDisplay(lines.append)

    with display.showing(Step("creating", 60), None):
        display.begin(Step("reading", 60))

    assert lines == []


def test_on_a_terminal_the_spinner_tells_and_no_line_comes() -> None:
    """The frames show the step of the moment, with its count."""
    lines: list[str] = []
    display = ProgressDisplay(lines.append)
    terminal = Stream(terminal=True)
    seen = threading.Event()

    class Seen(Step):
        """A step that says when a frame has shown it."""

        @property
        def elapsed(self) -> float:
            seen.set()
            return 12.0

    with using(Policy(progress=0.001)), display.showing(Step("creating"), terminal):
        display.begin(Seen("creating", 60, waits=True, done=37))
        assert seen.wait(PATIENCE)
        seen.clear()
        assert seen.wait(PATIENCE)

    assert (lines, "waiting for 23 of 60, 12 s" in terminal.text) == ([], True)


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_what_was_said_before_is_not_said_again(terminal: bool) -> None:
    """A note is told once, however often a poll repeats it; a spinner shows it anyway."""
    display = ProgressDisplay(lambda _: None)
    stream = Stream(terminal=True) if terminal else None
    texts = ["a", "a", "", "a", "b", "b"]

    with display.showing(Step("creating"), stream):
        told = [text for text in texts if display.note(text)]

    assert told == ([] if terminal else ["a", "a", "b"])
