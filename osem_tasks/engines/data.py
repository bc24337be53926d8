"""Directories that keep the data of a process engine under ``--persist``.

A directory of a name and kind of engine is in the state directory, private, and has a file that
says whose it is. It outlives the engine. Only our own directories are used and removed, never
through a symbolic link.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.engines import host, records, state
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from osem_tasks.engines.base import EngineRecord, EngineRequest

OWNER = "osem-engine.json"
_PRIVATE = 0o700


def path(kind: str, name: str) -> Path:
    """Return the directory for the data of engine ``name`` of that kind."""
    return records.directory() / f"{name}.{kind}-data"


def resumed(request: EngineRequest, last: EngineRecord | None) -> EngineRequest:
    """Return the request for an engine whose process may have ended: it keeps its settings.

    ``last`` is the record of that engine, if there is one. As a stopped container does, it comes
    back with its data, and with one database per access key, unless ``--fresh`` replaces it.
    """
    if last is None or request.fresh:
        return replace(request, persist=bool(request.persist))
    persist = bool(request.persist or last.persist)
    return replace(request, persist=persist, shared=request.shared and last.shared)


def exists(kind: str, name: str) -> bool:
    """Return whether engine ``name`` has a directory of ours."""
    return _is_ours(path(kind, name), kind, name)


def remove(kind: str, name: str) -> bool:
    """Remove the directory of engine ``name`` if it is ours; return whether it was removed."""
    directory = path(kind, name)
    if not _is_ours(directory, kind, name):
        return False
    with state.writing(directory):
        shutil.rmtree(directory)
    return True


def refuse_if_used(kind: str, name: str, own: Collection[int], keeping: str) -> None:
    """Raise OsemError if a process that is not in ``own`` has a file of the directory open.

    ``keeping`` is the command that keeps the data. Call this before anything is removed.
    """
    directory = path(kind, name)
    others = _users(directory, own) if _is_ours(directory, kind, name) else []
    if others:
        raise _in_use(directory, others, "Nothing was removed.", f"keep the data: {keeping}")


@contextlib.contextmanager
def kept(kind: str, request: EngineRequest) -> Iterator[None]:
    """Provide the directory while the engine starts, if the request wants it.

    A directory that is created for a start that fails is removed. Raises OsemError if the
    directory is not ours.
    """
    if not request.persist:
        yield
        return
    had = exists(kind, request.name)
    _ensure(kind, request)
    try:
        yield
    except BaseException:
        if not had:
            with contextlib.suppress(OsemError):
                remove(kind, request.name)
        raise


def note(kind: str, request: EngineRequest) -> str:
    """Return a warning about kept data that this engine does not use; empty if there is none."""
    if request.persist or not exists(kind, request.name):
        return ""
    persistent = replace(request, persist=True, fresh=False)
    return (
        f"Data of an earlier --persist is kept in {path(kind, request.name)}. "
        f"To use it: {persistent.replacing_command()}"
    )


def _ensure(kind: str, request: EngineRequest) -> None:
    directory = path(kind, request.name)
    if not os.path.lexists(directory):
        with state.writing(directory):
            directory.mkdir(mode=_PRIVATE)
    elif not _is_ours(directory, kind, request.name):
        other = replace(request, name=f"{request.name}-2").command()
        raise OsemError(
            f"{directory} already exists and was not created by osem_tasks.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=f"Use another name: {other}   or move it away",
        )
    elif others := _users(directory, ()):
        other = replace(request, name=f"{request.name}-2").command()
        raise _in_use(directory, others, "Nothing was started.", f"use another name: {other}")
    with state.writing(directory):
        directory.chmod(_PRIVATE)
    state.write(directory / OWNER, {"engine": kind, "name": request.name})


def _users(directory: Path, own: Collection[int]) -> list[int]:
    return [pid for pid in host.processes_using(directory) if pid not in own]


def _in_use(directory: Path, pids: list[int], so: str, instead: str) -> OsemError:
    numbers = [str(pid) for pid in pids]
    return OsemError(
        f"The data in {directory} is in use by process {', '.join(numbers)}. {so}",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=f"kill {' '.join(numbers)}   or {instead}",
    )


def _is_ours(directory: Path, kind: str, name: str) -> bool:
    """Return whether ``directory`` is a directory that we created: no link, and of this user."""
    try:
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or state.is_foreign(found):
            return False
        # A command that is killed before it writes the file leaves an empty directory.
        if not any(directory.iterdir()):
            return True
        owner = state.read(directory / OWNER)
    except (OSError, state.UnreadableError):
        return False
    return owner == {"engine": kind, "name": name}
