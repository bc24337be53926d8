"""dynamodb-admin in a container, beside the engine's container."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import LOOPBACK, variables
from osem_tasks.engines.admin import npm
from osem_tasks.engines.docker import client, errors, images
from osem_tasks.engines.docker.container import Snapshot
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import interrupts

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

    from osem_tasks.engines.base import EngineRecord, Say

LABEL = "osem_tasks.admin"
# The ports inside the two containers.
_ENGINE_PORT, _PORT = 8000, 8001


def start(engine: EngineRecord, image: str, port: int, say: Say) -> tuple[str, str | None]:
    """Start the browser of a container engine at ``port``; return its id and Docker's address.

    Raises OsemError; nothing is left behind then.
    """
    found = client.open_connection(engine.docker_host)
    docker, host, name = found.client, found.host, named(engine.name)
    doing = "starting the data browser"
    with contextlib.closing(docker), errors.translated(doing, host, found.product):
        _remove(docker, engine.name)
        address = _address(docker, engine)
        images.ensure(docker, image, say, host, whose=found.product)
        say(f"starting container {name}")
        try:
            # Shielded: cleanup cannot find a container that Docker is still creating.
            with interrupts.shielded():
                container = _create(docker, engine, address, image, port)
            interrupts.check()
            container.start()
        except BaseException:
            with interrupts.shielded():
                _remove(docker, engine.name)
            raise
    return str(container.id)[:12], host if "://" in host else None


def is_running(container: str, docker_host: str | None) -> bool:
    """Return whether the container runs. Raises OsemError if Docker does not answer."""
    from docker.errors import NotFound

    docker, host = client.connect(docker_host)
    with contextlib.closing(docker), errors.translated("looking for the data browser", host):
        try:
            return bool(docker.containers.get(container).status == "running")
        except NotFound:
            return False


def stop(engine: str, docker_host: str | None) -> list[str]:
    """Remove the browser's container of engine ``engine``. Raises OsemError."""
    docker, host = client.connect(docker_host)
    with contextlib.closing(docker), errors.translated("removing the data browser", host):
        return _remove(docker, engine)


def named(engine: str) -> str:
    """Return the name of the browser's container."""
    return f"{engine}-admin"


def _create(
    docker: DockerClient, engine: EngineRecord, address: str, image: str, port: int
) -> Container:
    endpoint = f"http://{address}:{_ENGINE_PORT}"
    return docker.containers.create(
        image,
        name=named(engine.name),
        labels={LABEL: engine.name},
        environment={
            **variables(endpoint),
            **npm.SHOWING_SETS,
            # Inside the container; it is published on the loopback only.
            "HOST": "0.0.0.0",  # noqa: S104  # nosec B104
            "PORT": str(_PORT),
            "DYNAMO_ENDPOINT": endpoint,
        },
        ports={f"{_PORT}/tcp": (LOOPBACK, port)},
        detach=True,
    )


def _address(docker: DockerClient, engine: EngineRecord) -> str:
    """Return the address of the engine's container among containers. Raises OsemError.

    A second network for both would be simpler to name, but a container that joins one gets
    another port on the host.
    """
    found = docker.containers.get(engine.container or engine.name)
    for address in Snapshot.of(found.attrs).addresses:
        return address
    raise OsemError(
        f"Container {found.name} has no address that another container can reach.",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=f"Install Node.js, and the data browser: {npm.INSTALL}",
    )


def _remove(docker: DockerClient, engine: str) -> list[str]:
    """Remove the containers with our label for ``engine``; return descriptions of them."""
    mine: dict[str, str | list[str] | bool] = {"label": f"{LABEL}={engine}"}
    removed = []
    for container in docker.containers.list(all=True, filters=mine, ignore_removed=True):
        container.remove(force=True, v=True)
        removed.append(f"container {container.name}")
    return removed
