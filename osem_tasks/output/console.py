"""The only module that prints: results to stdout, messages to stderr.

Every text passes through ``output.text``, which removes secrets and escapes what could control
a terminal, a CI runner or the log. A result that cannot be written raises OSError; a message
that cannot be written is dropped, because there is no other place for it.

Spinners (halo) and colours (colorama) are used only in an interactive terminal; how progress is
told elsewhere, ``output.progress`` decides.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TextIO

from osem_tasks.config.secrets import redact_all
from osem_tasks.output import logs, streams
from osem_tasks.output.outcome import Line, Mark
from osem_tasks.output.progress import ProgressDisplay
from osem_tasks.output.spinner import wants_spinner
from osem_tasks.output.text import block, json_line, one_line, remedy_text, without_commands
from osem_tasks.waiting import interrupts
from osem_tasks.waiting.progress import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from osem_tasks.errors import OsemError
    from osem_tasks.output.outcome import Outcome

SYMBOLS = {
    Mark.DONE: "✓",
    Mark.FAILED: "✗",
    Mark.WARNING: "⚠",
    Mark.INFO: "ℹ",
    Mark.ADDED: "  +",
    Mark.REMOVED: "  -",
    Mark.CHANGED: "  ~",
    Mark.REFUSED: "  !",
}
COLOURS = {
    Mark.DONE: "32",
    Mark.FAILED: "31",
    Mark.WARNING: "33",
    Mark.INFO: "34",
    Mark.DETAIL: "90",
    Mark.ADDED: "32",
    Mark.REMOVED: "31",
    Mark.CHANGED: "33",
    Mark.REFUSED: "31",
}


def wants_colour(stream: TextIO | None, variables: Mapping[str, str]) -> bool:
    """Check FORCE_COLOR, then NO_COLOR (no-color.org), CI and TERM, then for a terminal."""
    forced = variables.get("FORCE_COLOR", "")
    if forced:
        return forced != "0"
    if variables.get("NO_COLOR") or variables.get("CI") or variables.get("TERM") == "dumb":
        return False
    return stream is not None and stream.isatty()


class Console:
    """Prints the result and messages of one task. ``quiet`` shows only errors and the summary.

    ``results_to_stderr`` leaves stdout to the JSON of another task.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        verbose: bool = False,
        as_json: bool = False,
        results_to_stderr: bool = False,
    ) -> None:
        self.quiet, self.verbose, self.as_json = quiet, verbose, as_json
        # A stream is None if the shell has closed it (``>&-``).
        self._err: TextIO | None = sys.stderr
        self._out: TextIO | None = self._err if results_to_stderr else sys.stdout
        self._must_tell = not results_to_stderr
        self._progress = ProgressDisplay(self._tell)
        self._rows: set[Line] = set()
        self._lost_row: OSError | None = None
        self._log = ""

    def log_to(self, path: str) -> None:
        """Also append all messages, including AWS calls, to the file ``path``."""
        self._log = path

    def info(self, text: str) -> None:
        """Print a message about the next step and its place."""
        if not self.quiet:
            self._narrate(Line(Mark.INFO, one_line(text)))

    def warn(self, text: str) -> None:
        """Print a warning."""
        if not self.quiet:
            self._narrate(Line(Mark.WARNING, text))

    def detail(self, text: str) -> None:
        """Print a message for ``--verbose`` and for the log."""
        if self.verbose:
            self._narrate(Line(Mark.DETAIL, text))
        else:
            self._append(text)

    def call(self, text: str) -> None:
        """Print a call to AWS with the time of day, for ``--verbose``."""
        self._append(text)
        if self.verbose:
            now = f"{datetime.now().astimezone():%H:%M:%S.%f}"[:-3]
            self._show(Line(Mark.DETAIL, f"{now} {one_line(text)}"))

    def say(self, text: str) -> None:
        """Show what happens right now beside the current step, or as a detail."""
        if self._progress.note(one_line(text)):
            self.detail(text)

    def begin(self, step: Step) -> None:
        """Show ``step`` while the work that ``working`` began goes on."""
        self._progress.begin(step)

    @contextlib.contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Show progress while the body runs: a spinner on a terminal, else a line now and then."""
        person = not self.quiet and not self.as_json
        spins = person and self._err is not None and wants_spinner(self._err, os.environ)
        with self._progress.showing(Step(one_line(text)), self._err if spins else None):
            yield

    def row(self, line: Line) -> None:
        """Print a line of the result as soon as it is known; ``result`` does not repeat it."""
        if self.quiet or self.as_json:
            return
        # What an interrupt cuts off would be shown twice, or never. It reaches the main thread only.
        main = threading.current_thread() is threading.main_thread()
        with interrupts.shielded() if main else contextlib.nullcontext():
            self._progress.spinner.interrupted(lambda: self._write_row(line))

    def result(self, outcome: Outcome) -> None:
        """Print a result as text; errors go to stderr with the next command to type.

        Raises OSError if stdout is closed or full, or was when a row was to be printed.
        """
        if self._lost_row:
            raise self._lost_row
        for line in outcome.lines:
            if line not in self._rows and (not self.quiet or line.mark is Mark.FAILED):
                self._write(self._out, line, required=self._must_tell)
        if outcome.summary:
            self._write(self._out, outcome.summary, required=self._must_tell)
        if outcome.error:
            self.error(outcome.error)

    def line(self, text: str) -> bool:
        """Print one line of a result at once; return whether anybody still reads it.

        Raises OSError as ``result`` does.
        """
        plain = without_commands(one_line(text), os.environ)
        return streams.write(self._out, f"{plain}\n")

    def document(self, document: dict[str, Any]) -> None:
        """Print a JSON document on one line of stdout. Raises OSError as ``result`` does."""
        text = json_line(redact_all(document), os.environ)
        self._print(self._out, text, required=self._must_tell)

    def annotate(self, text: str) -> None:
        """Print a workflow command for GitHub's runner, which also reads stderr."""
        self._print(self._err, text)

    def error(self, error: OsemError) -> None:
        """Print an error with its code and its remedy."""
        self._narrate(Line(Mark.FAILED, f"{error.code.value}: {error.message}"))
        self._narrate(Line(Mark.PLAIN, remedy_text(error.remediation)))

    def ask(self, question: str) -> str:
        """Ask a question on stderr and return the answer, empty at the end of input.

        The answer is also empty if the question cannot be written. The cursor is at the beginning
        of a line afterwards, also after Ctrl-C and Ctrl-D.
        """
        ended = False
        try:
            streams.write(self._err, "\n".join(map(one_line, question.split("\n"))))
            answer = sys.stdin.readline()
            ended = answer.endswith("\n")
        except OSError:
            return ""
        finally:
            if not ended:
                self._print(self._err, "")
        return answer.strip()

    def _append(self, text: str) -> None:
        if not self._log:
            return
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        try:
            with open(self._log, "a", encoding="utf-8", opener=_open_at_once) as log:
                log.write(f"{now} [{os.getpid()}] {one_line(text)}\n")
        except OSError as error:
            path, self._log = self._log, ""
            self.warn(f"The log {path} cannot be written: {error.strerror}")

    def _write_row(self, line: Line) -> None:
        """Print a row; a failure is for the end, because the work has to go on."""
        try:
            self._write(self._out, line, required=self._must_tell)
        except OSError as error:
            self._lost_row = error
        else:
            self._rows.add(line)

    def _tell(self, text: str) -> None:
        """Print a line of progress, unless the task is quiet."""
        if self.quiet:
            self._append(text)
        else:
            self._narrate(Line(Mark.INFO, text))

    def _narrate(self, line: Line) -> None:
        self._append(line.text)
        self._show(line)

    def _show(self, line: Line) -> None:
        first, *others = block(line.text)

        def write() -> None:
            self._write(self._err, Line(line.mark, first))
            for text in others:
                self._write(self._err, Line(Mark.PLAIN, text))

        self._progress.spinner.interrupted(write)

    def _write(self, stream: TextIO | None, line: Line, *, required: bool = False) -> None:
        text = without_commands(one_line(line.text), os.environ)
        dressed = _dressed(line.mark, text, coloured=wants_colour(stream, os.environ))
        self._print(stream, dressed, required=required)

    def _print(self, stream: TextIO | None, text: str, *, required: bool = False) -> None:
        """Print a line; raise OSError only if it is ``required``, as a result on stdout is.

        There is no other place for what stderr cannot show.
        """
        try:
            streams.write(stream, f"{text}\n")
        except OSError:
            if required:
                raise


def _dressed(mark: Mark, text: str, *, coloured: bool) -> str:
    """Return ``text`` with the symbol and the colour of its mark."""
    symbol = SYMBOLS.get(mark)
    plain = f"{symbol} {text}" if symbol else text
    if not coloured or mark not in COLOURS:
        return plain
    colour = COLOURS[mark]
    # Only the symbol is coloured, if there is one, so that the text stays readable.
    return f"\x1b[{colour}m{symbol}\x1b[0m {text}" if symbol else f"\x1b[{colour}m{plain}\x1b[0m"


def prepare_terminal() -> None:
    """Enable colours in a Windows console, and guard the libraries' logs."""
    if os.name == "nt":
        from colorama import just_fix_windows_console

        just_fix_windows_console()
    logs.guard()


def _open_at_once(path: str, flags: int) -> int:
    """Open a log without waiting: a pipe that nobody reads would block for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)
