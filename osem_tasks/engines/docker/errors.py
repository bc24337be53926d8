"""Translate the Docker SDK's exceptions to errors of this package.

Observed with docker 7.2 against Docker 20.10 and podman: an absent engine is a plain
DockerException with the cause only in its text; a hung engine is an exception of requests; a
taken port is an APIError 500 that only its message distinguishes.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from osem_tasks.config.secrets import redact, without_userinfo
from osem_tasks.engines.base import EngineFailureError
from osem_tasks.engines.docker import causes, product, pull_causes
from osem_tasks.engines.docker.product import DOCKER, Product
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.errors import APIError

    from osem_tasks.engines.base import EngineRequest

_PORT_TAKEN = ("port is already allocated", "address already in use", "ports are not available")


def is_port_taken(error: Exception) -> bool:
    """Return whether the engine refused to start a container because its port is taken."""
    text = str(error).lower()
    return any(words in text for words in _PORT_TAKEN)


def is_port_privileged(error: Exception) -> bool:
    """Return whether a rootless engine refused to publish a port below 1024."""
    return "privileged port" in str(error).lower()


def port_privileged(port: int, request: EngineRequest, whose: Product) -> OsemError:
    """Return the error (INVALID_CONFIGURATION) for a port that a rootless engine may not use."""
    return OsemError(
        f"A rootless {whose.name} may not publish port {port}: ports below 1024 are root's.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation=f"Use any free port: {replace(request, port=0).command()}",
        details={"port": port},
    )


def broken() -> tuple[type[Exception], ...]:
    """Return the exceptions that the SDK raises if Docker is absent or its answer is invalid.

    The SDK does not validate answers and configuration files: a list in place of a mapping
    causes an AttributeError.
    """
    from http.client import HTTPException

    import requests
    import urllib3
    from docker.errors import DockerException

    absent = (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError)
    # RuntimeError: a stream that is not JSON, a failing credential helper, too deep nesting.
    rubbish = (HTTPException, ValueError, TypeError, AttributeError, LookupError, RuntimeError)
    return (*absent, *rubbish)


def is_known(error: Exception) -> bool:
    """Return whether the text of ``error`` tells its cause."""
    return causes.cause_of(error) is not None


def misconfigured(why: str, remedy: str, host: str = "") -> OsemError:
    """Return the error for variables or files that lead to no Docker engine."""
    return EngineFailureError(
        f"Docker cannot be used: {why}.",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=remedy,
        details={"dockerHost": host} if host else {},
    )


def unreachable(error: Exception, host: str, undo: str = "", note: str = "") -> OsemError:
    """Return the error for an engine that does not answer at ``host`` as Docker does.

    ``undo`` is the command after which the default engine is used, if ``host`` is another one.
    ``note`` is a fact that may explain why ``host`` was used.
    """
    host = without_userinfo(host)
    whose = product.by_address(host)
    why, remedy = causes.cause_of(error, whose, _rights(host, whose)) or _silent(
        error, host, undo, whose
    )
    return EngineFailureError(
        f"No {whose.name} engine at {host}: {redact(why)}{f' ({note})' if note else ''}.",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=remedy,
        details={"dockerHost": host},
    )


def why_unusable(error: Exception, host: str) -> str:
    """Return in a few words why the engine at ``host`` does not serve."""
    why, _ = causes.cause_of(error, product.by_address(host)) or ("nothing answers there", "")
    return f"{host}: {redact(why)}"


def _silent(error: Exception, host: str, undo: str, whose: Product) -> tuple[str, str]:
    """Return the cause and the remedy for an error whose text does not tell the cause."""
    if not isinstance(error, _absent()):
        return (
            f"what answers there is no {whose.name} engine, or it broke off",
            f"Restart the {whose.name} engine, or set DOCKER_HOST",
        )
    default = f"use the default engine: {undo}"
    if whose is not DOCKER:
        start = f"Start Podman: {product.start_command(host, os.environ)}"
        return "nothing answers there", f"{start}   or {default}" if undo else start
    if undo:
        return "nothing answers there", f"Start Docker, or {default}"
    other = causes.other_socket(host)
    if other:
        return (
            f"nothing answers there, but {other} exists",
            f"export DOCKER_HOST={other}   or start Docker",
        )
    return "nothing answers there", _start()


def _start() -> str:
    """Return the remedy where no engine runs: the programs that are installed can start one."""
    if not product.podman_is_installed(os.environ):
        return "Start Docker, or set DOCKER_HOST"
    if not product.docker_is_installed(os.environ):
        return f"Start Podman: {_own_podman()}   or set DOCKER_HOST"
    return f"Start Docker, or set DOCKER_HOST   or start Podman: {_own_podman()}"


def _rights(host: str, whose: Product) -> str:
    """Return the remedy for a user who may not open the socket at ``host``."""
    others = [other for other in product.podman_sockets(os.environ) if other != host]
    if whose is not DOCKER:
        mine = f"export DOCKER_HOST={others[0]}" if others else _own_podman()
        return f"Use a Podman of your own: {mine}"
    podman = product.podman_is_installed(os.environ)
    return f"{causes.JOIN}   or start Podman: {_own_podman()}" if podman else causes.JOIN


def _own_podman() -> str:
    return product.start_command("", os.environ)


def _absent() -> tuple[type[Exception], ...]:
    import requests
    from docker.errors import DockerException

    return (DockerException, requests.RequestException, OSError)


@contextlib.contextmanager
def translated(doing: str, host: str, whose: Product | None = None) -> Iterator[None]:
    """Convert the SDK's exceptions in the body to OsemError; ``doing`` names the step.

    ``whose`` is the engine's product; without it, the address tells.
    """
    from docker.errors import APIError

    whose = whose or product.by_address(host)
    try:
        yield
    except APIError as error:
        raise _refused(doing, error, whose) from error
    except Exception as error:
        # The SDK raises a bare Exception for an answer that is not a mapping.
        if type(error) is Exception or isinstance(error, broken()):
            raise unreachable(error, host) from error
        raise


def _refused(doing: str, error: APIError, whose: Product) -> OsemError:
    """Return the error for a call that the engine refused.

    Another kind of engine may work if this one itself has failed.
    """
    reason, status = str(error.explanation or error), error.status_code
    failed = status is not None and status >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind = EngineFailureError if failed else OsemError
    return kind(
        f"{whose.name} refused while {doing}: {redact(reason)}",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=causes.remedy_of(reason, whose)
        or f"See {whose.name}'s message above; remove the cause, then run the command again.",
        details={"status": status},
    )


def pull_failed(
    image: str, reason: str, remedy: str = "", *, whose: Product = DOCKER, mirror: str = ""
) -> OsemError:
    """Return the error (IMAGE_NOT_FOUND) for an absent image that cannot be pulled.

    ``reason`` is in the engine's words. ``mirror`` is the command that uses the same image of
    another registry; it is empty if there is none.
    """
    found = pull_causes.explain(image, reason, whose)
    why = f"{found.why}. {whose.name} says: " if found.why and not remedy else ""
    steps = [remedy or found.remedy]
    if mirror and found.elsewhere and not remedy:
        steps.insert(0, f"Use AWS's own public registry: {mirror}")
    if not any("--image" in step for step in steps):
        steps.append("name another image: --image IMAGE")
    return OsemError(
        f"Image {image} is not on this machine and cannot be pulled: {why}{redact(reason)}",
        code=ErrorCode.IMAGE_NOT_FOUND,
        remediation="   or ".join(steps),
        details={"image": image},
    )


def is_of_credentials(error: Exception) -> bool:
    """Return whether Docker's credential helper made a pull fail."""
    return str(error).startswith("Credentials store error")


def no_credentials(image: str, error: Exception, host: str, whose: Product = DOCKER) -> OsemError:
    """Return the error for a pull for which Docker's credential helper failed."""
    helper = re.search(r"docker-credential-[\w.-]+", str(error))
    name = helper.group() if helper else "the configured credential helper"
    what = "is not on PATH" if "not installed" in str(error) else "failed"
    pull = f'docker --config "$(mktemp -d)" --host {shlex.quote(host)} pull {image}'
    if whose is not DOCKER:
        pull = f"{whose.cli} pull {image}"
    return pull_failed(
        image,
        f"{name}, which Docker's config.json names, {what}.",
        f"{pull}   pulls it without credentials",
    )
