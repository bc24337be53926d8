"""The requested and the existing container as values, and the action to take. Uses no SDK."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import settings
from osem_tasks.engines.docker import names
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from osem_tasks.engines.base import EngineRecord, EngineRequest, Intent

# Our containers have this label; its value is the engine's name.
LABEL = "io.osem-tasks.engine"
LABEL_ATTEMPT = "io.osem-tasks.attempt"
LABEL_PERSIST = "io.osem-tasks.persist"
LABEL_SHARED = "io.osem-tasks.shared"
PORT = "8000/tcp"
DATA = "/home/dynamodblocal/data"


class ContainerAction(Enum):
    """The action of ``local.up`` for the container that it found."""

    CREATE = "create"
    REUSE = "reuse"
    START = "start"
    UNPAUSE = "unpause"
    RECREATE = "recreate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A container as Docker shows it. ``port`` is the published host port, if any.

    ``image_id`` is the container's image; ``address`` is the host address at which the port
    is published. ``stranger`` says why the container is not ours although it has our label:
    a container inherits the label from an image that was committed from one of ours.
    ``addresses`` are the container's own in its networks.
    """

    id: str
    name: str
    status: str
    image: str
    labels: Mapping[str, str]
    port: int | None = None
    image_id: str = field(default="", compare=False)
    address: str | None = field(default=None, compare=False)
    stranger: str = ""
    addresses: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, attrs: Mapping[str, Any]) -> Snapshot:
        """Create a snapshot from the output of ``docker inspect``."""
        configured = attrs["HostConfig"].get("PortBindings") or {}
        published = attrs["NetworkSettings"].get("Ports") or {}
        # A stopped container publishes nothing, but its configuration has the port.
        bindings = published.get(PORT) or configured.get(PORT) or [{}]
        networks = (attrs["NetworkSettings"].get("Networks") or {}).values()
        port, address = bindings[0].get("HostPort"), bindings[0].get("HostIp")
        return cls(
            id=attrs["Id"],
            name=attrs["Name"].lstrip("/"),
            status=attrs["State"]["Status"],
            image=attrs["Config"]["Image"],
            labels=attrs["Config"].get("Labels") or {},
            port=int(port) if port else None,
            image_id=attrs.get("Image") or "",
            address=address,
            addresses=tuple(filter(None, ((net or {}).get("IPAddress") for net in networks))),
        )

    @property
    def endpoint(self) -> str:
        """The URL of the engine in the container."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def persist(self) -> bool:
        """Whether the data is in a named volume."""
        return self.labels.get(LABEL_PERSIST) == "yes"

    @property
    def shared(self) -> bool:
        """Whether all access keys share one database."""
        return self.labels.get(LABEL_SHARED) != "no"

    @property
    def is_exposed(self) -> bool:
        """Whether other machines can reach the port."""
        if self.address is None:
            return False
        try:
            return not ip_address(self.address).is_loopback
        except ValueError:  # empty: every address of this machine
            return True

    def belongs_to(self, name: str) -> bool:
        """Return whether the container is our engine ``name``, by name, label and identity."""
        return self.name == name and self.labels.get(LABEL) == name and not self.stranger


def why_stranger(
    found: Snapshot,
    record: EngineRecord | None,
    intent: Intent | None,
    image_labels: Callable[[], Mapping[str, str]],
) -> str:
    """Return why a container with our label is not ours; empty if it is.

    The recorded id decides. Without one, the label counts unless the container inherited it
    from its image; ``image_labels`` is called only in that case.
    """
    attempt = found.labels.get(LABEL_ATTEMPT)
    if intent and intent.attempt and attempt == intent.attempt:
        return ""
    recorded = record.container if record else None
    if recorded:
        return "" if found.id.startswith(recorded) else f"the one that was recorded is {recorded}"
    inherited = image_labels()
    mark, label = inherited.get(LABEL_ATTEMPT), inherited.get(LABEL)
    if label == found.labels.get(LABEL) and mark == attempt:
        return "it has our label from the image that it was made from"
    return ""


def volume_of(name: str) -> str:
    """Return the name of the volume for the data of engine ``name`` under ``--persist``."""
    return f"{name}-data"


def started_at(attributes: Mapping[str, Any]) -> str:
    """Return the container's start time from ``docker inspect``: ISO 8601, in seconds."""
    return _in_seconds(str(attributes["State"]["StartedAt"]))


