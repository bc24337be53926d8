"""The account of a run: what was created, verified, failed, not attempted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osem_tasks.errors import OsemError
    from osem_tasks.schema.plan import Action


@dataclass(slots=True)
class Entry:
    """What became of one table; ``duration`` in seconds from the first call for it."""

    status: str
    duration: float = 0.0
    error: OsemError | None = None


@dataclass(slots=True)
class Journal:
    """The account of a run, kept up to date so that it is exact also after an interrupt."""

    names: tuple[str, ...]
    created: dict[str, Entry] = field(default_factory=dict)
    verified: dict[str, Entry] = field(default_factory=dict)
    failed: dict[str, Entry] = field(default_factory=dict)
    completed: list[Action] = field(default_factory=list)  # steps done on existing tables

    @property
    def not_attempted(self) -> tuple[str, ...]:
        """The tables for which nothing was sent, in order."""
        done = {*self.created, *self.verified, *self.failed}
        return tuple(each for each in self.names if each not in done)

    @property
    def changed(self) -> bool:
        """Whether anything was created or altered."""
        return bool(self.created or self.completed)

    def fail(self, name: str, error: OsemError) -> None:
        """Record that ``name`` failed; one that was created stays in ``created``."""
        if name not in self.created:
            self.failed[name] = Entry("FAILED", error=error)
