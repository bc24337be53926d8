"""Translate the Docker SDK's exceptions to errors of this package.

Observed with docker 7.2 against Docker 20.10 and podman: an absent engine is a plain
DockerException with the cause only in its text; a hung engine is an exception of requests; a
taken port is an APIError 500 that only its message distinguishes.
"""

from __future__ import annotations

import contextlib
import re
import shlex
from http import HTTPStatus
from typing import TYPE_CHECKING

from osem_tasks.config.secrets import redact, without_userinfo
from osem_tasks.engines.base import EngineFailureError
from osem_tasks.engines.docker import causes
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PORT_TAKEN = ("port is already allocated", "address already in use", "ports are not available")


def is_port_taken(error: Exception) -> bool:
    """Return whether Docker refused to start a container because its port is taken."""
    text = str(error).lower()
    return any(words in text for words in _PORT_TAKEN)


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
    why, remedy = causes.cause_of(error) or _silent(error, host, undo)
    return EngineFailureError(
        f"No Docker engine at {host}: {redact(why)}{f' ({note})' if note else ''}.",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=remedy,
        details={"dockerHost": host},
    )


def _silent(error: Exception, host: str, undo: str) -> tuple[str, str]:
    """Return the cause and the remedy for an error whose text does not tell the cause."""
    if not isinstance(error, _absent()):
        return (
            "what answers there is no Docker engine, or it broke off",
            "Restart the Docker engine, or set DOCKER_HOST",
        )
    if undo:
        return "nothing answers there", f"Start Docker, or use the default engine: {undo}"
    other = causes.other_socket(host)
    if other:
        return (
            f"nothing answers there, but {other} exists",
            f"export DOCKER_HOST={other}   or start Docker",
        )
    return "nothing answers there", "Start Docker, or set DOCKER_HOST"


def _absent() -> tuple[type[Exception], ...]:
    import requests
    from docker.errors import DockerException

    return (DockerException, requests.RequestException, OSError)


@contextlib.contextmanager
def translated(doing: str, host: str) -> Iterator[None]:
    """Convert the SDK's exceptions in the body to OsemError; ``doing`` names the step."""
    from docker.errors import APIError

    try:
        yield
    except APIError as error:
        raise _refused(doing, str(error.explanation or error), error.status_code) from error
    except Exception as error:
        # The SDK raises a bare Exception for an answer that is not a mapping.
        if type(error) is Exception or isinstance(error, broken()):
            raise unreachable(error, host) from error
        raise


def _refused(doing: str, reason: str, status: int | None) -> OsemError:
    """Return the error for a call that Docker refused.

    Another kind of engine may work if Docker itself has failed.
    """
    failed = status is not None and status >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind = EngineFailureError if failed else OsemError
    return kind(
        f"Docker refused while {doing}: {redact(reason)}",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=causes.remedy_of(reason)
        or "See Docker's message above; remove the cause, then run the command again.",
        details={"status": status},
    )


def pull_failed(image: str, reason: str, remedy: str = "") -> OsemError:
    """Return the error (IMAGE_NOT_FOUND) for an absent image that cannot be pulled."""
    shown = remedy or causes.remedy_of(reason) or f"docker pull {image}   shows why"
    return OsemError(
        f"Image {image} is not on this machine and cannot be pulled: {redact(reason)}",
        code=ErrorCode.IMAGE_NOT_FOUND,
        remediation=f"{shown}   or name another image: --image IMAGE",
        details={"image": image},
    )


def is_of_credentials(error: Exception) -> bool:
    """Return whether Docker's credential helper made a pull fail."""
    return str(error).startswith("Credentials store error")


def no_credentials(image: str, error: Exception, host: str) -> OsemError:
    """Return the error for a pull for which Docker's credential helper failed."""
    helper = re.search(r"docker-credential-[\w.-]+", str(error))
    name = helper.group() if helper else "the configured credential helper"
    what = "is not on PATH" if "not installed" in str(error) else "failed"
    return pull_failed(
        image,
        f"{name}, which Docker's config.json names, {what}.",
        f'docker --config "$(mktemp -d)" --host {shlex.quote(host)} pull {image}   pulls it '
        "without credentials",
    )
