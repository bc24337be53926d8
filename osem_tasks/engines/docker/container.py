"""The container as values: as it was requested, as it is, and what to do. No SDK here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from osem_tasks.engines.base import EngineRecord, EngineRequest, Intent

# A container is ours when it carries this label; the value is the engine's name.
LABEL = "io.osem-tasks.engine"
LABEL_ATTEMPT = "io.osem-tasks.attempt"
LABEL_PERSIST = "io.osem-tasks.persist"
LABEL_SHARED = "io.osem-tasks.shared"
PORT = "8000/tcp"
DATA = "/home/dynamodblocal/data"


class ContainerAction(Enum):
    """What ``local.up`` does with the container that it found."""

    CREATE = "create"
    REUSE = "reuse"
    START = "start"
    UNPAUSE = "unpause"
    RECREATE = "recreate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A container as Docker shows it. ``port`` is the published host port, if any.

    ``image_id`` is the image that it was made from, ``address`` the address of this machine
    at which its port is published. ``stranger`` says why it is not ours though it has our
    label, which a container inherits from an image that was committed from ours.
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

    @classmethod
    def of(cls, attrs: Mapping[str, Any]) -> Snapshot:
        """From the output of ``docker inspect``."""
        configured = attrs["HostConfig"].get("PortBindings") or {}
        published = attrs["NetworkSettings"].get("Ports") or {}
        # A stopped container publishes nothing, but its configuration names the port.
        bindings = published.get(PORT) or configured.get(PORT) or [{}]
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
        )

    @property
    def endpoint(self) -> str:
        """The URL at which it answers."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def persist(self) -> bool:
        """Whether its data lives in a named volume."""
        return self.labels.get(LABEL_PERSIST) == "yes"

    @property
    def shared(self) -> bool:
        """Whether all access keys see one database."""
        return self.labels.get(LABEL_SHARED) != "no"

    @property
    def is_exposed(self) -> bool:
        """Whether other machines reach it."""
        if self.address is None:
            return False
        try:
            return not ip_address(self.address).is_loopback
        except ValueError:  # empty: every address of this machine
            return True

    def belongs_to(self, name: str) -> bool:
        """Whether the container is our engine ``name``: by its name, label and identity."""
        return self.name == name and self.labels.get(LABEL) == name and not self.stranger


def why_stranger(
    found: Snapshot,
    record: EngineRecord | None,
    intent: Intent | None,
    image_labels: Callable[[], Mapping[str, str]],
) -> str:
    """Why a container with our label is not ours, in words; empty when it is.

    The id that was recorded decides. Without one, the label counts unless the container
    has it from its image: ``image_labels`` are asked for only then.
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
    """The named volume that keeps engine ``name``'s data under ``--persist``."""
    return f"{name}-data"


def started_at(attributes: Mapping[str, Any]) -> str:
    """When the container was started, of ``docker inspect``'s output: ISO 8601, in seconds."""
    return _in_seconds(str(attributes["State"]["StartedAt"]))


def age(attributes: Mapping[str, Any], now: float) -> float:
    """Seconds since the container was created; ``now`` is in seconds since the epoch."""
    return now - datetime.fromisoformat(_in_seconds(str(attributes["Created"]))).timestamp()


def _in_seconds(timestamp: str) -> str:
    """Docker's UTC time in nanoseconds, cut to seconds."""
    return timestamp.partition(".")[0].rstrip("Z") + "+00:00"


def decide(found: Snapshot | None, request: EngineRequest) -> ContainerAction:
    """What to do with ``found``; loses no data unless ``--fresh`` was requested.

    Raises OsemError when the container is not ours, or runs with other settings.
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
            raise OsemError(
                f"Engine '{request.name}' is already running with other settings: "
                + "; ".join(differing),
                code=ErrorCode.ENGINE_UNAVAILABLE,
                remediation=(
                    f"{request.replacing_command()}   replaces it (data in memory is lost)"
                    "   or use another --name"
                ),
            )
        return ContainerAction.UNPAUSE if found.status == "paused" else ContainerAction.REUSE
    # Started again it would take its old port, though any free one is requested.
    moves = request.port == 0 and found.port is not None
    if found.status == "exited" and not differing and not moves:
        return ContainerAction.START
    # A container that does not run has no data but its volume, which outlives it.
    return ContainerAction.RECREATE


def mismatches(found: Snapshot, request: EngineRequest) -> list[str]:
    """How ``found`` differs from what was explicitly requested, in words."""
    settings = (
        ("image", request.image, found.image),
        ("port", request.port or None, found.port),
        ("persist", _yes_or_no(request.persist), _yes_or_no(found.persist)),
        ("isolated", None if request.shared else "yes", _yes_or_no(not found.shared)),
    )
    return [
        f"{setting} {actual} (requested {requested})"
        for setting, requested, actual in settings
        if requested is not None and requested != actual
    ]


def _yes_or_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def create_options(request: EngineRequest, attempt: str, *, persist: bool) -> dict[str, Any]:
    """The arguments of the SDK's ``containers.create`` for ``request``.

    ``attempt`` labels the container with this very call, so that an interrupted call
    can remove what it made and nothing else.
    """
    port = request.default_port if request.port is None else request.port
    options: dict[str, Any] = {
        "image": request.image or request.default_image,
        "name": request.name,
        # A quick compiler and a small collector: DynamoDB Local is up in 2.1 s instead
        # of 2.8 s and at half the CPU time.
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
        # DynamoDB Local has no authentication: never beyond this machine.
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
        # A new volume belongs to root, and the image's own user could not write to it.
        options["user"] = "root"
    return options
