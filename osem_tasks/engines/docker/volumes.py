"""Named volumes for data under ``--persist``. Only volumes with our label are changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.engines.docker.container import LABEL, volume_of
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.volumes import Volume

    from osem_tasks.engines.base import EngineRequest
    from osem_tasks.engines.docker.product import Product


def ensure(client: DockerClient, request: EngineRequest) -> None:
    """Create the engine's volume if it is absent. Raises OsemError if it is not ours."""
    name = request.name
    found = _find(client, name)
    if found is None:
        client.volumes.create(volume_of(name), labels={LABEL: name})
    elif not _is_ours(found, name):
        raise OsemError(
            f"A volume named '{volume_of(name)}' already exists and was not created by osem_tasks.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=f"Use another name: {replace(request, name=f'{name}-2').command()}",
        )


def refuse_if_used(
    client: DockerClient, name: str, own: str | None, keeping: str, product: Product
) -> None:
    """Raise OsemError if a container other than ``own`` uses the engine's volume.

    ``own`` is the id of the engine's container; ``keeping`` is the command that keeps the
    data. Call this before anything is removed.
    """
    if not exists(client, name):
        return
    used = client.containers.list(
        all=True, filters={"volume": volume_of(name)}, ignore_removed=True
    )
    others = sorted(str(container.name) for container in used if container.id != own)
    if others:
        raise OsemError(
            f"Volume '{volume_of(name)}' is in use by {', '.join(others)}. Nothing was removed.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=f"{product.cli} rm -f {' '.join(others)}   or keep the data: {keeping}",
        )


def exists(client: DockerClient, name: str) -> bool:
    """Return whether engine ``name`` has a volume with our label."""
    found = _find(client, name)
    return found is not None and _is_ours(found, name)


def remove(client: DockerClient, name: str) -> bool:
    """Remove the volume of engine ``name`` if it is ours; return whether it was removed."""
    found = _find(client, name)
    if found is None or not _is_ours(found, name):
        return False
    found.remove()
    return True


def _find(client: DockerClient, name: str) -> Volume | None:
    from docker.errors import NotFound

    try:
        return client.volumes.get(volume_of(name))
    except NotFound:
        return None


def _is_ours(volume: Volume, name: str) -> bool:
    return bool((volume.attrs.get("Labels") or {}).get(LABEL) == name)
