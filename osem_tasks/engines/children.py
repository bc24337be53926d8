"""Processes that outlive the command that starts them: start, end, log."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

from osem_tasks.config.commands import engine_command
from osem_tasks.engines import state
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import interrupts, policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

# Processes that this process started. They outlive it, but it must reap those that end first.
_children: list[subprocess.Popen[bytes]] = []


class _Detached(subprocess.Popen[bytes]):
    """A process that may outlive this one."""

    def __del__(self) -> None:
        """Do not warn that the process still runs: its record tells how to stop it."""


def spawn(
    command: Sequence[str], variables: Mapping[str, str], folder: Path, log: Path
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, in ``folder``; its output goes to ``log``."""
    # Shielded: an interrupt between the fork and the entry in _children would orphan the child.
    with interrupts.shielded(), os.fdopen(state.create(log), "wb") as stream:
        child = _Detached(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
        _children.append(child)
    return child


@contextlib.contextmanager
def undone_on_failure(undo: Callable[[], None]) -> Iterator[None]:
    """Kill the processes that the block started, and call ``undo``, if the block fails."""
    before = len(_children)
    try:
        yield
    except BaseException:
        # Also on Ctrl-C and if the record cannot be written: nothing else would stop it.
        with interrupts.shielded():
            for child in _children[before:]:
                child.kill()
                child.wait()
            with contextlib.suppress(OsemError):
                undo()
        raise


def end(pid: int, runs: Callable[[], bool], name: str, product: str) -> None:
    """End process ``pid`` of engine ``name``, by force if necessary.

    ``runs`` says whether it is still the same process, ``product`` what it is. Raises OsemError
    if it does not end.
    """
    import psutil

    def has_ended() -> bool:
        ended = not runs()
        for child in _children:
            child.poll()  # a child of this process would stay a zombie
        return ended

    seconds = policy.current().engine_stop
    for stop in (psutil.Process.terminate, psutil.Process.kill):
        with contextlib.suppress(psutil.Error):
            stop(psutil.Process(pid))
        # psutil's own wait never returns if no parent reaps the ended process.
        backoff = wait.Backoff(policy.current().engine_poll)
        if wait.poll(has_ended, bool, Deadline(seconds), backoff):
            return
    raise OsemError(
        f"Could not stop {product} (process {pid}).",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=f"kill -9 {pid}   then: {engine_command('local.down', name)}",
    )


def log_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a log; none if it is absent or not a regular file of this user."""
    with contextlib.suppress(OSError, state.UnreadableError), state.open_plain(path) as log:
        for line in log:
            yield line.decode("utf-8", errors="replace").rstrip("\r\n")
