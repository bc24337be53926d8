"""Decides when and how progress is told.

On a terminal a spinner shows the current step all the time. Elsewhere (a pipe, CI) a line
tells it at the interval of the policy, so that a short run prints nothing and a long one is
never silent.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TextIO

from osem_tasks.output.spinner import Spinner
from osem_tasks.waiting import policy
from osem_tasks.waiting.regularly import regularly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from osem_tasks.waiting.progress import Step


def spinner_text(step: Step) -> str:
    """Return a step in brief: ``waiting for 23 of 60, 12 s``, then its note.

    The count comes first: a narrow terminal cuts the end.
    """
    if not step.total:
        return step.note or step.doing
    seconds = f"{step.elapsed:.0f} s"
    if step.waits:
        text = f"waiting for {step.total - step.done:,} of {step.total:,}, {seconds}"
    else:
        text = f"{step.doing} {step.done:,} of {step.total:,} {step.unit}, {seconds}"
    return f"{text}: {step.note}" if step.note else text


def line_text(step: Step) -> str:
    """Return a step as a line: ``creating tables: 23 of 60 done, 45 s``, then its note."""
    seconds = f"{step.elapsed:.0f} s"
    text = f"{step.doing}, {seconds}"
    if step.total:
        text = f"{step.doing} {step.unit}: {step.done:,} of {step.total:,} done, {seconds}"
    return f"{text}: {step.note}" if step.note else text


class ProgressDisplay:
    """Shows the current step of one task; ``tell`` prints a line."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.spinner = Spinner()
        self._tell = tell
        self._step: Step | None = None

    @contextlib.contextmanager
    def showing(self, step: Step, terminal: TextIO | None) -> Iterator[None]:
        """Show ``step``, and those that follow it, while the body runs.

        A spinner does so on a ``terminal``, lines where there is none.
        """
        self._step = step
        lines = regularly(self.tell, policy.current().progress)
        try:
            if terminal is not None:
                self.spinner.start(self._spinner_text, terminal)
            with contextlib.nullcontext() if self.spinner.spins else lines:
                yield
        finally:
            self.spinner.stop()
            self._step = None

    def begin(self, step: Step) -> None:
        """Show ``step`` in the place of the current one."""
        if self._step is not None:
            self._step = step

    def note(self, text: str) -> bool:
        """Set what the current step does right now; return whether that is still to be told.

        It is not if it is empty, if it was said just before, or if the spinner shows it.
        """
        if self._step is None:
            return bool(text)
        known, self._step.note = self._step.note, text
        return text not in ("", known) and not self.spinner.spins

    def tell(self) -> None:
        """Print a line about the current step; nothing if the work has ended."""
        step = self._step
        if step is not None:
            self._tell(line_text(step))

    def _spinner_text(self) -> str:
        return spinner_text(self._step) if self._step else ""
