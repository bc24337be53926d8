"""What a person sees: spinner and colours on a real terminal, plain lines elsewhere."""

from __future__ import annotations

import re
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pexpect
import pyte
import pytest

from tests.integration import fixtures_local as given
from tests.integration.fixtures_local import NOWHERE, PATIENCE, Shell, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

FRAMES = re.compile("[⠁-⣿]")
ESCAPE = "\x1b"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CURSOR = re.compile(r"\x1b\[\?25[lh]")
HIDDEN, SHOWN = "\x1b[?25l", "\x1b[?25h"
SYMBOLS = {"✓": "green", "✗": "red", "⚠": "brown", "ℹ": "blue"}
JOB = ("local.up", "db.setup", "db.verify")
ROW = re.compile(r"✓ osem-local-\w+ +(created +\d+\.\d\d s|\d+ of \d+ facts)")


@dataclass(frozen=True)
class Seen:
    """What a terminal received and what then stood on it."""

    code: int
    raw: str
    screen: pyte.Screen

    @property
    def lines(self) -> list[str]:
        """The lines of the screen that hold something."""
        return [line.rstrip() for line in self.screen.display if line.strip()]

    @property
    def marks(self) -> dict[str, str]:
        """The symbols at the beginning of lines, and their colours."""
        cells = [row[0] for row in self.screen.buffer.values()]
        return {cell.data: cell.fg for cell in cells if cell.data in SYMBOLS}


class Terminal:
    """`inv WORDS...` in a terminal of its own."""

    def __init__(self, inv: Shell, *words: str, size: tuple[int, int]) -> None:
        self.size = size
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "invoke", *words],
            cwd=str(given.ROOT),
            env=inv.environment(),
            dimensions=size,
            encoding="utf-8",
            timeout=PATIENCE,
        )

    def close(self) -> None:
        """End it, if it still runs."""
        self.child.close(force=True)

    def end(self, before: str = "") -> Seen:
        """Read to the end; ``before`` is what was read already."""
        self.child.expect(pexpect.EOF)
        raw = before + self.child.before
        self.child.wait()
        code = self.child.exitstatus
        screen = pyte.Screen(self.size[1], self.size[0])
        pyte.Stream(screen).feed(raw)
        return Seen(-1 if code is None else code, raw, screen)

    def spinning(self) -> str:
        """Read until a frame of the spinner was seen; what was read."""
        self.child.expect(FRAMES)
        return str(self.child.before + self.child.after)


@pytest.fixture
def inv(tmp_path: Path) -> Iterator[Shell]:
    """`inv` with the embedded engine."""
    shell = Shell(given.new_name(), tmp_path / "state", {"DOCKER_HOST": NOWHERE})
    yield shell
    shell.clear()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """`inv` with an embedded engine that runs and has its tables."""
    state = tmp_path_factory.mktemp("terminal") / "state"
    shell = Shell(given.new_name(), state, {"DOCKER_HOST": NOWHERE})
    shell.json("local.up")
    shell.json("db.setup")
    yield shell
    shell.clear()


def see(inv: Shell, *words: str, size: tuple[int, int] = (60, 160)) -> Seen:
    """What `inv WORDS...` shows on a terminal of that size (lines, columns)."""
    terminal = Terminal(inv, *words, size=size)
    try:
        return terminal.end()
    finally:
        terminal.close()


def assert_clean(seen: Seen) -> None:
    """No frame is left on the screen, and the cursor is visible again."""
    assert [line for line in seen.lines if FRAMES.search(line)] == []
    assert not seen.screen.cursor.hidden
    assert CURSOR.findall(seen.raw)[-1:] in ([], [SHOWN])


def test_a_terminal_shows_a_spinner_and_then_clean_lines(inv: Shell) -> None:
    """Frames while it works; then lines that begin with coloured symbols, and the cursor."""
    seen = see(inv, *JOB)

    assert (seen.code, bool(FRAMES.search(seen.raw)), HIDDEN in seen.raw) == (0, True, True)
    assert_clean(seen)
    assert CURSOR.findall(seen.raw)[-1] == SHOWN
    assert seen.marks == {"✓": "green", "ℹ": "blue"}
    assert all(line[0] in SYMBOLS for line in seen.lines)
    for words in ("ready at", "6 created, 0 verified", "6 of 6 tables match the model"):
        assert len([line for line in seen.lines if words in line]) == 1
    rows = [line for line in seen.lines if "osem-local-" in line and "Target" not in line]
    assert [row for row in rows if not ROW.fullmatch(row)] == []


def test_a_narrow_terminal_gets_no_trail_of_frames(inv: Shell) -> None:
    """A text longer than the line is cut while it spins: one line, not many."""
    seen = see(inv, "local.up", size=(60, 24))

    assert (seen.code, bool(FRAMES.search(seen.raw))) == (0, True)
    assert_clean(seen)
    assert not [line for line in seen.lines if line.strip().startswith("starting")]


def test_an_error_is_red_and_leaves_clean_lines(inv: Shell) -> None:
    """A failure shows its symbol in red, its code, and what to type."""
    with given.listening() as port:
        seen = see(inv, "local.up", "--port", str(port))

    assert (seen.code, seen.marks) == (1, {"✗": "red"})
    assert_clean(seen)
    assert any(line.startswith("✗ PORT_IN_USE") for line in seen.lines)


