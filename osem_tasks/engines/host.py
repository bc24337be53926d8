"""The ports and processes of this machine."""

from __future__ import annotations

import socket
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines.base import Owner
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.engines.base import EngineRecord, EngineRequest

# Two readings of a process's start, in seconds, differ by a little: some clocks count ticks.
START_TOLERANCE = 1.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# The start of a process, in ticks since the boot: counted after the command's name.
_STAT_START = 19


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1 at ``port`` right now."""
    with socket.socket() as listener:
        # As servers do: a port in TIME_WAIT after a stopped engine counts as free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def port_in_use(
    port: int, request: EngineRequest, containers: Mapping[int, str] | None = None
) -> OsemError:
    """The error (PORT_IN_USE) for a taken port, naming its owner where the system tells it.

    ``request`` could not be met for it; ``containers`` maps published host ports to
    container names.
    """
    container = (containers or {}).get(port)
    owner = f"container '{container}'" if container else _process_at(port)
    return OsemError(
        f"Port {port} of {LOOPBACK} is taken by {owner or 'another program'}.",
        code=ErrorCode.PORT_IN_USE,
        remediation=f"Use any free port: {replace(request, port=0).command()}   or stop that program",
        details={"port": port, "owner": owner},
    )


def owner(pid: int) -> Owner:
    """The running process ``pid`` as the owner of an engine."""
    return Owner(pid=pid, started=process_started(pid), identity=process_identity(pid))


def process_started(pid: int) -> float:
    """When the running process ``pid`` began, in seconds since the epoch."""
    import psutil

    return psutil.Process(pid).create_time()


def process_identity(pid: int) -> str:
    """What the running process ``pid`` shares with no other process, before or after.

    Its start, on a clock that nobody can set: a start by the wall clock changes when the
    clock is stepped. Raises psutil.NoSuchProcess when there is no such process.
    """
    import psutil

    if not _BOOT_ID.exists():
        # Where there is no /proc, the kernel keeps the start as it was first read.
        return f"{psutil.Process(pid).create_time():.6f}"
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError as error:
        raise psutil.NoSuchProcess(pid) from error
    # The command's name is in brackets and may hold spaces and brackets itself.
    ticks = stat.rpartition(b")")[2].split()[_STAT_START].decode("ascii")
    return f"{_boot_id()}/{ticks}"


@cache
def _boot_id() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip()


def is_alive(pid: int, started: float, identity: str | None = None) -> bool:
    """Whether the very process that began at ``started`` (seconds since the epoch) is alive.

    A pid alone proves nothing: the system gives it to another program one day. ``identity``
    decides where it is known; records of earlier versions have none.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        if identity is None:
            same = abs(process.create_time() - started) < START_TOLERANCE
        else:
            same = process_identity(pid) == identity
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def process_runs(record: EngineRecord) -> bool | None:
    """Whether the process of ``record`` is alive; None when it is no process of this machine."""
    if record.pid is None or record.process_started is None:
        return None
    return is_alive(record.pid, record.process_started, record.process_identity)


def command_line(pid: int) -> list[str]:
    """The words with which process ``pid`` was started; empty when they cannot be read."""
    import psutil

    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:
        return []


def processes_with(word: str) -> list[int]:
    """The pids of this machine's processes that have ``word`` on their command line."""
    import psutil

    return [pid for pid in psutil.pids() if word in command_line(pid)]


def listens(pid: int, port: int) -> bool:
    """Whether process ``pid`` itself listens at ``port``."""
    import psutil

    try:
        sockets = psutil.Process(pid).net_connections(kind="tcp")
    except psutil.Error:
        return False
    return any(
        found.status == psutil.CONN_LISTEN and getattr(found.laddr, "port", None) == port
        for found in sockets
    )


def _process_at(port: int) -> str | None:
    import psutil

    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.pid and getattr(connection.laddr, "port", None) == port:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        return None  # other users' sockets are hidden from this user
    return None
