"""Which engines run, where and since when: small files in the user's state directory.

One file a name, so that two checkouts or a test session never overwrite each other.
``OSEM_STATE_DIR`` moves the directory. A record is a claim: every field is checked when it
is read, and a file that does not hold one is ignored (see ``unreadable``).
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from osem_tasks.engines import claims, host, state
from osem_tasks.engines.base import EngineRecord, Intent
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from filelock import BaseFileLock

    from osem_tasks.engines.base import Say

RECORD, INTENT = ".json", ".starting"
_SUFFIXES = (RECORD, INTENT, ".log", ".lock", ".holder")
_Claim = TypeVar("_Claim", EngineRecord, Intent)
# The files of which a user was told that they are ignored.
_reported: set[Path] = set()


def directory() -> Path:
    """The state directory; it exists afterwards. Raises OsemError when it cannot be used."""
    return state.directory()


def load(name: str) -> EngineRecord | None:
    """The record of engine ``name``; None when there is none or it cannot be read."""
    return _load(directory() / f"{name}{RECORD}", EngineRecord)


def newest() -> EngineRecord | None:
    """The record that a ``local.up`` wrote or confirmed last, of any name."""
    # The engine of a test run belongs to that run alone.
    records = [record for record in load_all() if record.owner_pid is None]
    return max(records, key=lambda record: record.used_at, default=None)


def load_all() -> list[EngineRecord]:
    """All records, of any name."""
    return _load_all(RECORD, EngineRecord)


def save(record: EngineRecord) -> EngineRecord:
    """Write ``record`` as the one that was used last; the start of its engine has ended.

    Raises OsemError when it cannot be written.
    """
    record = replace(record, used_at=time.time())
    state.write(directory() / f"{record.name}{RECORD}", record.as_state())
    state.remove(directory() / f"{record.name}{INTENT}")
    return record


def begin(intent: Intent) -> None:
    """Record that an engine is about to be started. Raises OsemError."""
    state.write(directory() / f"{intent.name}{INTENT}", intent.as_state())


def begun(name: str) -> Intent | None:
    """The start of engine ``name`` that has not ended, or was killed; None without one."""
    return _load(directory() / f"{name}{INTENT}", Intent)


def all_begun() -> list[Intent]:
    """All starts that have not ended, or were killed."""
    return _load_all(INTENT, Intent)


def undo(name: str) -> None:
    """Drop the intent of engine ``name``: nothing is left of its start."""
    state.remove(directory() / f"{name}{INTENT}")


def forget(name: str) -> None:
    """Drop the record of engine ``name`` and of its start, if any."""
    for suffix in (RECORD, INTENT):
        state.remove(directory() / f"{name}{suffix}")


def erase(name: str) -> None:
    """Drop all files of an engine whose name will never be used again."""
    for suffix in _SUFFIXES:
        state.remove(directory() / f"{name}{suffix}")


def log_path(name: str) -> Path:
    """Where a process engine of that name writes its log."""
    return directory() / f"{name}.log"


def _silent(_text: str) -> None:
    """Tell nobody."""


@contextlib.contextmanager
def locked(name: str, timeout: float, say: Say = _silent) -> Iterator[None]:
    """Hold engine ``name`` alone among this user's commands.

    Two ``local.up`` at once then end with one engine and two successes. ``say`` is told who
    holds it when that takes long. Raises OsemError (TIMEOUT) when another command holds it
    longer than ``timeout`` seconds.
    """
    from filelock import FileLock

    path, holder = directory() / f"{name}.lock", directory() / f"{name}.holder"
    lock = FileLock(path, mode=0o600)
    told = Deadline(policy.current().engine_lock_notice)

    def acquired() -> bool:
        if _acquire(lock, path):
            return True
        if told.passed and told.seconds:
            say(f"waiting: {_holder(holder)} is using engine '{name}'")
            told.seconds = 0.0
        return False

    backoff = wait.Backoff(policy.current().engine_poll)
    if not wait.poll(acquired, bool, Deadline(timeout), backoff):
        raise OsemError(
            f"Gave up after {timeout:.0f} s: {_holder(holder)} is using engine '{name}'.",
            code=ErrorCode.TIMEOUT,
            remediation="Wait for that command to end, or end it, then run this one again.",
        )
    try:
        state.write(holder, {"pid": os.getpid(), "identity": host.process_identity(os.getpid())})
        yield
    finally:
        with contextlib.suppress(OsemError):
            state.remove(holder)
        lock.release()


def _acquire(lock: BaseFileLock, path: Path) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    except OSError as error:
        raise state.refusal(path, error) from error
    return True


def _holder(path: Path) -> str:
    """The command that holds an engine, in words: by pid and command line where it is known."""
    try:
        values = state.read(path)
    except (OSError, state.UnreadableError):
        return "another command"
    pid, identity = values.get("pid"), values.get("identity")
    claimed = isinstance(pid, int) and claims.is_pid(pid) and isinstance(identity, str)
    if not claimed or not host.is_alive(int(str(pid)), 0.0, identity):
        return "another command"
    return f"process {pid} ({' '.join(host.command_line(int(str(pid))))})"


def unreadable() -> list[str]:
    """The state files that are ignored, in words; every file is named once."""
    found = []
    for path in sorted(directory().iterdir()):
        problem = _problem(path)
        if problem and path not in _reported:
            _reported.add(path)
            found.append(f"Unreadable record, ignored: {path} ({problem}).")
    return found


def _load_all(suffix: str, kind: type[_Claim]) -> list[_Claim]:
    paths = directory().glob(f"*{suffix}")
    return [claim for path in paths if (claim := _load(path, kind)) is not None]


def _load(path: Path, kind: type[_Claim]) -> _Claim | None:
    # What is absent or not ours is not known, which is always safe.
    with contextlib.suppress(OSError, state.UnreadableError):
        return _read(path, kind)
    return None


def _problem(path: Path) -> str:
    try:
        if path.suffix == RECORD:
            _read(path, EngineRecord)
        if path.suffix == INTENT:
            _read(path, Intent)
    except FileNotFoundError:
        return ""
    except state.UnreadableError as error:
        return str(error)
    return ""


def _read(path: Path, kind: type[_Claim]) -> _Claim:
    """The claim in a file. Raises FileNotFoundError and UnreadableError."""
    values: dict[str, Any] = state.read(path)
    names = {field.name for field in fields(kind)}
    known = {name: value for name, value in values.items() if name in names}
    problem = claims.problem(known, path.name.removesuffix(path.suffix))
    if problem:
        raise state.UnreadableError(problem)
    try:
        return kind(**known)
    except TypeError as error:
        raise state.UnreadableError("a field is missing") from error