@pytest.mark.parametrize("by_key", [True, False], ids=["ctrl-c", "sigterm"])
def test_interrupted_the_terminal_is_as_before(inv: Shell, tmp_path: Path, by_key: bool) -> None:
    """After Ctrl-C and SIGTERM: code 130, a message, no frame, the cursor visible."""
    mute = inv.where({"PYTHONPATH": given.fake_moto(tmp_path)})
    terminal = Terminal(mute, "local.up", size=(24, 100))
    try:
        before = terminal.spinning()
        eventually(lambda: "the words" in inv.log(), "it waits")
        if by_key:
            terminal.child.sendintr()
        else:
            terminal.child.kill(signal.SIGTERM)
        seen = terminal.end(before)
    finally:
        terminal.close()

    assert (seen.code, CURSOR.findall(seen.raw)[-1], inv.processes()) == (130, SHOWN, [])
    assert_clean(seen)
    assert any(line.startswith("✗ INTERRUPTED") for line in seen.lines)
    assert "Traceback" not in seen.raw


def test_no_color_on_a_terminal_gives_no_colours(inv: Shell) -> None:
    """With NO_COLOR there is no colour code, and the symbols still tell."""
    seen = see(inv.where({"NO_COLOR": "1"}), *JOB)

    assert (seen.code, COLOUR.findall(seen.raw)) == (0, [])
    assert seen.marks == {"✓": "default", "ℹ": "default"}
    assert_clean(seen)


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"CI": "1"}], ids=["dumb", "ci"])
def test_dumb_and_ci_terminals_get_plain_lines(inv: Shell, variables: dict[str, str]) -> None:
    """No spinner, no colours, no escape code at all."""
    seen = see(inv.where(variables), *JOB)

    assert (seen.code, ESCAPE in seen.raw, FRAMES.findall(seen.raw)) == (0, False, [])
    assert "✓ 6 of 6 tables match the model" in seen.raw


def test_quiet_on_a_terminal_shows_the_summary_only(running: Shell) -> None:
    """`--quiet`: one line, no spinner."""
    seen = see(running, "db.verify", "--quiet")

    assert (seen.code, len(seen.lines), FRAMES.findall(seen.raw)) == (0, 1, [])
    assert "6 of 6 tables match the model" in seen.lines[0]


def test_json_on_a_terminal_has_no_spinner(running: Shell) -> None:
    """`--json` is for programs: no frame on either stream."""
    seen = see(running, "db.verify", "--json", size=(200, 250))

    assert (seen.code, FRAMES.findall(seen.raw), HIDDEN in seen.raw) == (0, [], False)


def test_verbose_on_a_terminal_keeps_lines_clean(running: Shell) -> None:
    """Details that come while it spins are lines of their own."""
    seen = see(running, "db.verify", "--verbose", size=(200, 160))

    assert seen.code == 0
    assert_clean(seen)
    assert len([line for line in seen.lines if "6 of 6 tables match" in line]) == 1


def test_a_pipe_gets_plain_lines(inv: Shell) -> None:
    """In a pipe: no escape code, no carriage return, no frame, on neither stream."""
    run = inv(*JOB)

    assert run.code == 0
    for text in (run.out, run.err):
        assert (ESCAPE in text, "\r" in text, FRAMES.findall(text)) == (False, False, [])
    assert "✓ 6 of 6 tables match the model" in run.out


def test_force_color_gives_colours_in_a_pipe_but_no_spinner(inv: Shell) -> None:
    """FORCE_COLOR colours both streams of a pipe, which still is no terminal."""
    run = inv(*JOB, FORCE_COLOR="1")

    assert (run.code, "\x1b[32m✓\x1b[0m" in run.out, "\x1b[34mℹ\x1b[0m" in run.err) == (
        0,
        True,
        True,
    )
    for text in (run.out, run.err):
        assert ("\r" in text, CURSOR.findall(text), FRAMES.findall(text)) == (False, [], [])


def test_force_color_leaves_json_alone(running: Shell) -> None:
    """A document never holds colours."""
    run = running("db.verify", "--json", FORCE_COLOR="1")

    assert (run.code, ESCAPE in run.out, run.document["success"]) == (0, False, True)


ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}


def test_a_terminal_that_knows_ascii_only_is_served(inv: Shell) -> None:
    """Without UTF-8 the symbols become ASCII, and nothing crashes, on a terminal."""
    seen = see(inv.where(ASCII), *JOB)

    assert (seen.code, seen.raw.isascii(), "Traceback" in seen.raw) == (0, True, False)
    assert any("6 of 6 tables match the model" in line for line in seen.lines)


def test_a_pipe_that_knows_ascii_only_is_served(inv: Shell) -> None:
    """Without UTF-8 the symbols become ASCII, and nothing crashes, in a pipe."""
    run = inv(*JOB, **ASCII)

    assert (run.code, run.out.isascii(), run.err.isascii()) == (0, True, True)
    assert "+ 6 of 6 tables match the model" in run.out
    assert "Target: local engine" in run.err


def test_quiet_in_a_pipe_prints_the_summary_only(running: Shell) -> None:
    """`--quiet`: the summary on stdout, nothing on stderr."""
    for task in ("local.up", "local.status", "db.setup", "db.verify", "db.list"):
        run = running(task, "--quiet")

        assert (run.code, len(run.out.splitlines()), run.err) == (0, 1, ""), task


def test_quiet_keeps_errors(running: Shell) -> None:
    """`--quiet` hides no error."""
    run = running("db.list", "--quiet", "--env", "nope")

    assert (run.code, run.out, "INVALID_CONFIGURATION" in run.err) == (1, "", True)
