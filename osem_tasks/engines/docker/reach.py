"""Where the engine in a container can be reached from here.

Its port is published at 127.0.0.1 of the Docker host. A command that itself runs in a
container, such as a dev container that uses the host's socket, has another loopback address.
"""

from __future__ import annotations

import re
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import host, probe
from osem_tasks.engines.claims import CONTAINER_HOSTS
from osem_tasks.engines.docker.container import PORT
from osem_tasks.engines.docker.product import DOCKER, Product
from osem_tasks.schema import emulators
from osem_tasks.waiting import policy
from osem_tasks.waiting.bounded import bounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.engines.docker.container import Snapshot

MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
_ROUTES = Path("/proc/net/route")
_INNER_PORT = int(PORT.partition("/")[0])
_DEFAULT_ROUTE = "00000000"


@dataclass(frozen=True, slots=True)
class Place:
    """An endpoint at which an engine may answer, and whose address it is."""

    endpoint: str
    whose: str


def published(found: Snapshot) -> Place:
    """Return the endpoint at which the container's port is published."""
    return Place(found.endpoint, "the published port")


def own_addresses(found: Snapshot) -> list[Place]:
    """Return the container's own addresses, which a container in the same network reaches."""
    return [
        Place(f"http://{address}:{_INNER_PORT}", "the container's own address")
        for address in found.addresses
    ]


def host_addresses(found: Snapshot, marks: Sequence[Path] = MARKS) -> list[Place]:
    """Return the addresses of the Docker host as a container sees it; none outside of one."""
    if not in_container(marks):
        return []
    named = [name for name in CONTAINER_HOSTS if _resolves(name)]
    gateway = _gateway()
    names = [*named, *([gateway] if gateway else [])]
    return [Place(f"http://{name}:{found.port}", "the Docker host") for name in names]


def answering(places: list[Place], seconds: float | None = None) -> Place | None:
    """Return the first place at which DynamoDB Local answers.

    Each has ``seconds`` for its answer, by default as long as an address that leads nowhere may
    hold up a wait.
    """
    for place in places:
        if probe.ask(place.endpoint, seconds or policy.current().reach) is emulators.DYNAMODB_LOCAL:
            return place
    return None


def leads_to(endpoint: str, found: Snapshot) -> bool:
    """Return whether ``endpoint`` is one at which the container's engine can answer."""
    parts = urlsplit(endpoint)
    if parts.hostname in found.addresses:
        return parts.port == _INNER_PORT
    return parts.port == found.port


def unreachable(found: Snapshot, marks: Sequence[Path] = MARKS, product: Product = DOCKER) -> str:
    """Return why an engine may run and not answer here; empty if nothing hints at that.

    A Docker engine on this machine listens at the published port itself.
    """
    if not in_container(marks) or found.port is None or not host.is_free(found.port):
        return ""
    tried = ", ".join(
        place.endpoint
        for place in [published(found), *own_addresses(found), *host_addresses(found, marks)]
    )
    network = "bridge" if product is DOCKER else "podman"
    return (
        f"This command itself runs in a container, whose {LOOPBACK} is not that of {product.name}'s host. "
        f"Tried: {tried}. In the same network it could be reached: "
        f'{product.cli} network connect {network} "$(hostname)"'
    )


def near_hosts() -> set[str]:
    """Return the names and addresses of this machine, and of the host if it is a container."""
    import psutil

    own = {address.address for found in psutil.net_if_addrs().values() for address in found}
    gateway = _gateway() if in_container() else None
    # As the address of a server, these mean this machine.
    anywhere = ("0.0.0.0", "::")  # noqa: S104  # nosec B104
    return {*own, socket.gethostname().lower(), *anywhere, *([gateway] if gateway else [])}


def in_container(marks: Sequence[Path] = MARKS) -> bool:
    """Return whether this process seems to run in a container: one of ``marks`` exists."""
    return any(mark.exists() for mark in marks)


def _resolves(name: str) -> bool:
    try:
        bounded(lambda: socket.getaddrinfo(name, None), policy.current().reach)
    except (OSError, TimeoutError):
        return False
    return True


def _gateway() -> str | None:
    """Return the address of the default gateway; None if there is none."""
    try:
        text = _ROUTES.read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    found = re.search(rf"^\S+\s+{_DEFAULT_ROUTE}\s+([0-9A-F]{{8}})\s", text, re.MULTILINE)
    # The kernel shows the address as a number in the byte order of the machine.
    return socket.inet_ntoa(struct.pack("=L", int(found.group(1), 16))) if found else None
