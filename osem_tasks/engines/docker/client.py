"""The connection to the Docker engine of this machine."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from osem_tasks.config.commands import command
from osem_tasks.config.secrets import without_userinfo
from osem_tasks.engines.base import EngineFailureError
from osem_tasks.engines.docker import address, errors
from osem_tasks.errors import ErrorCode
from osem_tasks.waiting import policy
from osem_tasks.waiting.bounded import bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.tls import TLSConfig

    from osem_tasks.engines.docker.address import Address

# The system of an engine that runs Windows containers only.
_WINDOWS = "windows"


def connect(recorded: str | None = None) -> tuple[DockerClient, str]:
    """Return a client of the Docker engine, and the engine's address.

    ``recorded`` is the engine in which a container was started. It overrides the environment,
    which may have changed since. Raises OsemError (ENGINE_UNAVAILABLE) if no engine answers,
    or if it is on another machine.
    """
    found = address.find(os.environ, recorded)
    _refuse_remote(found.host, found.undo)
    try:
        _try_socket(found)
    except errors.broken() as error:
        raise errors.unreachable(error, found.shown, found.undo, found.note) from error
    client = _client(found)
    if getattr(client.api, "system", None) == _WINDOWS:
        client.close()
        raise errors.misconfigured(
            f"the engine at {found.shown} runs Windows containers, and DynamoDB Local is a Linux "
            "image",
            "Switch Docker Desktop to Linux containers: DockerCli.exe -SwitchLinuxEngine",
            found.shown,
        )
    # The SDK shows a socket as http+docker://localhost.
    base = str(client.api.base_url)
    return client, found.shown if base.startswith("http+docker") else without_userinfo(base)


def events(stream: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream. Raises TimeoutError if none comes for too long."""
    seconds = policy.current().docker_stream
    while (event := bounded(lambda: next(stream, None), seconds)) is not None:
        yield event


def _client(found: Address) -> DockerClient:
    """Return a client with a timeout for every call. Raises OsemError.

    A failure leaves no socket open. The client ignores the shell's proxies and certificates,
    which are not meant for an engine on this machine.
    """
    from docker import APIClient, DockerClient

    asked: list[str] = []

    class BoundedAPIClient(APIClient):
        system: str | None = None

        def __init__(self, *args: Any, **options: Any) -> None:
            try:
                super().__init__(*args, **options)
            except BaseException:
                self.close()
                raise

        def version(self, api_version: bool = True) -> Any:
            described = super().version(api_version=api_version)
            self.system = described.get("Os")
            return described

        def send(self, request: Any, **options: Any) -> Any:
            asked.append(str(request.url))
            options |= {"proxies": {}, "verify": self.verify}
            # A pull has no timeout in the SDK: its response starts when the registry responds.
            seconds = options.get("timeout") or policy.current().docker_stream
            return bounded(lambda: super(BoundedAPIClient, self).send(request, **options), seconds)

    class BoundedDockerClient(DockerClient):
        def __init__(self, *args: Any, **options: Any) -> None:
            self.api = BoundedAPIClient(*args, **options)

    try:
        return BoundedDockerClient(
            base_url=found.host, tls=_tls(found) or False, timeout=policy.current().docker_call
        )
    except errors.broken() as error:
        if asked or errors.is_known(error):
            raise errors.unreachable(error, found.shown, found.undo, found.note) from error
        # No request was sent: the SDK cannot use the address or a file.
        raise errors.misconfigured(
            f"the Docker SDK cannot use {found.settings} with {found.shown} "
            f"({type(error).__name__})",
            f"Correct {found.settings}, or use another folder: export DOCKER_CONFIG=FOLDER",
            found.shown,
        ) from error


def _tls(found: Address) -> TLSConfig | None:
    from docker.tls import TLSConfig

    if found.tls is None:
        return None
    cert, key, ca = (str(found.tls / name) for name in ("cert.pem", "key.pem", "ca.pem"))
    return TLSConfig(client_cert=(cert, key), ca_cert=ca, verify=found.verify)


def _try_socket(found: Address) -> None:
    """Raise OSError if nothing listens; the SDK would leave its own socket open."""
    if found.socket and hasattr(socket, "AF_UNIX"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
            trial.settimeout(policy.current().docker_call)
            trial.connect(found.socket)


def _refuse_remote(host: str, undo: str = "unset DOCKER_HOST") -> None:
    """Raise OsemError for an engine on another machine."""
    if not address.is_remote(host):
        return
    shown = without_userinfo(host)
    there = command("db.setup", "--endpoint", address.endpoint_there(host))
    raise EngineFailureError(
        f"The Docker engine at {shown} runs on another machine: it would publish DynamoDB Local "
        "on its own loopback address, which cannot be reached from here.",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=(
            f"Use the Docker engine of this machine: {undo}   or, for a DynamoDB Local that runs "
            f"there: {there}"
        ),
        details={"dockerHost": shown},
    )
