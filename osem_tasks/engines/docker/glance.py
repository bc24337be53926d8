"""Looks at a container without the Docker SDK, which takes longer to load than the task to run.

Only a clear answer counts. Everything else is left to the SDK: its errors become the messages.
"""

from __future__ import annotations

import json
import socket
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import quote

from osem_tasks.engines.docker.container import Snapshot
from osem_tasks.waiting import policy
from osem_tasks.waiting.bounded import bounded

if TYPE_CHECKING:
    from osem_tasks.engines.base import EngineRecord

_SCHEME = "unix://"
# Far more than Docker says about a container.
_MAX_BYTES = 1_000_000


def running(record: EngineRecord) -> Snapshot | None:
    """Return the running container of ``record``; None if the SDK has to be asked."""
    host, container = record.docker_host or "", record.container
    if not host.startswith(_SCHEME) or not container or not hasattr(socket, "AF_UNIX"):
        return None
    try:
        status, body = bounded(
            lambda: _inspected(host.removeprefix(_SCHEME), container), policy.current().docker_call
        )
        if status != HTTPStatus.OK:
            return None
        found = Snapshot.of(json.loads(body))
    except (OSError, HTTPException, ValueError, LookupError, TypeError, AttributeError):
        return None
    exact = found.id.startswith(container)
    return found if exact and found.status == "running" else None


def _inspected(path: str, container: str) -> tuple[int, bytes]:
    connection = _UnixConnection(path)
    try:
        connection.request("GET", f"/containers/{quote(container, safe='')}/json")
        response = connection.getresponse()
        return response.status, response.read(_MAX_BYTES)
    finally:
        connection.close()


class _UnixConnection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=policy.current().docker_call)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
