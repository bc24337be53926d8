"""The connection to the Docker or Podman engine of this machine."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from osem_tasks.config.commands import command
from osem_tasks.config.secrets import without_userinfo
from osem_tasks.engines.base import EngineFailureError
from osem_tasks.engines.docker import address, errors, product
from osem_tasks.errors import ErrorCode
from osem_tasks.waiting import policy
from osem_tasks.waiting.bounded import bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.tls import TLSConfig
    from requests import Response

    from osem_tasks.engines.docker.address import Address
    from osem_tasks.engines.docker.product import Product

# The system of an engine that runs Windows containers only.
_WINDOWS = "windows"


# What Podman answers with status 500, and the status that Docker gives it. The SDK and this
# package tell by the status whether a container is gone or its name is taken.
_STATUSES = (
    (re.compile(r"no such (container|volume)", re.IGNORECASE), HTTPStatus.NOT_FOUND),
    (re.compile(r"name is already in use|name \S+ is already in use"), HTTPStatus.CONFLICT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A client of the engine at address ``host``, and whose ``product`` the engine is.

    ``note`` says why the address is not the configured one, or a file of Docker's is ignored.
    """

    client: DockerClient
    host: str
    product: Product
    note: str = ""


def connect(recorded: str | None = None) -> tuple[DockerClient, str]:
    """Return the client and the address of ``open_connection``."""
    connection = open_connection(recorded)
    return connection.client, connection.host


def open_connection(recorded: str | None = None) -> Connection:
    """Connect to the engine that the environment names, or to Podman where Docker is absent.

    ``recorded`` is the engine in which a container was started. It overrides the environment,
    which may have changed since. Raises OsemError (ENGINE_UNAVAILABLE) if no engine answers,
    or if it is on another machine.
    """
    found = address.find(os.environ, recorded)
    _refuse_remote(found.host, found.undo)
    try:
        _try_socket(found)
    except errors.broken() as error:
        instead = None if recorded or found.undo or found.tls else _podman(found, error)
        if instead is None:
            raise errors.unreachable(error, found.shown, found.undo, found.note) from error
        found = instead
    client = _client(found)
    if getattr(client.api, "answer", {}).get("Os") == _WINDOWS:
        client.close()
        raise errors.misconfigured(
            f"the engine at {found.shown} runs Windows containers, and DynamoDB Local is a Linux "
            "image",
            "Switch Docker Desktop to Linux containers: DockerCli.exe -SwitchLinuxEngine",
            found.shown,
        )
    # The SDK shows a socket as http+docker://localhost.
    base = str(client.api.base_url)
    host = found.shown if base.startswith("http+docker") else without_userinfo(base)
    whose = product.by_answer(getattr(client.api, "answer", {}), host)
    return Connection(client=client, host=host, product=whose, note=found.note)


def _podman(default: Address, error: Exception) -> Address | None:
    """Return the address of a Podman that listens on this machine; None if there is none.

    ``error`` is why Docker's default address does not serve. Raises OsemError for a
    CONTAINER_HOST, which is Podman's DOCKER_HOST, that names another machine.
    """
    variable = address.container_host(os.environ)
    if variable:
        _refuse_remote(variable.host, variable.undo)
    sockets = [replace(default, host=host) for host in product.podman_sockets(os.environ)]
    why = "" if isinstance(error, FileNotFoundError) else errors.why_unusable(error, default.host)
    for found in [*([variable] if variable else []), *sockets]:
        try:
            _try_socket(found)
        except OSError:
            continue
        return replace(found, note="; ".join(filter(None, (why, default.note))))
    return None


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
        def __init__(self, *args: Any, **options: Any) -> None:
            self.answer: dict[str, Any] = {}
            try:
                super().__init__(*args, **options)
            except BaseException:
                self.close()
                raise

        def version(self, api_version: bool = True) -> Any:
            self.answer = super().version(api_version=api_version)
            # A server that is no engine may answer with another kind of JSON.
            self.answer.get("Os")
            return self.answer

        def send(self, request: Any, **options: Any) -> Any:
            asked.append(str(request.url))
            options |= {"proxies": {}, "verify": self.verify}
            # A pull has no timeout in the SDK: its response starts when the registry responds.
            seconds = options.get("timeout") or policy.current().docker_stream
            send = super().send
            return bounded(lambda: _as_docker(send(request, **options)), seconds)

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


def _as_docker(response: Response) -> Response:
    """Return a response with the status that Docker gives it; Podman gives some of them 500."""
    if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        statuses = (status for words, status in _STATUSES if words.search(response.text))
        response.status_code = next(statuses, response.status_code)
    return response


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
    shown, whose = without_userinfo(host), product.by_address(host)
    there = command("db.setup", "--endpoint", address.endpoint_there(host))
    raise EngineFailureError(
        f"The {whose.name} engine at {shown} runs on another machine: it would publish DynamoDB Local "
        "on its own loopback address, which cannot be reached from here.",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=(
            f"Use the engine of this machine: {undo}   or, for a DynamoDB Local that runs "
            f"there: {there}"
        ),
        details={"dockerHost": shown},
    )
