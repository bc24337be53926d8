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

# Two readings of a start time differ slightly, because some clocks count ticks. In seconds.
START_TOLERANCE = 1.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# The index of the start time (ticks since boot) in the fields after the command's name.
_STAT_START = 19


def free_port() -> int:
    """Return a port that is free now; another program may take it at any time."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Return whether a server could listen on 127.0.0.1 at ``port`` now."""
    with socket.socket() as listener:
        # Servers set it too: a port in TIME_WAIT after a stopped engine counts as free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def port_in_use(
    port: int, request: EngineRequest, containers: Mapping[int, str] | None = None
) -> OsemError:
    """Return the error (PORT_IN_USE) for a taken port, with its owner if the system shows it.

    ``request`` is the request that failed. ``containers`` maps published host ports to
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
    """Return the running process ``pid`` as the owner of an engine."""
    return Owner(pid=pid, started=process_started(pid), identity=process_identity(pid))


def process_started(pid: int) -> float:
    """Return the start time of the running process ``pid``, in seconds since the epoch."""
    import psutil

    return psutil.Process(pid).create_time()


def process_identity(pid: int) -> str:
    """Return a string that identifies the running process ``pid`` among all past and future ones.

    It contains the start time on a monotonic clock, because a start by the wall clock changes
    when the clock is set. Raises psutil.NoSuchProcess if there is no such process.
    """
    import psutil

    if not _BOOT_ID.exists():
        # Systems without /proc store the start time when the process starts.
        return f"{psutil.Process(pid).create_time():.6f}"
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError as error:
        raise psutil.NoSuchProcess(pid) from error
    # The command's name is in parentheses and may contain spaces and parentheses.
    ticks = stat.rpartition(b")")[2].split()[_STAT_START].decode("ascii")
    return f"{_boot_id()}/{ticks}"


@cache
def _boot_id() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip()


def is_alive(pid: int, started: float, identity: str | None = None) -> bool:
    """Return whether the process that began at ``started`` (seconds since the epoch) is alive.

    A pid alone is not proof, because the system reuses pids. ``identity`` decides if it is
    known; records of earlier versions have none.
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
    """Return whether the process of ``record`` is alive; None if it has no process here."""
    if record.pid is None or record.process_started is None:
        return None
    return is_alive(record.pid, record.process_started, record.process_identity)


def command_line(pid: int) -> list[str]:
    """Return the command line of process ``pid``; empty if it cannot be read."""
    import psutil

    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:
        return []


def processes_with(word: str) -> list[int]:
    """Return the pids of the processes with ``word`` on their command line."""
    import psutil

    return [pid for pid in psutil.pids() if word in command_line(pid)]


def processes_using(folder: Path) -> list[int]:
    """Return the pids of this user's processes that have a file below ``folder`` open."""
    import psutil

    real = folder.resolve()

    def uses(process: psutil.Process) -> bool:
        try:
            return any(real in Path(file.path).parents for file in process.open_files())
        except (psutil.Error, OSError):  # it has ended, or belongs to another user
            return False

    return sorted(process.pid for process in psutil.process_iter() if uses(process))


def listens(pid: int, port: int) -> bool:
    """Return whether process ``pid`` itself listens at ``port``."""
    return bool(listening_addresses(pid, port))


def listening_addresses(pid: int, port: int) -> set[str]:
    """Return the addresses at which process ``pid`` listens at ``port``."""
    import psutil

    try:
        sockets = psutil.Process(pid).net_connections(kind="tcp")
    except psutil.Error:
        return set()
    return {
        found.laddr.ip
        for found in sockets
        if found.status == psutil.CONN_LISTEN and getattr(found.laddr, "port", None) == port
    }


def listening_at(pid: int) -> set[str]:
    """Return the addresses at which process ``pid`` listens; empty if they cannot be read."""
    import psutil

    try:
        sockets = psutil.Process(pid).net_connections(kind="tcp")
    except psutil.Error:
        return set()
    return {found.laddr.ip for found in sockets if found.status == psutil.CONN_LISTEN}


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
