"""The Docker SDK's exceptions as errors of this package, translated in one place.

Observed with docker 7.2 against Docker 20.10 and podman. An absent engine is a plain
DockerException whose text alone has the cause; a hung one is an exception of requests; a
taken port is an APIError 500 that only its message tells apart.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from osem_tasks.config.secrets import redact, without_userinfo
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PORT_TAKEN = ("port is already allocated", "address already in use", "ports are not available")


def is_port_taken(error: Exception) -> bool:
    """Whether Docker refused to start a container because its port is taken."""
    text = str(error).lower()
    return any(words in text for words in _PORT_TAKEN)


def unreachable(error: Exception, host: str) -> OsemError:
    """The error for an engine that does not answer at ``host``, told without a password."""
    host = without_userinfo(host)
    text = str(error)
    if "PermissionError" in text or "Permission denied" in text:
        why = "this user may not open its socket"
        remedy = "Add yourself to the group 'docker' and log in again"
    elif "timed out" in text.lower():
        why = "it does not answer in time"
        remedy = "Restart the Docker engine"
    else:
        why = "nothing answers there"
        remedy = "Start Docker, or set DOCKER_HOST"
    return OsemError(
        f"No Docker engine at {host}: {why}.",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=remedy,
        details={"dockerHost": host},
    )


@contextlib.contextmanager
def translated(doing: str, host: str) -> Iterator[None]:
    """Turn what the SDK raises in the body into an OsemError; ``doing`` names the step."""
    import requests
    from docker.errors import APIError, DockerException

    try:
        yield
    except APIError as error:
        raise OsemError(
            f"Docker refused while {doing}: {redact(str(error.explanation or error))}",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation="See Docker's message above; remove the cause, then run the command again.",
            details={"status": error.status_code},
        ) from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise unreachable(error, host) from error


def pull_failed(image: str, reason: str) -> OsemError:
    """The error (IMAGE_NOT_FOUND) for an image that is not here and cannot be pulled."""
    return OsemError(
        f"Image {image} is not on this machine and cannot be pulled: {redact(reason)}",
        code=ErrorCode.IMAGE_NOT_FOUND,
        remediation=f"docker pull {image}   shows why   or name another image: --image IMAGE",
        details={"image": image},
    )