def age(attributes: Mapping[str, Any], now: float) -> float:
    """Return the seconds since the container was created; ``now`` is in seconds since the epoch."""
    return now - datetime.fromisoformat(_in_seconds(str(attributes["Created"]))).timestamp()


def _in_seconds(timestamp: str) -> str:
    """Return Docker's UTC time in nanoseconds, cut to seconds."""
    return timestamp.partition(".")[0].rstrip("Z") + "+00:00"


def decide(found: Snapshot | None, request: EngineRequest) -> ContainerAction:
    """Return the action for ``found``; it loses no data unless ``--fresh`` was requested.

    Raises OsemError if the container is not ours or runs with different settings.
    """
    if found is None:
        return ContainerAction.CREATE
    if not found.belongs_to(request.name):
        other = replace(request, name=f"{request.name}-2")
        why = f": {found.stranger}" if found.stranger else ""
        raise OsemError(
            f"A container named '{request.name}' already exists and was not created by "
            f"osem_tasks{why}.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=f"Use another name: {other.command()}",
            details={"container": found.id[:12], "image": found.image},
        )
    if request.fresh:
        return ContainerAction.RECREATE
    differing = mismatches(found, request)
    if found.status in ("running", "paused", "restarting"):
        if differing:
            raise settings.runs_otherwise(request, differing)
        return ContainerAction.UNPAUSE if found.status == "paused" else ContainerAction.REUSE
    # A restart would use the old port, but the request is for any free port.
    moves = request.port == 0 and found.port is not None
    if found.status == "exited" and not differing and not moves:
        return ContainerAction.START
    # The only data of a stopped container is in its volume, which stays.
    return ContainerAction.RECREATE


def mismatches(found: Snapshot, request: EngineRequest) -> list[str]:
    """Describe the differences between ``found`` and the explicitly requested settings."""
    # Podman completes a name: it differs only if it means another image.
    same = bool(request.image) and names.same(request.image or "", found.image)
    return settings.mismatches(
        replace(request, image=found.image) if same else request,
        image=found.image,
        port=found.port,
        persist=found.persist,
        shared=found.shared,
    )


def create_options(request: EngineRequest, attempt: str, *, persist: bool) -> dict[str, Any]:
    """Return the arguments of the SDK's ``containers.create`` for ``request``.

    ``attempt`` labels the container with this call, so that an interrupted call can remove
    exactly what it created.
    """
    port = request.default_port if request.port is None else request.port
    options: dict[str, Any] = {
        "image": request.image or request.default_image,
        "name": request.name,
        # A fast compiler and a small garbage collector: DynamoDB Local starts in 2.1 s
        # instead of 2.8 s, with half the CPU time.
        "command": [
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Djava.library.path=./DynamoDBLocal_lib",
            "-jar",
            "DynamoDBLocal.jar",
            *(["-sharedDb"] if request.shared else []),
            *(["-dbPath", DATA] if persist else ["-inMemory"]),
        ],
        "environment": {"DDB_LOCAL_TELEMETRY": "0"},
        # DynamoDB Local has no authentication: publish it on this machine only.
        "ports": {PORT: (LOOPBACK, port or None)},
        "labels": {
            LABEL: request.name,
            LABEL_ATTEMPT: attempt,
            LABEL_PERSIST: "yes" if persist else "no",
            LABEL_SHARED: "yes" if request.shared else "no",
        },
    }
    if persist:
        options["volumes"] = {volume_of(request.name): {"bind": DATA, "mode": "rw"}}
        # A new volume belongs to root; the image's default user cannot write to it.
        options["user"] = "root"
    return options
