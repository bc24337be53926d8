"""The named volumes that keep data under ``--persist``: ours carry a label, others are not touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.engines.docker.container import LABEL, volume_of
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.volumes import Volume


def ensure(client: DockerClient, name: str) -> None:
    """Have engine ``name``'s volume. Raises OsemError when one of that name is not ours."""
    found = _find(client, name)
    if found is None:
        client.volumes.create(volume_of(name), labels={LABEL: name})
    elif not _is_ours(found, name):
        raise OsemError(
            f"A volume named '{volume_of(name)}' exists that osem_tasks did not make.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=f"Use another name: inv local.up --persist --name {name}-2",
        )


def exists(client: DockerClient, name: str) -> bool:
    """Whether there is a volume of engine ``name``'s, ours or not."""
    return _find(client, name) is not None


def remove(client: DockerClient, name: str) -> bool:
    """Remove engine ``name``'s volume if it is ours; whether it was removed."""
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
