"""The connection to the Docker engine of this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.config.secrets import without_userinfo
from osem_tasks.engines.docker import errors
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy

if TYPE_CHECKING:
    from docker import DockerClient


def connect() -> tuple[DockerClient, str]:
    """A client of the Docker engine that answers, and where it is.

    Raises OsemError (ENGINE_UNAVAILABLE) when none answers, or on another machine.
    """
    import docker
    import requests
    from docker.errors import DockerException

    try:
        # requests, which gets the timeout in the end, takes fractions of a second.
        client = docker.from_env(timeout=policy.current().docker_call)  # type: ignore[arg-type]
    except (DockerException, requests.RequestException, OSError) as error:
        raise errors.unreachable(error, _configured_host()) from error
    # The SDK shows a unix socket as http+docker://localhost.
    base = str(client.api.base_url)
    host = _configured_host() if base.startswith("http+docker") else base
    _refuse_remote(host)
    return client, host


def _configured_host() -> str:
    """Where the SDK would look for an engine: DOCKER_HOST, the CLI's context, the default."""
    from docker.context import ContextAPI
    from docker.errors import DockerException

    if os.environ.get("DOCKER_HOST"):
        return os.environ["DOCKER_HOST"]
    try:
        return str(ContextAPI.get_current_context().Host)
    except (DockerException, OSError, ValueError):
        return "the default socket"


def _refuse_remote(host: str) -> None:
    # A port published on the loopback of another machine is out of reach from here.
    name = urlsplit(host).hostname
    if name and name not in (LOOPBACK, "localhost", "::1") and "://" in host:
        raise OsemError(
            f"The Docker engine at {without_userinfo(host)} runs on another machine.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation="Use the Docker engine of this machine: unset DOCKER_HOST",
        )
