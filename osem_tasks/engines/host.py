"""Who holds a TCP port of this machine."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Mapping


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


def port_in_use(port: int, containers: Mapping[int, str] | None = None) -> OsemError:
    """The error for a taken port, naming its owner where the system tells it.

    ``containers`` maps published host ports to container names.
    """
    container = (containers or {}).get(port)
    owner = f"container '{container}'" if container else _process(port)
    return OsemError(
        f"Port {port} of {LOOPBACK} is taken by {owner or 'another program'}.",
        code=ErrorCode.PORT_IN_USE,
        remediation="Use any free port: inv local.up --port 0, or stop that program.",
        details={"port": port, "owner": owner},
    )


def _process(port: int) -> str | None:
    import psutil

    try:
        for each in psutil.net_connections(kind="tcp"):
            if (
                each.status == psutil.CONN_LISTEN
                and getattr(each.laddr, "port", None) == port
                and each.pid
            ):
                return f"process {each.pid} ({psutil.Process(each.pid).name()})"
    except psutil.Error:
        return None  # other users' sockets are not ours to see
    return None
