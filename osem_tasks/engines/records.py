"""Records of running engines: small files in the user's state directory.

Every name has its own file, so that checkouts and test sessions do not overwrite each other.
``OSEM_STATE_DIR`` moves the directory. Records are claims: every field is checked when a file
is read, and an invalid file is ignored (see ``unreadable``).
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
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from filelock import BaseFileLock

    from osem_tasks.engines.base import Say

RECORD, INTENT, BROWSER = ".json", ".starting", ".admin"
_SUFFIXES = (RECORD, INTENT, BROWSER, ".log", ".lock", ".holder", f"{BROWSER}.log")
_Claim = TypeVar("_Claim", EngineRecord, Intent)
# Ignored files that were already reported to the user.
_reported: set[Path] = set()


def directory() -> Path:
    """Return the state directory, created if absent. Raises OsemError if it is not usable."""
    return state.directory()


def load(name: str) -> EngineRecord | None:
    """Return the record of engine ``name``; None if it is absent or unreadable."""
    return _load(directory() / f"{name}{RECORD}", EngineRecord)


def newest(counts: Callable[[EngineRecord], bool] = lambda _record: True) -> EngineRecord | None:
    """Return the record that ``local.up`` wrote or confirmed last, of those that ``counts``."""
    # Only a test run itself uses its engine.
    records = [record for record in load_all() if record.owner_pid is None and counts(record)]
    return max(records, key=lambda record: record.used_at, default=None)


def load_all() -> list[EngineRecord]:
    """Return all records."""
    return recorded_in(directory())


def recorded_in(folder: Path | None) -> list[EngineRecord]:
    """Return all records in ``folder``, which is not changed; none without one."""
    return _load_all(folder, RECORD, EngineRecord)


def save(record: EngineRecord) -> EngineRecord:
    """Write ``record`` as the last used one, and drop the intent of its start.

    Raises OsemError if it cannot be written.
    """
    record = replace(record, used_at=time.time())
    state.write(directory() / f"{record.name}{RECORD}", record.as_state())
    state.remove(directory() / f"{record.name}{INTENT}")
    return record


def begin(intent: Intent) -> float:
    """Record that an engine is about to start; return when, for ``undo``. Raises OsemError."""
    began = time.time()
    state.write(directory() / f"{intent.name}{INTENT}", intent.as_state())
    return began


def begun(name: str) -> Intent | None:
    """Return the unfinished or killed start of engine ``name``, or None."""
    return _load(directory() / f"{name}{INTENT}", Intent)


def all_begun() -> list[Intent]:
    """Return all unfinished or killed starts."""
    return begun_in(directory())


def begun_in(folder: Path | None) -> list[Intent]:
    """Return all unfinished or killed starts in ``folder``, which is not changed."""
    return _load_all(folder, INTENT, Intent)


def undo(name: str, began: float) -> None:
    """Drop the intent of engine ``name`` after its start was undone, and the record of that start.

    An interrupt may come just after the engine was recorded. An older record stays.
    """
    record = load(name)
    if record and record.used_at >= began:
        state.remove(directory() / f"{name}{RECORD}")
    state.remove(directory() / f"{name}{INTENT}")


def forget(name: str) -> None:
    """Drop the record and the intent of engine ``name``, if any."""
    for suffix in (RECORD, INTENT):
        state.remove(directory() / f"{name}{suffix}")


def erase(name: str) -> None:
    """Drop all files of an engine whose name is never used again."""
    for suffix in _SUFFIXES:
        state.remove(directory() / f"{name}{suffix}")


def log_path(name: str) -> Path:
    """Return the path of the log of process engine ``name``."""
    return directory() / f"{name}.log"


def _silent(_text: str) -> None:
    """Drop a message."""


def is_held(name: str) -> bool:
    """Return whether another command may be working on engine ``name``; a killed one seems to."""
    return _holder_of(name).exists()


def _holder_of(name: str) -> Path:
    return directory() / f"{name}.holder"


@contextlib.contextmanager
def locked(name: str, timeout: float, say: Say = _silent) -> Iterator[None]:
    """Lock engine ``name`` against this user's other commands.

    Two concurrent ``local.up`` then both succeed and share one engine. ``say`` reports the
    holder of the lock if the wait is long. Raises OsemError (TIMEOUT) if another command
    holds the lock longer than ``timeout`` seconds.
    """
    from filelock import FileLock

    path, holder = directory() / f"{name}.lock", _holder_of(name)
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
    """Describe the command that holds the lock, by pid and command line if they are known."""
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
    """Return messages about ignored state files; every file is reported once."""
    found = []
    for path, problem in unreadable_in(directory()):
        if path not in _reported:
            _reported.add(path)
            found.append(f"Unreadable record, ignored: {path} ({problem}).")
    return found


def unreadable_in(folder: Path) -> list[tuple[Path, str]]:
    """Return the state files in ``folder`` that cannot be read, each with the reason."""
    found = ((path, _problem(path)) for path in sorted(folder.iterdir()))
    return [(path, problem) for path, problem in found if problem]


def _load_all(folder: Path | None, suffix: str, kind: type[_Claim]) -> list[_Claim]:
    paths = folder.glob(f"*{suffix}") if folder else ()
    return [claim for path in paths if (claim := _load(path, kind)) is not None]


def _load(path: Path, kind: type[_Claim]) -> _Claim | None:
    # It is always safe to treat an absent or foreign file as unknown.
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
    """Return the claim in a file. Raises FileNotFoundError and UnreadableError."""
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
