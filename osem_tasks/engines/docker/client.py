"""The connection to the Docker engine of this machine."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.config.secrets import without_userinfo
from osem_tasks.engines.docker import errors
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy
from osem_tasks.waiting.bounded import bounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker import DockerClient

_UNIX = "unix://"
_DEFAULT = "the default socket"


def connect(recorded: str | None = None) -> tuple[DockerClient, str]:
    """A client of the Docker engine that answers, and where it is.

    ``recorded`` is the engine in which a container was started: it wins over the
    environment, which may have changed since. Raises OsemError (ENGINE_UNAVAILABLE) when
    none answers, or on another machine.
    """
    environment = {**os.environ, "DOCKER_HOST": recorded} if recorded else dict(os.environ)
    configured = _configured_host(environment)
    _refuse_remote(configured)
    try:
        _try_socket(configured)
        client = _client(environment)
    except errors.broken() as error:
        raise errors.unreachable(error, without_userinfo(configured)) from error
    # The SDK shows a unix socket as http+docker://localhost.
    base = str(client.api.base_url)
    host = configured if base.startswith("http+docker") else base
    _refuse_remote(host)
    return client, without_userinfo(host)


def events(stream: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events of a stream. Raises TimeoutError when none comes for too long."""
    seconds = policy.current().docker_stream
    while (event := bounded(lambda: next(stream, None), seconds)) is not None:
        yield event


def _client(environment: Mapping[str, str]) -> DockerClient:
    """A client whose every call ends in time, and that leaves no socket open when it fails."""
    from docker import APIClient, DockerClient

    class BoundedAPIClient(APIClient):
        def __init__(self, *args: Any, **options: Any) -> None:
            try:
                super().__init__(*args, **options)
            except BaseException:
                self.close()
                raise

        def send(self, request: Any, **options: Any) -> Any:
            # A pull has no timeout of its own: its answer begins when the registry's does.
            seconds = options.get("timeout") or policy.current().docker_stream
            return bounded(lambda: super(BoundedAPIClient, self).send(request, **options), seconds)

    class BoundedDockerClient(DockerClient):
        def __init__(self, *args: Any, **options: Any) -> None:
            self.api = BoundedAPIClient(*args, **options)

    seconds = policy.current().docker_call
    # requests, which gets the timeout in the end, takes fractions of a second.
    return BoundedDockerClient.from_env(timeout=seconds, environment=environment)  # type: ignore[arg-type]


def _configured_host(environment: Mapping[str, str]) -> str:
    """Where the SDK would look for an engine: DOCKER_HOST, the CLI's context, the default."""
    from docker.context import ContextAPI

    if environment.get("DOCKER_HOST"):
        return environment["DOCKER_HOST"]
    try:
        return str(ContextAPI.get_current_context().Host)
    except errors.broken():
        return _DEFAULT


def _try_socket(host: str) -> None:
    """Raise OSError where nothing listens: the SDK would leave its own socket open."""
    if host.startswith(_UNIX) and hasattr(socket, "AF_UNIX"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
            trial.settimeout(policy.current().docker_call)
            trial.connect(host.removeprefix(_UNIX))


def _refuse_remote(host: str) -> None:
    # A port published on the loopback of another machine is out of reach from here.
    try:
        name = urlsplit(host).hostname
    except ValueError:
        return
    if name and name not in (LOOPBACK, "localhost", "::1") and "://" in host:
        raise OsemError(
            f"The Docker engine at {without_userinfo(host)} runs on another machine.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation="Use the Docker engine of this machine: unset DOCKER_HOST",
        )
