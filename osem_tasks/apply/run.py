"""One command on one target: what readers and changers of tables work with, and its account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.aws.store import TableStore
    from osem_tasks.config.target import Target
    from osem_tasks.errors import OsemError
    from osem_tasks.plan.actions import Action
    from osem_tasks.schema.model import TableSet
    from osem_tasks.waiting.clock import Deadline


@dataclass(slots=True)
class Entry:
    """What became of one table; ``duration`` in seconds from the first call for it.

    ``issues`` are the types of the differences that made it fail.
    """

    status: str
    duration: float = 0.0
    error: OsemError | None = None
    issues: tuple[str, ...] = ()


@dataclass(slots=True)
class Journal:
    """The account of a run, kept up to date so that it is exact also after an interrupt.

    ``deleted`` names tables for which DeleteTable was sent, ``completed`` holds the steps
    done on existing tables, ``uncertain`` the tables for which something was sent whose end
    was not seen: a request without an answer may have been carried out.
    """

    names: tuple[str, ...] = ()
    deleted: list[str] = field(default_factory=list)
    created: dict[str, Entry] = field(default_factory=dict)
    verified: dict[str, Entry] = field(default_factory=dict)
    failed: dict[str, Entry] = field(default_factory=dict)
    completed: list[Action] = field(default_factory=list)
    uncertain: set[str] = field(default_factory=set)

    @property
    def not_attempted(self) -> tuple[str, ...]:
        """The tables for which nothing was sent, in order."""
        done = {*self.created, *self.verified, *self.failed}
        return tuple(name for name in self.names if name not in done)

    @property
    def changed(self) -> bool:
        """Whether anything was, or may have been, created, altered or deleted."""
        return bool(self.deleted or self.created or self.completed or self.uncertain)

    def fail(self, name: str, error: OsemError, issues: Sequence[str] = ()) -> None:
        """Record that ``name`` failed; a table that was created stays in ``created``."""
        if name not in self.created:
            self.failed[name] = Entry("FAILED", error=error, issues=tuple(dict.fromkeys(issues)))


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
    journal: Journal

    def say(self, text: str) -> None:
        """Tell how far the run has come."""
        self.progress.say(text)
