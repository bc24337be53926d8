"""Start, find and end the data browser of an engine."""

from __future__ import annotations

import contextlib
import functools
import os
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from osem_tasks.config.commands import engine_command
from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import children, host, records
from osem_tasks.engines.admin import npm, record
from osem_tasks.engines.admin.record import BrowserRecord
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from osem_tasks.engines.base import EngineRecord, Say

PORT = 8001
PRODUCT = "dynamodb-admin"
LOG_LINES = 6
PAGE_SECONDS = 2.0
MAX_PAGE = 65536
_TITLE = b"DynamoDB Admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRequest:
    """The data browser that ``local.admin`` requests.

    ``engine`` is the record of the engine; None for a server that somebody else runs. ``port``
    None means 8001, or any free one if that is taken; 0 any free one. ``timeout`` in seconds.
    """

    name: str
    endpoint: str
    image: str
    timeout: float
    engine: EngineRecord | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class BrowserResult:
    """The browser, whether it was ``started`` or ``reused``, and a warning to show."""

    record: BrowserRecord
    how: str
    note: str = ""


def up(request: BrowserRequest, say: Say) -> BrowserResult:
    """Start the data browser or reuse the running one, and wait for its page. Raises OsemError."""
    with records.locked(request.name, policy.current().engine_lock, say):
        running = record.load(request.name)
        if running and _fits(running, request):
            return BrowserResult(running, "reused")
        port = _port(request, running)
        down(request.name)
        return _start(request, port, say)


def _fits(running: BrowserRecord, request: BrowserRequest) -> bool:
    port = urlsplit(running.url).port
    wanted = running.endpoint == request.endpoint and request.port in (None, 0, port)
    return wanted and _is_alive(running) and _shows_tables(running.url)


def _is_alive(running: BrowserRecord) -> bool:
    if running.container:
        from osem_tasks.engines.admin import container

        with contextlib.suppress(OsemError):
            return container.is_running(running.container, running.docker_host)
        return False
    return bool(running.pid) and _is_ours(running.name, running.pid or 0)


def _start(request: BrowserRequest, port: int, say: Say) -> BrowserResult:
    """Start it in the first way that works: an installed program, a container, npm."""
    why = remedy = ""
    if request.engine and request.engine.container and not npm.installed():
        try:
            made = _start_container(request.engine, request, port, say)
            return BrowserResult(made, "started")
        except OsemError as error:
            if error.code not in (ErrorCode.IMAGE_NOT_FOUND, ErrorCode.ENGINE_UNAVAILABLE):
                raise
            why, remedy = error.message, error.remediation
    try:
        made = _start_process(request, port, say)
    except OsemError as error:
        if why:
            error.message = f"{why} {error.message}"
            error.remediation = f"{remedy}   or: {error.remediation}"
        raise
    note = f"{why} {PRODUCT} runs on Node.js instead." if why else ""
    return BrowserResult(made, "started", note)


def _start_container(
    engine: EngineRecord, request: BrowserRequest, port: int, say: Say
) -> BrowserRecord:
    from osem_tasks.engines.admin import container

    url = f"http://{LOOPBACK}:{port}"
    made, docker_host = container.start(engine, request.image, port, say)
    try:
        _await(url, request, lambda: None)
        return record.save(
            BrowserRecord(
                name=request.name,
                url=url,
                endpoint=request.endpoint,
                container=made,
                docker_host=docker_host,
            )
        )
    except BaseException:
        container.stop(request.name, docker_host)
        raise


def _start_process(request: BrowserRequest, port: int, say: Say) -> BrowserRecord:
    node = npm.node()
    script = npm.installed() or npm.install(say)
    say(f"starting {PRODUCT} on port {port}")
    url = f"http://{LOOPBACK}:{port}"
    with children.undone_on_failure(lambda: record.forget(request.name)):
        command = npm.command(node, script, request.endpoint, port, marker(request.name))
        child = npm.start(command, request.endpoint, _log(request.name))

        def check_alive() -> None:
            if child.poll() is not None:
                raise _failed(f"ended with code {child.returncode}", request.name)

        _await(url, request, check_alive)
        return record.save(
            BrowserRecord(
                name=request.name,
                url=url,
                endpoint=request.endpoint,
                pid=child.pid,
                process_identity=host.process_identity(child.pid),
            )
        )


def _await(url: str, request: BrowserRequest, check_alive: Callable[[], None]) -> None:
    """Wait until the browser shows the tables. Raises OsemError."""

    def shows() -> bool:
        if _shows_tables(url):
            return True
        check_alive()
        return False

    backoff = wait.Backoff(policy.current().engine_poll)
    if not wait.poll(shows, bool, Deadline(request.timeout), backoff):
        longer = engine_command(
            "local.admin", request.name, "--timeout", f"{2 * request.timeout:g}"
        )
        error = _failed(f"did not show the tables within {request.timeout:g} s", request.name)
        error.remediation = f"{longer}   or: {error.remediation}"
        raise error


def _shows_tables(url: str) -> bool:
    connection = HTTPConnection(LOOPBACK, urlsplit(url).port, timeout=PAGE_SECONDS)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        return response.status == HTTPStatus.OK and _TITLE in response.read(MAX_PAGE)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _port(request: BrowserRequest, running: BrowserRecord | None) -> int:
    """Return the port to listen on. Raises OsemError (PORT_IN_USE) if the requested one is taken."""
    wanted = PORT if request.port is None else request.port
    own = running is not None and urlsplit(running.url).port == wanted and _is_alive(running)
    if wanted and (own or host.is_free(wanted)):
        return wanted
    if request.port:
        another = engine_command("local.admin", request.name, "--port", "0")
        raise host.port_taken(wanted, another)
    return host.free_port()


def down(name: str) -> list[str]:
    """End the data browser of engine ``name``, recorded or not; return what was ended.

    Raises OsemError.
    """
    running, ended = record.load(name), []
    if running and running.container:
        from osem_tasks.engines.admin import container

        ended += container.stop(name, running.docker_host)
    for pid in host.processes_with(marker(name)):
        children.end(pid, functools.partial(_is_ours, name, pid), name, PRODUCT)
        ended.append(f"{PRODUCT} process {pid}")
    record.forget(name)
    return ended


def marker(name: str) -> str:
    """Return the word that identifies the browser of engine ``name`` on its command line."""
    return f"osem-admin={os.path.realpath(records.directory() / name)}"


def _is_ours(name: str, pid: int) -> bool:
    return marker(name) in host.command_line(pid)


def _log(name: str) -> Path:
    return records.log_path(f"{name}{records.BROWSER}")


def _failed(what: str, name: str) -> OsemError:
    log = _log(name)
    tail = deque(children.log_lines(log), maxlen=LOG_LINES)
    return OsemError(
        "\n".join([f"{PRODUCT} {what}.", *(f"  {line}" for line in tail)]),
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=f"{npm.INSTALL}   then: {engine_command('local.admin', name)}",
        details={"log": str(log)},
    )
