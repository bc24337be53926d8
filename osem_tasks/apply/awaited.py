"""When to look at tables that are being created.

Tables that are requested together take about as long as each other. So one table is looked at
often, and the others once they are as old as that one was when it was ready: for sixty tables,
that is a third of the calls, and none of them comes late.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osem_tasks.waiting import policy
from osem_tasks.waiting.wait import Backoff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.apply.run import Entry
    from osem_tasks.schema.model import Table

# A table is looked at again after this share of its age, so that no wait ends much too late.
SHARE = 0.02


def _rarely() -> Backoff:
    return Backoff(policy.current().glance)


@dataclass(slots=True)
class Requested:
    """A table that DynamoDB has accepted. Times in seconds since the run began."""

    table: Table
    start: float
    entry: Entry
    next_look: float = 0.0
    _pauses: Backoff = field(default_factory=_rarely)

    def postpone(self, now: float, takes: float | None) -> None:
        """Set the next look after one at ``now``; ``takes`` is how long a table takes, if known."""
        age = now - self.start
        if takes is None:
            self.next_look = now + self._pauses.next()
        elif age < takes:
            self.next_look = self.start + takes
        else:
            shortest, longest, _ = policy.current().poll
            self.next_look = now + min(max(shortest, SHARE * age), longest)

    @property
    def took(self) -> float:
        """How long a table that was found ready took: until that look was due.

        The look itself may have come much later, after many requests.
        """
        return self.next_look - self.start


class Awaited:
    """The tables that are being created, in the order of their requests."""

    def __init__(self) -> None:
        self._tables: dict[str, Requested] = {}
        self._takes: float | None = None

    def __len__(self) -> int:
        return len(self._tables)

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the tables."""
        return iter(self._tables)

    def __getitem__(self, name: str) -> Requested:
        return self._tables[name]

    @property
    def next_look(self) -> float:
        """The time of the next look; infinite without a table."""
        return min((requested.next_look for requested in self._tables.values()), default=math.inf)

    def add(self, requested: Requested) -> None:
        """Add a table that was just accepted."""
        self._tables[requested.table.name] = requested
        self.postpone(requested.table.name, requested.start)

    def due(self, now: float) -> list[Table]:
        """Return the tables to look at."""
        return [found.table for found in self._tables.values() if found.next_look <= now]

    def postpone(self, name: str, now: float) -> None:
        """Take note of a look at ``now`` at a table that is not ready."""
        oldest = name == next(iter(self._tables))
        self._tables[name].postpone(now, 0.0 if oldest else self._takes)

    def remove(self, name: str) -> None:
        """Drop a table that will never be ready."""
        del self._tables[name]

    def ready(self, name: str) -> None:
        """Drop a table that was found ready."""
        self._takes = self._tables.pop(name).took
        for requested in self._tables.values():
            requested.next_look = min(requested.next_look, requested.start + self._takes)
