"""Why an engine does not answer or refuses a call, by the text of the SDK's exception.

``{name}`` and ``{cli}`` in the rows stand for the product, such as Docker or Podman.

Observed with docker 7.2 against Docker 20.10 and podman: the SDK wraps most failures in a
plain DockerException, with the cause only in its text.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.engines.docker.product import DOCKER

if TYPE_CHECKING:
    from osem_tasks.engines.docker.product import Product

_USERS_SOCKETS = (
    "{runtime}/docker.sock",
    "{home}/.docker/run/docker.sock",
    "{home}/.docker/desktop/docker.sock",
    "{home}/.colima/default/docker.sock",
    "{home}/.orbstack/run/docker.sock",
    "{home}/.rd/docker.sock",
    "{runtime}/podman/podman.sock",
)
JOIN = """Add yourself to the group 'docker' and log in again: sudo usermod -aG docker "$USER\""""


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
        "{rights}",
    ),
    Cause(
        r"timed out|Read timed out",
        "it does not answer in time",
        "Restart the {name} engine, then see whether it answers: {cli} version",
    ),
    Cause(
        r"API versions below ([\d.]+)",
        "its API is older than {found}, the oldest that the Docker SDK supports",
        "Update the {name} engine; its versions: {cli} version",
    ),
    Cause(
        r"client version ([\d.]+ is too \w+)",
        "it refuses the version of the installed Docker SDK: {found}",
        "pip install --upgrade docker   or update the {name} engine",
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
        "Ask the {name} engine yourself: {cli} version",
    ),
    Cause(
        r"\b(5\d\d) Server Error",
        "it fails itself ({found})",
        "Restart the {name} engine; its own words: {cli} version",
    ),
    Cause(
        r"BadStatusLine|RemoteDisconnected|IncompleteRead|Invalid response|Expecting value"
        r"|JSONDecodeError|ConnectionResetError|LineTooLong|Client Error|got more than"
        r"|object has no attribute|object is not|indices must be|Version parameter",
        "what answers there is no {name} engine, or it broke off",
        "Restart the {name} engine, or set DOCKER_HOST",
    ),
)


SUBORDINATE_IDS = (
    'sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "$USER" && '
    "podman system migrate   gives a rootless engine the user ids of an image"
)
# What an engine says when it refuses a call, and what helps.
REFUSALS = (
    (
        r"/dev/net/tun|slirp4netns failed",
        "Give a rootless engine its network: sudo modprobe tun && sudo chmod 666 /dev/net/tun",
    ),
    (
        r"insufficient UIDs or GIDs|not be enough IDs available",
        SUBORDINATE_IDS,
    ),
    (r"no space left|disk quota|disk is full", "{cli} system df   shows what fills {name}'s disk"),
    (
        r"cannot allocate memory|out of memory|OOM",
        "{memory}   shows {name}'s memory: give it more, or free some",
    ),
    (
        r"client version [\d.]+ is too",
        "pip install --upgrade docker   or update the {name} engine",
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
        "{cli} info   shows what the engine may not do, such as a rootless one",
    ),
)


def remedy_of(refusal: str, product: Product = DOCKER) -> str:
    """Return what helps against a refusal of the engine; empty if no row matches."""
    rows = (remedy for pattern, remedy in REFUSALS if re.search(pattern, refusal, re.IGNORECASE))
    return product.fill(next(rows, ""))


def cause_of(
    error: Exception, product: Product = DOCKER, rights: str = JOIN
) -> tuple[str, str] | None:
    """Return why an engine is not usable, and a remedy; None if no row matches.

    ``rights`` is what helps a user who may not open the engine's socket.
    """
    text = f"{type(error).__name__}: {error}"
    for row in CAUSES:
        match = re.search(row.pattern, text)
        if match:
            found = ": ".join(group.strip() for group in match.groups() if group) or match.group()
            why = product.fill(row.why).replace("{found}", found)
            return why, product.fill(row.remedy).replace("{rights}", rights)
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
