"""How far a load has come, in the state directory: a claim, which only saves work.

It is of one export, one table (not of a later one of the same name) and one transformation.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osem_tasks.engines import state
from osem_tasks.waiting import clock, policy

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.apply.run import Run
    from osem_tasks.data.layout import Export
    from osem_tasks.data.writer import Batch
    from osem_tasks.schema.live import LiveTable

# More files do not fit a state file; their load begins anew after a kill.
_MOST_FILES = 4000


@dataclass(slots=True)
class Resume:
    """The items of each file that are written, without a gap from its first one.

    ``before`` is the number of items that the table had before the load began; None if no run has
    begun it. ``skip`` are the items of each file that an earlier run has written.
    """

    path: Path
    before: int | None
    skip: dict[int, int]
    counts: dict[int, int]
    keeps: bool
    _saved: float = field(default_factory=lambda: clock.now())  # noqa: PLW0108  a test's own clock
    _next: int = 0
    _early: dict[int, Batch] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, run: Run, export: Export, live: LiveTable, named: str, *, whole: bool) -> Resume:
        """Return what an earlier run recorded, or an empty record. Raises OsemError.

        ``named`` is the transformation, ``whole`` says that all items are written again.
        """
        subject = [
            export.id,
            *(file.md5 for file in export.files),
            run.target.endpoint,
            live.arn,
            live.identity,
            named,
        ]
        name = hashlib.sha256(json.dumps(subject).encode()).hexdigest()[:32]
        path = state.directory() / f"load-{name}.progress"  # .json is an engine's record
        before, counts = _recorded(path, export)
        keeps = not whole and len(export.files) <= _MOST_FILES
        counts = counts if keeps else {}
        return cls(path, before, dict(counts), counts, keeps)

    @property
    def continued(self) -> int:
        """The items that an earlier run has written."""
        return sum(self.skip.values())

    def begin(self, before: int) -> None:
        """Record that the load begins. Raises OsemError."""
        self.before = before
        self._save()

    def written(self, batch: Batch) -> None:
        """Count the items of ``batch`` once all earlier batches are written. Raises OsemError."""
        with self._lock:
            self._early[batch.number] = batch
            while (first := self._early.pop(self._next, None)) is not None:
                self._next += 1
                for file, items in first.sources.items():
                    self.counts[file] = self.counts.get(file, 0) + items
            if self.keeps and clock.now() - self._saved >= policy.current().load_record:
                self._save()

    def end(self) -> None:
        """Forget the load, which is complete. Raises OsemError."""
        state.remove(self.path)

    def _save(self) -> None:
        self._saved = clock.now()
        counts = sorted(self.counts.items()) if self.keeps else []
        state.write(self.path, {"before": self.before, "files": counts})


def _recorded(path: Path, export: Export) -> tuple[int | None, dict[int, int]]:
    """Return what a file records; nothing if it does not fit the export."""
    try:
        values: dict[str, Any] = state.read(path)
    except (OSError, state.UnreadableError):
        return None, {}
    before, entries = values.get("before"), values.get("files")
    if not _is_count(before) or not isinstance(entries, list):
        return None, {}
    counts = {}
    for entry in entries:
        if not isinstance(entry, list) or not all(map(_is_count, entry)):
            return None, {}
        file, items = entry if len(entry) == len(("file", "items")) else (len(export.files), 0)
        if file >= len(export.files) or items > export.files[file].items:
            return None, {}
        counts[file] = items
    return before, counts


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0
