"""Translate the Docker SDK's exceptions to errors of this package.

Observed with docker 7.2 against Docker 20.10 and podman: an absent engine is a plain
DockerException with the cause only in its text; a hung engine is an exception of requests; a
taken port is an APIError 500 that only its message distinguishes.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from osem_tasks.config.secrets import redact, without_userinfo
from osem_tasks.engines.base import EngineFailureError
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONFIGURATION = (
    "Invalid bind address",
    "Invalid hostname",
    "Port out of range",
    "could not be cast to integer",
    "Could not determine port",
    "Invalid IPv6",
    "Invalid URL",
    "TLS",
    "protocol",
)
_NOT_DOCKER = (
    "BadStatusLine",
    "RemoteDisconnected",
    "IncompleteRead",
    "Invalid response",
    "Expecting value",
    "JSONDecodeError",
    "ConnectionResetError",
    "LineTooLong",
)
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


def unreachable(error: Exception, host: str) -> OsemError:
    """Return the error for an engine that does not answer at ``host`` as Docker does."""
    host = without_userinfo(host)
    why, remedy = _cause(error)
    return EngineFailureError(
        f"No Docker engine at {host}: {why}.",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=remedy,
        details={"dockerHost": host},
    )


def _cause(error: Exception) -> tuple[str, str]:
    """Return why Docker is not usable, and a remedy."""
    from docker.errors import InvalidConfigFile

    text = str(error)
    if (
        isinstance(error, PermissionError)
        or "PermissionError" in text
        or "Permission denied" in text
    ):
        return (
            "this user may not open its socket",
            "Add yourself to the group 'docker' and log in again",
        )
    if isinstance(error, TimeoutError) or "timed out" in text.lower():
        return "it does not answer in time", "Restart the Docker engine"
    if isinstance(error, InvalidConfigFile) or _is_of_configuration(error):
        return (
            f"its configuration cannot be used ({type(error).__name__})",
            "Correct DOCKER_HOST and ~/.docker/config.json, or set DOCKER_CONFIG to another folder",
        )
    if any(words in text for words in _NOT_DOCKER) or not isinstance(error, _absent()):
        return (
            "what answers there is no Docker engine, or it broke off",
            "Restart the Docker engine, or set DOCKER_HOST",
        )
    return "nothing answers there", "Start Docker, or set DOCKER_HOST"


def _absent() -> tuple[type[Exception], ...]:
    import requests
    from docker.errors import DockerException

    return (DockerException, requests.RequestException, OSError)


def _is_of_configuration(error: Exception) -> bool:
    """Return whether an address or a file made the SDK fail before it sent a request."""
    text = str(error)
    return any(words in text for words in _CONFIGURATION)


@contextlib.contextmanager
def translated(doing: str, host: str) -> Iterator[None]:
    """Convert the SDK's exceptions in the body to OsemError; ``doing`` names the step."""
    from docker.errors import APIError

    try:
        yield
    except APIError as error:
        raise OsemError(
            f"Docker refused while {doing}: {redact(str(error.explanation or error))}",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation="See Docker's message above; remove the cause, then run the command again.",
            details={"status": error.status_code},
        ) from error
    except Exception as error:
        # The SDK raises a bare Exception for an answer that is not a mapping.
        if type(error) is Exception or isinstance(error, broken()):
            raise unreachable(error, host) from error
        raise


def pull_failed(image: str, reason: str) -> OsemError:
    """Return the error (IMAGE_NOT_FOUND) for an absent image that cannot be pulled."""
    return OsemError(
        f"Image {image} is not on this machine and cannot be pulled: {redact(reason)}",
        code=ErrorCode.IMAGE_NOT_FOUND,
        remediation=f"docker pull {image}   shows why   or name another image: --image IMAGE",
        details={"image": image},
    )
