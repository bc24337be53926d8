"""The ports and processes of this machine."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines.base import Owner
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.engines.base import EngineRecord, EngineRequest

# Two readings of a process's start, in seconds, differ by a little: some clocks count ticks.
START_TOLERANCE = 1.0


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
    return Owner(pid=pid, started=process_started(pid))


def process_started(pid: int) -> float:
    """When the running process ``pid`` began, in seconds since the epoch."""
    import psutil

    return psutil.Process(pid).create_time()


def is_alive(pid: int, started: float) -> bool:
    """Whether the very process that began at ``started`` (seconds since the epoch) is alive.

    A pid alone proves nothing: the system gives it to another program one day.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < START_TOLERANCE
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def process_runs(record: EngineRecord) -> bool | None:
    """Whether the process of ``record`` is alive; None when it is no process of this machine."""
    if record.pid is None or record.process_started is None:
        return None
    return is_alive(record.pid, record.process_started)


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
