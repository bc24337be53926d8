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
    """Return a client of the Docker engine, and the engine's address.

    ``recorded`` is the engine in which a container was started. It overrides the environment,
    which may have changed since. Raises OsemError (ENGINE_UNAVAILABLE) if no engine answers,
    or if it is on another machine.
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
    """Yield the events of a stream. Raises TimeoutError if none comes for too long."""
    seconds = policy.current().docker_stream
    while (event := bounded(lambda: next(stream, None), seconds)) is not None:
        yield event


def _client(environment: Mapping[str, str]) -> DockerClient:
    """Return a client with a timeout for every call; a failure leaves no socket open."""
    from docker import APIClient, DockerClient

    class BoundedAPIClient(APIClient):
        def __init__(self, *args: Any, **options: Any) -> None:
            try:
                super().__init__(*args, **options)
            except BaseException:
                self.close()
                raise

        def send(self, request: Any, **options: Any) -> Any:
            # A pull has no timeout in the SDK: its response starts when the registry responds.
            seconds = options.get("timeout") or policy.current().docker_stream
            return bounded(lambda: super(BoundedAPIClient, self).send(request, **options), seconds)

    class BoundedDockerClient(DockerClient):
        def __init__(self, *args: Any, **options: Any) -> None:
            self.api = BoundedAPIClient(*args, **options)

    seconds = policy.current().docker_call
    # The timeout is passed to requests, which accepts fractions of a second.
    return BoundedDockerClient.from_env(timeout=seconds, environment=environment)  # type: ignore[arg-type]


def _configured_host(environment: Mapping[str, str]) -> str:
    """Return the address that the SDK would use: DOCKER_HOST, the CLI's context, the default."""
    from docker.context import ContextAPI

    if environment.get("DOCKER_HOST"):
        return environment["DOCKER_HOST"]
    try:
        return str(ContextAPI.get_current_context().Host)
    except errors.broken():
        return _DEFAULT


def _try_socket(host: str) -> None:
    """Raise OSError if nothing listens; the SDK would leave its own socket open."""
    if host.startswith(_UNIX) and hasattr(socket, "AF_UNIX"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
            trial.settimeout(policy.current().docker_call)
            trial.connect(host.removeprefix(_UNIX))


def _refuse_remote(host: str) -> None:
    # A port published on the loopback address of another machine cannot be reached from here.
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
