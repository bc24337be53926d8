"""Why a Docker engine does not answer, by the text of the SDK's exception.

Observed with docker 7.2 against Docker 20.10 and podman: the SDK wraps most failures in a
plain DockerException, with the cause only in its text.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_USERS_SOCKETS = (
    "{runtime}/docker.sock",
    "{home}/.docker/run/docker.sock",
    "{home}/.docker/desktop/docker.sock",
    "{home}/.colima/default/docker.sock",
    "{home}/.orbstack/run/docker.sock",
    "{home}/.rd/docker.sock",
    "{runtime}/podman/podman.sock",
)


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause that ``pattern`` finds in an exception's text: ``why``, and what helps.

    ``{found}`` is what the pattern's groups match.
    """

    pattern: str
    why: str
    remedy: str


# The first match counts.
CAUSES = (
    Cause(
        r"Permission denied|PermissionError",
        "this user may not open its socket",
        "Add yourself to the group 'docker' and log in again: {join}",
    ),
    Cause(
        r"timed out|Read timed out",
        "it does not answer in time",
        "Restart the Docker engine, then see whether it answers: docker version",
    ),
    Cause(
        r"API versions below ([\d.]+)",
        "its API is older than {found}, the oldest that the Docker SDK supports",
        "Update the Docker engine; its versions: docker version",
    ),
    Cause(
        r"client version ([\d.]+ is too \w+)",
        "it refuses the version of the installed Docker SDK: {found}",
        "pip install --upgrade docker   or update the Docker engine",
    ),
    Cause(
        r"HTTP request to an HTTPS server",
        "it requires TLS",
        "export DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=FOLDER   with ca.pem, cert.pem and key.pem",
    ),
    Cause(
        r"WRONG_VERSION_NUMBER|wrong version number|record layer failure|UNKNOWN_PROTOCOL",
        "it does not use TLS",
        "unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH   and use tcp:// in DOCKER_HOST",
    ),
    Cause(
        r"certificate verify failed: ([^(\"']+)|(?i:hostname|ip address) mismatch",
        "its certificate is not accepted: {found}",
        "Use the ca.pem of this engine in the folder that DOCKER_CERT_PATH names",
    ),
    Cause(
        r"\[SSL\]|\bPEM\b|KEY_VALUES_MISMATCH|NO_START_LINE|certificate",
        "its TLS files cannot be used",
        "Check ca.pem, cert.pem and key.pem in the folder that DOCKER_CERT_PATH names",
    ),
    Cause(
        r"[Pp]aramiko",
        "ssh:// needs the Python package paramiko",
        "pip install paramiko",
    ),
    Cause(
        r"path too long",
        "the path of its socket is too long for this system",
        "Move the socket, or set DOCKER_HOST",
    ),
    Cause(
        r"\b(40[13]) Client Error[^(]*(?:\(\"(.*)\"\))?",
        "it refuses access ({found})",
        "Ask the Docker engine yourself: docker version",
    ),
    Cause(
        r"\b(5\d\d) Server Error",
        "it fails itself ({found})",
        "Restart the Docker engine; its own words: docker version",
    ),
    Cause(
        r"BadStatusLine|RemoteDisconnected|IncompleteRead|Invalid response|Expecting value"
        r"|JSONDecodeError|ConnectionResetError|LineTooLong|Client Error|got more than"
        r"|object has no attribute|object is not|indices must be|Version parameter",
        "what answers there is no Docker engine, or it broke off",
        "Restart the Docker engine, or set DOCKER_HOST",
    ),
)


# What Docker says when it refuses a call, and what helps.
REFUSALS = (
    (r"no space left|disk quota|disk is full", "docker system df   shows what fills Docker's disk"),
    (
        r"cannot allocate memory|out of memory|OOM",
        "docker info --format '{{.MemTotal}}'   shows Docker's memory: give it more, or free some",
    ),
    (
        r"client version [\d.]+ is too",
        "pip install --upgrade docker   or update the Docker engine",
    ),
    (
        r"cannot be used on this platform|no matching manifest for windows",
        "Switch Docker Desktop to Linux containers: DockerCli.exe -SwitchLinuxEngine",
    ),
    (
        r"invalid reference format|repository name must be lowercase",
        "Name the image as REPOSITORY:TAG, all lower case: --image IMAGE",
    ),
    (
        r"executable file not found|exec format error|\bexec: ",
        "The image cannot run here, or is not DynamoDB Local: name another one: --image IMAGE",
    ),
    (
        r"cgroup|rlimit|operation not permitted|userns|rootless",
        "docker info   shows what the engine may not do, such as a rootless one",
    ),
)


def remedy_of(refusal: str) -> str:
    """Return what helps against a refusal of Docker; empty if no row matches."""
    rows = (remedy for pattern, remedy in REFUSALS if re.search(pattern, refusal, re.IGNORECASE))
    return next(rows, "")


def cause_of(error: Exception) -> tuple[str, str] | None:
    """Return why an engine is not usable, and a remedy; None if no row matches."""
    text = f"{type(error).__name__}: {error}"
    for row in CAUSES:
        match = re.search(row.pattern, text)
        if match:
            found = ": ".join(group.strip() for group in match.groups() if group) or match.group()
            join = 'sudo usermod -aG docker "$USER"'
            return row.why.format(found=found), row.remedy.format(join=join)
    return None


def other_socket(host: str) -> str | None:
    """Return a socket of this user's at which a rootless or desktop engine may listen."""
    home = os.path.expanduser("~")  # noqa: PTH111  never raises
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{_user()}"
    for pattern in _USERS_SOCKETS:
        path = Path(pattern.format(home=home, runtime=runtime))
        if f"unix://{path}" != host and path.is_socket():
            return f"unix://{path}"
    return None


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
