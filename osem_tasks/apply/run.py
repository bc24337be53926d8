"""The context of one command on one target, and the record of what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osem_tasks.aws.backups import Backup
    from osem_tasks.aws.store import TableStore
    from osem_tasks.config.target import Target
    from osem_tasks.errors import OsemError
    from osem_tasks.plan.actions import Action
    from osem_tasks.schema.difference import Fact
    from osem_tasks.schema.model import TableSet
    from osem_tasks.waiting.clock import Deadline
    from osem_tasks.waiting.progress import Progress, Step


@dataclass(slots=True)
class Entry:
    """The outcome for one table; ``duration`` in seconds from the first call for it.

    ``issues`` are the types of the differences that caused the failure.
    """

    status: str
    duration: float = 0.0
    error: OsemError | None = None
    issues: tuple[str, ...] = ()


@dataclass(slots=True)
class Journal:
    """The record of a run, always up to date so that it is correct after an interrupt.

    ``deleted`` holds the tables for which DeleteTable was sent, ``completed`` the finished
    steps on existing tables, ``uncertain`` the tables with a request whose outcome is unknown:
    a request without an answer may have been carried out. ``undeclared`` are tables with an index
    that is not declared. ``backups`` are those that the run has requested, by table name; they
    change no table.
    """

    names: tuple[str, ...] = ()
    deleted: list[str] = field(default_factory=list)
    created: dict[str, Entry] = field(default_factory=dict)
    verified: dict[str, Entry] = field(default_factory=dict)
    failed: dict[str, Entry] = field(default_factory=dict)
    completed: list[Action] = field(default_factory=list)
    uncertain: set[str] = field(default_factory=set)
    undeclared: list[tuple[str, Fact]] = field(default_factory=list)
    backups: dict[str, Backup] = field(default_factory=dict)

    @property
    def not_attempted(self) -> tuple[str, ...]:
        """The tables for which no request was sent, in order."""
        done = {*self.created, *self.verified, *self.failed}
        return tuple(name for name in self.names if name not in done)

    @property
    def changed(self) -> bool:
        """Whether anything was, or may have been, created, changed or deleted."""
        return bool(self.deleted or self.created or self.completed or self.uncertain)

    def sort(self) -> None:
        """Put the tables into the model's order: some are finished later than others."""
        position = {name: index for index, name in enumerate(self.names)}

        def by_model(entries: dict[str, Entry]) -> dict[str, Entry]:
            names = sorted(entries, key=lambda name: position.get(name, len(position)))
            return {name: entries[name] for name in names}

        self.created, self.verified = by_model(self.created), by_model(self.verified)

    def fail(self, name: str, error: OsemError, issues: Sequence[str] = ()) -> None:
        """Record that ``name`` failed; a table that was created stays in ``created``."""
        if name not in self.created:
            self.verified.pop(name, None)
            self.failed[name] = Entry("FAILED", error=error, issues=tuple(dict.fromkeys(issues)))


def _untold(_: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Run:
    """A target, its tables as declared, the connection, and the deadline.

    ``journal`` is updated during the run, so that it is correct after an interrupt. ``finished``
    is called with the name of a table once nothing is left to do on it, ``completed`` with every
    step on an existing table once it is done; both from any thread, after the journal has it.
    """

    target: Target
    tables: TableSet
    store: TableStore
    deadline: Deadline
    progress: Progress
    journal: Journal
    finished: Callable[[str], None] = _untold
    completed: Callable[[Action], None] = _untold

    def say(self, text: str) -> None:
        """Report what happens right now; an empty text is nothing in particular."""
        self.progress.say(text)

    def begin(self, step: Step) -> Step:
        """Show ``step`` from now on, and return it."""
        self.progress.begin(step)
        return step
