"""The exact names of the tables that a test run creates in a shared database.

A name is written to a file before its table is created, so that the next run can delete the
tables of a killed one. Only names with a random part from this package are written or deleted:
even a forged file cannot make a run delete a user's table.
"""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osem_tasks.engines import claims, host, records, state

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SUFFIX = ".tables"
# Our names have the prefix of a test's database or of a trial table.
OWN_NAME = re.compile(r"(t[0-9a-f]{12}-|osem-probe-)[A-Za-z0-9_.-]{1,230}")


@dataclass(frozen=True, slots=True)
class Created:
    """The tables created at ``endpoint`` with ``access_key``, stored in a file."""

    endpoint: str
    access_key: str
    path: Path
    names: set[str] = field(default_factory=set)

    @classmethod
    def at(cls, endpoint: str, access_key: str) -> Created:
        """Return an empty list for a new database; the first table creates the file."""
        path = records.directory() / f"osem-tests-{uuid.uuid4().hex[:12]}{SUFFIX}"
        return cls(endpoint, access_key, path)

    def add(self, names: Iterable[str]) -> None:
        """Record tables before they are created. Raises OsemError."""
        own = {name for name in names if OWN_NAME.fullmatch(name)}
        if not own <= self.names:
            self.names.update(own)
            self._write()

    def discard(self, name: str) -> None:
        """Remove a deleted table from the file; the last one removes the file."""
        if name not in self.names:
            return
        self.names.discard(name)
        if self.names:
            self._write()
        else:
            state.remove(self.path)

    def keep(self) -> None:
        """Remove the file only: no later run deletes the tables."""
        self.names.clear()
        state.remove(self.path)

    def _write(self) -> None:
        pid = os.getpid()
        state.write(
            self.path,
            {
                "endpoint": self.endpoint,
                "access_key": self.access_key,
                "tables": sorted(self.names),
                "pid": pid,
                "identity": host.process_identity(pid),
            },
        )


def left_behind(endpoint: str) -> Iterator[Created]:
    """Yield the tables that killed runs left at ``endpoint``."""
    for path in sorted(records.directory().glob(f"*{SUFFIX}")):
        with contextlib.suppress(OSError, state.UnreadableError):
            values = state.read(path)
            if _is_sound(values) and values["endpoint"] == endpoint and not _is_owned(values):
                yield Created(endpoint, values["access_key"], path, set(values["tables"]))


def _is_sound(values: dict[str, Any]) -> bool:
    tables, key = values.get("tables"), values.get("access_key")
    texts = (values.get("endpoint"), values.get("identity"), key)
    return (
        all(isinstance(text, str) for text in texts)
        and str(key).isalnum()
        and claims.is_pid(values.get("pid"))
        and isinstance(tables, list)
        and all(isinstance(name, str) and OWN_NAME.fullmatch(name) for name in tables)
    )


def _is_owned(values: dict[str, Any]) -> bool:
    """Return whether the run that created the tables still runs."""
    return host.is_alive(values["pid"], 0.0, values["identity"])
