"""What one run of changes works with: where, what, by when, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from osem_tasks.aws.store import TableStore
    from osem_tasks.clock import Deadline
    from osem_tasks.journal import Journal
    from osem_tasks.schema.model import TableSet


class Narrator(Protocol):
    """Who is told how it goes: a console, in the tasks."""

    def info(self, text: str) -> None:
        """A step begins."""

    def say(self, text: str) -> None:
        """How far it has come."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run on one target. ``journal`` is kept exact while it goes on."""

    store: TableStore
    tables: TableSet
    journal: Journal
    deadline: Deadline
    narrator: Narrator

    def say(self, text: str) -> None:
        """Tell how far it has come."""
        self.narrator.say(text)
