"""Checks for every field of a state file. Pure."""

from __future__ import annotations

import math
import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from osem_tasks.config.endpoints import is_loopback
from osem_tasks.config.values import MAX_NAME
from osem_tasks.engines import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_TEXT = 4096
# The largest pid on any system, and the end of the year 9999.
MAX_PID = 2**31 - 1
MAX_TIME = 253402300799.0
# Names must not lead out of the state directory.
# Names by which a container reaches the machine that runs it.
CONTAINER_HOSTS = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")
# The private networks that Docker uses for its containers.
_CONTAINER_NETWORKS = (ip_network("172.16.0.0/12"), ip_network("192.168.0.0/16"))
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_ENGINE_ID = re.compile(r"[0-9a-f]{6,64}")


def problem(values: Mapping[str, Any], name: str) -> str:
    """Return the first problem in the record of engine ``name``, or an empty string.

    Absent fields, and optional fields that are None, are valid.
    """
    if values.get("name") != name:
        return f"it is not of engine '{name}'"
    for field, check in _CHECKS.items():
        value = values.get(field)
        required = field in _REQUIRED and field in values
        if (value is not None or required) and not check(value):
            return f"its field '{field}' is wrong"
    endpoint = values.get("endpoint")
    # Only a container can be reached at another address than this machine's own.
    if endpoint and not is_loopback(endpoint) and not values.get("container"):
        return "its field 'endpoint' is wrong"
    return ""


def is_local_http(value: Any) -> bool:
    """Return whether ``value`` is an http URL of this machine or its containers, with a port."""
    if not _is_text(value):
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    plain = (parts.path in ("", "/")) and not (parts.query or parts.fragment or parts.username)
    near = is_loopback(value) or _is_of_containers(parts.hostname or "")
    return parts.scheme == "http" and bool(port) and plain and near


def _is_of_containers(host: str) -> bool:
    try:
        return any(ip_address(host) in network for network in _CONTAINER_NETWORKS)
    except ValueError:
        return host in CONTAINER_HOSTS


def text_or_none(value: Any) -> str | None:
    """Return ``value`` if a field of text may hold it, else None."""
    return value if _is_text(value) else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_pid(value: Any) -> bool:
    """Return whether ``value`` is the pid of a process that a user may have started."""
    # Process 1 belongs to the system; 0 and negative numbers are process groups.
    return isinstance(value, int) and not isinstance(value, bool) and 1 < value <= MAX_PID


def _is_owner(value: Any) -> bool:
    # A test run may be process 1 in a container.
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_PID


def _is_time(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and 0 <= value <= MAX_TIME and math.isfinite(value)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_NAME and bool(_NAME.fullmatch(value))


def _is_kind(value: Any) -> bool:
    return isinstance(value, str) and value in registry.names()


def _is_container(value: Any) -> bool:
    return isinstance(value, str) and _ENGINE_ID.fullmatch(value) is not None


_REQUIRED = ("engine", "name", "endpoint", "started_at", "used_at", "persist", "shared")
_CHECKS: dict[str, Callable[[Any], bool]] = {
    "name": _is_name,
    "engine": _is_kind,
    "endpoint": is_local_http,
    "started_at": _is_text,
    "used_at": _is_time,
    "persist": _is_flag,
    "shared": _is_flag,
    "image": _is_text,
    "container": _is_container,
    "docker_host": _is_text,
    "project": _is_text,
    "attempt": _is_container,
    "pid": is_pid,
    "process_started": _is_time,
    "process_identity": _is_text,
    "log": _is_text,
    "owner_pid": _is_owner,
    "owner_started": _is_time,
    "owner_identity": _is_text,
}
