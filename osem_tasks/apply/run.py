"""One command on one target: what every reader and changer of tables works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from osem_tasks.apply.journal import Journal

if TYPE_CHECKING:
    from osem_tasks.aws.store import TableStore
    from osem_tasks.config.target import Target
    from osem_tasks.schema.model import TableSet
    from osem_tasks.waiting.clock import Deadline


class Progress(Protocol):
    """Who is told how a run goes: the console, in the tasks."""

    def info(self, text: str) -> None:
        """A step begins."""

    def say(self, text: str) -> None:
        """How far the step has come."""


@dataclass(frozen=True, slots=True)
class Run:
    """A target, its tables as they must be, the way to them, and the time there is.

    ``journal`` is kept exact while the run goes on, so that it is true after an interrupt.
    """

    target: Target
    tables: TableSet
    store: TableStore
    deadline: Deadline
    progress: Progress
    journal: Journal = field(default_factory=Journal)

    def say(self, text: str) -> None:
        """Tell how far the run has come."""
        self.progress.say(text)
