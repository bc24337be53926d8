"""Looks at a container without the Docker SDK, which takes longer to load than the task to run.

Only a clear answer counts. Everything else is left to the SDK: its errors become the messages.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from osem_tasks.engines.docker import product
from osem_tasks.engines.docker.container import Snapshot
from osem_tasks.errors import OsemError
from osem_tasks.waiting import policy
from osem_tasks.waiting.bounded import bounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.engines.base import EngineRecord
    from osem_tasks.engines.docker.address import Address
    from osem_tasks.engines.docker.product import Product

# Far more than Docker says about a container.
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """The Docker engine that answers: whose it is, its address, and why it is not another."""

    product: Product
    host: str
    note: str


def here() -> Address | None:
    """Return where the Docker engine is that the environment names; None if the SDK has to be asked."""
    from osem_tasks.engines.docker import address

    try:
        found = address.find(os.environ)
    except OsemError:
        return None
    return None if found.tls else found


def engine() -> Seen | None:
    """Return the Docker engine that the environment names; None if the SDK has to be asked."""
    found = here()
    answer = found and _answer(found.host, "/version")
    # DynamoDB Local is a Linux image.
    if not found or not answer or answer.get("Os") != "linux" or "ApiVersion" not in answer:
        return None
    return Seen(product.by_answer(answer, found.shown), found.shown, found.note)


def running(record: EngineRecord) -> Snapshot | None:
    """Return the running container of ``record``; None if the SDK has to be asked."""
    found = inspected(record)
    return found and found[0]


def inspected(record: EngineRecord) -> tuple[Snapshot, Mapping[str, Any]] | None:
    """Return the running container of ``record`` also as Docker tells it; or None."""
    if not record.container:
        return None
    name = quote(record.container, safe="")
    answer = _answer(record.docker_host or "", f"/containers/{name}/json")
    try:
        found = answer and Snapshot.of(answer)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    if not found or not answer or not found.id.startswith(record.container):
        return None
    return (found, answer) if found.status == "running" else None


def _answer(host: str, question: str) -> dict[str, Any] | None:
    """Return the object that Docker answers at its Unix socket; None for anything else."""
    if not host.startswith(product.UNIX) or not hasattr(socket, "AF_UNIX"):
        return None
    path, seconds = host.removeprefix(product.UNIX), policy.current().docker_call
    try:
        status, body = bounded(lambda: _get(path, question), seconds)
        answer = json.loads(body) if status == HTTPStatus.OK else None
    except (OSError, HTTPException, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


def _get(path: str, question: str) -> tuple[int, bytes]:
    connection = _UnixConnection(path)
    try:
        connection.request("GET", question)
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
