"""Which engines run, where and since when: small files in the user's state directory.

One file a name, so that two checkouts or a test session never overwrite each other.
``OSEM_STATE_DIR`` moves the directory.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.engines import registry
from osem_tasks.engines.base import EngineRecord
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from filelock import BaseFileLock

_FIELDS = {field.name for field in fields(EngineRecord)}


def directory() -> Path:
    """The state directory; it exists afterwards. Raises OsemError when it cannot be made."""
    configured = os.environ.get("OSEM_STATE_DIR")
    if configured:
        path = Path(configured)
    else:
        from platformdirs import user_state_path

        path = user_state_path("osem-tasks", appauthor=False)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OsemError(
            f"The state directory {path} cannot be made: {error.strerror}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation="Set OSEM_STATE_DIR to a directory that you can write to.",
        ) from error
    return path


def load(name: str) -> EngineRecord | None:
    """The record of engine ``name``; None when there is none or it cannot be read."""
    return _read(_path(name))


def newest() -> EngineRecord | None:
    """The record that a ``local.up`` wrote or confirmed last, of any name."""
    # The engine of a test run belongs to that run alone.
    records = [record for record in load_all() if record.owner_pid is None]
    return max(records, key=lambda record: record.used_at, default=None)


def load_all() -> list[EngineRecord]:
    """All records, of any name."""
    return [record for path in directory().glob("*.json") if (record := _read(path))]


def save(record: EngineRecord) -> EngineRecord:
    """Write ``record`` as the one that was used last; a reader never sees half a file."""
    record = replace(record, used_at=time.time())
    path = _path(record.name)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(record.as_state(), indent=2) + "\n", encoding="utf-8")
    draft.replace(path)
    return record


def forget(name: str) -> None:
    """Drop the record of engine ``name``, if any."""
    _path(name).unlink(missing_ok=True)


def erase(name: str) -> None:
    """Drop all files of an engine whose name will never be used again."""
    for suffix in (".json", ".log", ".lock"):
        (directory() / f"{name}{suffix}").unlink(missing_ok=True)


def log_path(name: str) -> Path:
    """Where a process engine of that name writes its log."""
    return directory() / f"{name}.log"


@contextlib.contextmanager
def locked(name: str, timeout: float) -> Iterator[None]:
    """Hold engine ``name`` alone among this user's commands.

    Two ``local.up`` at once then end with one engine and two successes. Raises OsemError
    (TIMEOUT) when another command holds it longer than ``timeout`` seconds.
    """
    from filelock import FileLock

    lock = FileLock(directory() / f"{name}.lock")
    backoff = wait.Backoff(policy.current().engine_poll)
    if not wait.poll(lambda: _acquire(lock), bool, Deadline(timeout), backoff):
        raise OsemError(
            f"Gave up after {timeout:.0f} s: another command is using engine '{name}'.",
            code=ErrorCode.TIMEOUT,
            remediation="Wait for that command to end, or end it, then run this one again.",
        )
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: BaseFileLock) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True


def _path(name: str) -> Path:
    return directory() / f"{name}.json"


def _read(path: Path) -> EngineRecord | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        record = EngineRecord(**{key: values[key] for key in _FIELDS & values.keys()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None  # absent, or not ours: then nothing is known, which is always safe
    if record.engine not in registry.names() or not str(record.endpoint).startswith("http"):
        return None
    texts = (record.engine, record.name, record.endpoint, record.started_at)
    sound = all(isinstance(text, str) for text in texts) and isinstance(
        record.used_at, (int, float)
    )
    return record if sound else None
