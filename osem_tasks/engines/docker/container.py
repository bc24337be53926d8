"""The container as values: how it is to be, how it is, and what follows. No SDK here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.engines.base import EngineRequest

# A container is ours when it carries this label; the value is the engine's name.
LABEL = "io.osem-tasks.engine"
LABEL_ATTEMPT = "io.osem-tasks.attempt"
LABEL_PERSIST = "io.osem-tasks.persist"
LABEL_SHARED = "io.osem-tasks.shared"
PORT = "8000/tcp"
DATA = "/home/dynamodblocal/data"


class Fate(Enum):
    """What ``local.up`` does with the container that it found."""

    CREATE = "create"
    REUSE = "reuse"
    START = "start"
    UNPAUSE = "unpause"
    RECREATE = "recreate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A container as Docker shows it. ``port`` is the published host port, if any."""

    id: str
    name: str
    status: str
    image: str
    labels: Mapping[str, str]
    port: int | None = None

    @classmethod
    def of(cls, attrs: Mapping[str, Any]) -> Snapshot:
        """From the answer of ``docker inspect``."""
        configured = attrs["HostConfig"].get("PortBindings") or {}
        published = attrs["NetworkSettings"].get("Ports") or {}
        # A stopped container publishes nothing, but its configuration names the port.
        bindings = published.get(PORT) or configured.get(PORT) or [{}]
        port = bindings[0].get("HostPort")
        return cls(
            id=attrs["Id"],
            name=attrs["Name"].lstrip("/"),
            status=attrs["State"]["Status"],
            image=attrs["Config"]["Image"],
            labels=attrs["Config"].get("Labels") or {},
            port=int(port) if port else None,
        )

    @property
    def persist(self) -> bool:
        """Whether its data lives in a named volume."""
        return self.labels.get(LABEL_PERSIST) == "yes"

    @property
    def shared(self) -> bool:
        """Whether all access keys see one database."""
        return self.labels.get(LABEL_SHARED) != "no"

    def is_of(self, name: str) -> bool:
        """Whether the container is the engine ``name`` of ours."""
        return self.labels.get(LABEL) == name


def volume_of(name: str) -> str:
    """The named volume that keeps engine ``name``'s data under ``--persist``."""
    return f"{name}-data"


def decide(found: Snapshot | None, request: EngineRequest) -> Fate:
    """What to do with ``found``; loses no data unless ``--fresh`` was asked for.

    Raises OsemError when the container is not ours, or runs otherwise than asked.
    """
    if found is None:
        return Fate.CREATE
    if not found.is_of(request.name):
        raise OsemError(
            f"A container named '{request.name}' exists that osem_tasks did not start.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=f"Use another name: inv local.up --name {request.name}-2",
            details={"container": found.id[:12], "image": found.image},
        )
    if request.fresh:
        return Fate.RECREATE
    differing = mismatches(found, request)
    if found.status in ("running", "paused", "restarting"):
        if differing:
            raise OsemError(
                f"Engine '{request.name}' already runs, but otherwise than asked: "
                + "; ".join(differing),
                code=ErrorCode.ENGINE_UNAVAILABLE,
                remediation="Replace it with --fresh (its data is lost), or use another --name.",
            )
        return Fate.UNPAUSE if found.status == "paused" else Fate.REUSE
    # What does not run holds nothing but its volume, and that outlives the container.
    return Fate.START if found.status == "exited" and not differing else Fate.RECREATE


def mismatches(found: Snapshot, request: EngineRequest) -> list[str]:
    """How ``found`` differs from what was explicitly asked for, in words."""
    wanted = (
        ("image", request.image, found.image),
        ("port", request.port or None, found.port),
        ("persist", request.persist, found.persist),
        ("shared", None if request.shared else False, found.shared),
    )
    return [
        f"{what} {theirs}, asked {mine}"
        for what, mine, theirs in wanted
        if mine is not None and mine != theirs
    ]


def create_options(request: EngineRequest, attempt: str, *, persist: bool) -> dict[str, Any]:
    """The arguments of the SDK's ``containers.create`` for ``request``.

    ``attempt`` labels the container with this very call, so that an interrupted call
    can clear away what it made and nothing else.
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
