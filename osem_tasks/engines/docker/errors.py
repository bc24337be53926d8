"""Docker's failures as ours: the one place that reads what the SDK raises.

Source: docker 7.2 tried against Docker 20.10 and podman. An absent engine is a plain
DockerException with the cause in its text only; a hung one surfaces as an error of
requests; a taken port is an APIError 500 told by its words.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PORT_TAKEN = ("port is already allocated", "address already in use", "ports are not available")


def is_port_taken(error: Exception) -> bool:
    """Whether Docker refused to start a container because its port is taken."""
    text = str(error).lower()
    return any(words in text for words in _PORT_TAKEN)


def unreachable(error: Exception, host: str) -> OsemError:
    """The error for an engine that does not answer at ``host``."""
    text = str(error)
    if "PermissionError" in text or "Permission denied" in text:
        why = "its socket may not be opened by this user"
        remedy = "Add yourself to the group 'docker' and log in again, or use --engine moto."
    elif "timed out" in text.lower():
        why = "it does not answer in time"
        remedy = "Restart the Docker engine, or use --engine moto."
    else:
        why = "nothing answers there"
        remedy = "Start Docker (or set DOCKER_HOST), or use --engine moto."
    return OsemError(
        f"No Docker engine at {host}: {why}.",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=remedy,
        details={"dockerHost": host},
    )


@contextlib.contextmanager
def translated(doing: str, host: str) -> Iterator[None]:
    """Turn whatever the SDK raises inside into an OsemError; ``doing`` names the step."""
    import requests
    from docker.errors import APIError, DockerException

    try:
        yield
    except APIError as error:
        raise OsemError(
            f"Docker refused while {doing}: {error.explanation or error}",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation="See the engine's own words above; then: inv local.down local.up",
            details={"status": error.status_code},
        ) from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise unreachable(error, host) from error


def pull_failed(image: str, reason: str) -> OsemError:
    """The error for an image that is not here and cannot be had."""
    return OsemError(
        f"Image {image} is not on this machine and cannot be pulled: {reason}",
        code=ErrorCode.IMAGE_NOT_FOUND,
        remediation=(
            f"Try: docker pull {image}   or name another: inv local.up --image IMAGE"
            "   or go without: inv local.up --engine moto"
        ),
        details={"image": image},
    )
