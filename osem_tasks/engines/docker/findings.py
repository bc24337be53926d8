"""What ``local.doctor`` says about Docker: the engine, the image, the containers, its machine."""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from osem_tasks.config.commands import engine_command
from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import records, state
from osem_tasks.engines.docker import files
from osem_tasks.engines.docker.container import LABEL, Snapshot, decide
from osem_tasks.engines.docker.containers import Containers
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.findings import Finding, failed, fine, info, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from osem_tasks.engines.base import EngineRequest
    from osem_tasks.engines.docker.product import Product

IMAGE, CONTAINER, LEFT, DISK, CLOCK = (
    f"docker {topic}" for topic in ("image", "container", "leftovers", "disk", "clock")
)
PORT = "port"
GB = 1_000_000_000
# An image of DynamoDB Local is about 500 MB, and twice that while it is unpacked.
FREE_DISK = 2 * GB
MEMORY = GB // 2
SKEW = 30.0
DAY = 86400
MOST_NAMED = 3


def findings(kind: str, request: EngineRequest) -> Iterator[Finding]:
    """Yield the findings, the engine first. Raises OsemError if there is none."""
    containers = Containers.at(kind)
    client = containers.client
    with containers.translated("asking for its version"):
        begin = time.time()
        version, about = client.api.version(api_version=False), client.info()
        named = containers.note or _named_by(os.environ)
        yield fine(kind, described(containers.product, version, containers.host, named))
        yield _image(containers, request)
        yield from _containers(containers, request)
        yield from _machine(containers.product, about, begin, time.time())


def described(whose: Product, version: Mapping[str, Any], host: str, named: str) -> str:
    """Return whose engine it is, its version, its API, its address and what ``named`` that."""
    api = f"{version.get('Version', 'unknown')}, API {version.get('ApiVersion', 'unknown')}"
    return f"{whose.name} {api} at {host} ({named})"


def _named_by(variables: Mapping[str, str]) -> str:
    """Return what names the engine: a variable, or a context."""
    if variables.get("DOCKER_HOST", "").strip():
        return "DOCKER_HOST"
    if context := variables.get("DOCKER_CONTEXT"):
        return f"context {context}, DOCKER_CONTEXT"
    folder = files.folder(variables)
    context = files.read_settings(folder)[0].get("currentContext") or "default"
    return f"context {context}"


def _image(containers: Containers, request: EngineRequest) -> Finding:
    from docker.errors import ImageNotFound

    name, cli = request.image or request.default_image, containers.product.cli
    try:
        found = containers.client.images.get(name)
    except ImageNotFound:
        return warning(IMAGE, f"{name} is not here: local.up pulls it", f"{cli} pull {name}")
    created = _moment(str(found.attrs.get("Created") or ""))
    if created is None:
        return fine(IMAGE, f"{name} is here")
    days = int((datetime.now(timezone.utc) - created).total_seconds() // DAY)
    return fine(IMAGE, f"{name} is here, built {created:%Y-%m-%d} ({days} days ago)")


def _containers(containers: Containers, request: EngineRequest) -> Iterator[Finding]:
    found = containers.find(request.name)
    snapshot = _snapshot(containers, found, request.name) if found else None
    if snapshot:
        try:
            action = decide(snapshot, request)
        except OsemError as error:
            yield Finding.of_error(CONTAINER, error)
        else:
            yield fine(CONTAINER, f"{snapshot.name} ({snapshot.status}): {action.value}")
    yield from _port(containers, snapshot, request)
    yield from _left(containers, request)


def _snapshot(containers: Containers, found: Any, name: str) -> Snapshot:
    # A record is read where its directory is there: nothing is made here.
    if state.location().is_dir():
        return containers.snapshot(found, name)
    return Snapshot.of(found.attrs)


def _port(
    containers: Containers, own: Snapshot | None, request: EngineRequest
) -> Iterator[Finding]:
    port = request.wanted_port
    if own and own.belongs_to(request.name) and own.status in ("running", "paused"):
        yield fine(PORT, f"container {own.name} publishes port {own.port} of {LOOPBACK}")
    elif holder := containers.published_ports().get(port):
        yield failed(
            PORT,
            f"port {port} of {LOOPBACK} is taken by container '{holder}'",
            f"{replace(request, port=0).command()}   or stop it: {_stop(containers, holder)}",
            ErrorCode.PORT_IN_USE,
        )


def _stop(containers: Containers, name: str) -> str:
    found = containers.find(name)
    ours = found is not None and found.labels.get(LABEL) == name
    return engine_command("local.down", name) if ours else f"{containers.product.cli} stop {name}"


def _left(containers: Containers, request: EngineRequest) -> Iterator[Finding]:
    """Name our containers that no record here knows: of a killed run, or of another user."""
    folder = state.location()
    known = {record.name for record in records.recorded_in(folder)}
    known |= {intent.name for intent in records.begun_in(folder)} | {request.name}
    labelled = containers.client.containers.list(
        all=True, filters={"label": LABEL}, ignore_removed=True
    )
    names = sorted(
        str(container.name)
        for container in labelled
        if container.labels.get(LABEL) == container.name and container.name not in known
    )
    if names:
        yield _unknown(names)


def _unknown(names: Sequence[str]) -> Finding:
    named = names[:MOST_NAMED]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return info(
        LEFT,
        f"no record here knows our {', '.join(named)}{more}: left by a killed run, or in use by "
        "another state directory",
        f"{' && '.join(engine_command('local.down', name) for name in named)}   if nothing uses it",
    )


def _machine(
    whose: Product, about: Mapping[str, Any], begin: float, end: float
) -> Iterator[Finding]:
    root, memory = str(about.get("DockerRootDir") or ""), about.get("MemTotal")
    if root and os.path.isdir(root):  # noqa: PTH112  Path raises without access
        free = shutil.disk_usage(root).free
        text = f"{free / GB:.1f} GB are free at {root}"
        remedy = f"{whose.cli} system df   shows what fills it"
        yield warning(DISK, text, remedy) if free < FREE_DISK else fine(DISK, text)
    if isinstance(memory, int) and 0 < memory < MEMORY:
        yield warning(
            "docker memory",
            f"{whose.name} has {memory / GB:.1f} GB in all, and DynamoDB Local takes a quarter of one",
            f"Give {whose.name}'s machine more memory",
        )
    if moment := _moment(str(about.get("SystemTime") or "")):
        yield _clock(whose, moment.timestamp(), begin, end)


def _clock(whose: Product, there: float, begin: float, end: float) -> Finding:
    """Compare the engine's clock with this one, which showed ``begin`` and ``end`` around the call."""
    off = there - end if there > end else there - begin if there < begin else 0.0
    if abs(off) <= SKEW:
        return fine(CLOCK, f"{whose.name}'s clock agrees with this machine's")
    way = "ahead of" if off > 0 else "behind"
    return warning(
        CLOCK,
        f"{whose.name}'s clock is {abs(off):,.0f} s {way} this machine's",
        f"Restart {whose.name}'s machine, or set the clock that is wrong: date -u",
    )


def _moment(text: str) -> datetime | None:
    """Return a time of Docker's, which has nanoseconds; None if it is none."""
    plain = re.sub(r"\.\d+", "", text).replace("Z", "+00:00")
    try:
        found = datetime.fromisoformat(plain)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
