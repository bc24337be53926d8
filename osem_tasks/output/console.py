"""The only place that prints: results on stdout, narration on stderr.

Every text passes ``output.text`` on its way, so that nothing secret is told and nothing from
elsewhere acts on a terminal, a CI runner or the log. A result that cannot be written is an
OSError; narration that cannot is lost, because there is no better place for it.

Spinners come from halo and colours from colorama, both only where a person looks on.
"""

from __future__ import annotations

import contextlib
import os
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TextIO

from osem_tasks.config.secrets import redact_all
from osem_tasks.output import logs, streams
from osem_tasks.output.outcome import Line, Mark
from osem_tasks.output.spinner import Spinner, wants_spinner
from osem_tasks.output.text import ARROW, block, json_line, one_line, without_commands

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
    """FORCE_COLOR, then NO_COLOR (no-color.org), CI and TERM, then: is it a terminal?"""
    forced = variables.get("FORCE_COLOR", "")
    if forced:
        return forced != "0"
    if variables.get("NO_COLOR") or variables.get("CI") or variables.get("TERM") == "dumb":
        return False
    return stream is not None and stream.isatty()


class Console:
    """Prints one task's result and narration. ``quiet`` keeps errors and the summary only.

    With ``results_to_stderr`` the human result makes room for another task's JSON.
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
        # None for a stream that the shell has closed (``>&-``).
        self._err: TextIO | None = sys.stderr
        self._out: TextIO | None = self._err if results_to_stderr else sys.stdout
        self._spinner = Spinner()
        self._log = ""

    def log_to(self, path: str) -> None:
        """Also append everything that is narrated, calls included, to the file ``path``."""
        self._log = path

    def info(self, text: str) -> None:
        """Narration: what is about to happen, and where."""
        if not self.quiet:
            self._narrate(Line(Mark.INFO, one_line(text)))

    def warn(self, text: str) -> None:
        """Narration that asks for attention."""
        if not self.quiet:
            self._narrate(Line(Mark.WARNING, text))

    def detail(self, text: str) -> None:
        """Narration for ``--verbose``, and for the log."""
        if self.verbose:
            self._narrate(Line(Mark.DETAIL, text))
        else:
            self._append(text)

    def call(self, text: str) -> None:
        """A call to AWS, with the time of day, for ``--verbose``."""
        self._append(text)
        if self.verbose:
            now = f"{datetime.now().astimezone():%H:%M:%S.%f}"[:-3]
            self._show(Line(Mark.DETAIL, f"{now} {one_line(text)}"))

    def say(self, text: str) -> None:
        """Progress: shown by the spinner, as a detail where there is none."""
        if not self._spinner.show(one_line(text)):
            self.detail(text)

    @contextlib.contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Show that work goes on while the body runs."""
        shown = not self.quiet and not self.as_json
        if shown and self._err is not None and wants_spinner(self._err, os.environ):
            self._spinner.start(one_line(text), self._err)
        try:
            yield
        finally:
            self._spinner.stop()

    def result(self, outcome: Outcome) -> None:
        """The human form of a result; errors go to stderr with what to type next.

        Raises OSError when stdout is closed or full.
        """
        for line in outcome.lines:
            if not self.quiet or line.mark is Mark.FAILED:
                self._write(self._out, line)
        if outcome.summary:
            self._write(self._out, outcome.summary)
        if outcome.error:
            self.error(outcome.error)

    def document(self, document: dict[str, Any]) -> None:
        """One JSON document on one line of stdout. Raises OSError as ``result`` does."""
        self._print(self._out, json_line(redact_all(document), os.environ))

    def annotate(self, text: str) -> None:
        """A workflow command for GitHub's runner, which reads stderr as well."""
        self._print(self._err, text)

    def error(self, error: OsemError) -> None:
        """An error, its code, and its remedy."""
        self._narrate(Line(Mark.FAILED, f"{error.code.value}: {error.message}"))
        self._narrate(Line(Mark.PLAIN, f"  {ARROW} {one_line(error.remediation)}"))

    def ask(self, question: str) -> str:
        """A person's answer; the question goes to stderr. Empty at the end of input.

        Empty too where the question cannot be written: nobody has read it.
        """
        try:
            streams.write(self._err, "\n".join(map(one_line, question.split("\n"))))
        except OSError:
            return ""
        return sys.stdin.readline().strip()

    def _append(self, text: str) -> None:
        if not self._log:
            return
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        try:
            with open(self._log, "a", encoding="utf-8") as log:  # noqa: PTH123  a plain append
                log.write(f"{now} [{os.getpid()}] {one_line(text)}\n")
        except OSError as error:
            path, self._log = self._log, ""
            self.warn(f"The log {path} cannot be written: {error.strerror}")

    def _narrate(self, line: Line) -> None:
        self._append(line.text)
        self._show(line)

    def _show(self, line: Line) -> None:
        first, *others = block(line.text)

        def write() -> None:
            self._write(self._err, Line(line.mark, first))
            for text in others:
                self._write(self._err, Line(Mark.PLAIN, text))

        self._spinner.interrupted(write)

    def _write(self, stream: TextIO | None, line: Line) -> None:
        text = without_commands(one_line(line.text), os.environ)
        self._print(stream, _dressed(line.mark, text, coloured=wants_colour(stream, os.environ)))

    def _print(self, stream: TextIO | None, text: str) -> None:
        try:
            streams.write(stream, f"{text}\n")
        except OSError:
            # What cannot be told on stderr cannot be told anywhere.
            if stream is not self._err:
                raise


def _dressed(mark: Mark, text: str, *, coloured: bool) -> str:
    """``text`` with the symbol of its mark, and its colour."""
    symbol = SYMBOLS.get(mark)
    plain = f"{symbol} {text}" if symbol else text
    if not coloured or mark not in COLOURS:
        return plain
    colour = COLOURS[mark]
    # The symbol alone is coloured where there is one: the text stays readable.
    return f"\x1b[{colour}m{symbol}\x1b[0m {text}" if symbol else f"\x1b[{colour}m{plain}\x1b[0m"


def prepare_terminal() -> None:
    """Let a Windows console understand colours, and guard what the libraries log."""
    from colorama import just_fix_windows_console

    just_fix_windows_console()
    logs.guard()
