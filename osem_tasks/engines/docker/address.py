"""Find the Docker engine that the docker command would use, without contacting it.

The order is the command's own: DOCKER_HOST, DOCKER_CONTEXT, the current context in
``config.json``, the default socket. The SDK ignores a missing context and a broken file, and
would use another engine instead; here both are errors that name the file or variable.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from osem_tasks.config.endpoints import is_loopback
from osem_tasks.config.secrets import without_userinfo
from osem_tasks.engines.claims import CONTAINER_HOSTS
from osem_tasks.engines.docker import files, reach
from osem_tasks.engines.docker.product import UNIX
from osem_tasks.errors import OsemError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = "npipe:////./pipe/docker_engine" if os.name == "nt" else "unix:///var/run/docker.sock"
SCHEMES = ("unix", "npipe", "tcp", "http", "https", "ssh")
_TCP = ("tcp", "http", "https")
_PORT = 2375


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The address of a Docker engine, and the folder with its TLS files, if it uses TLS.

    ``undo`` is the command after which Docker's default address applies; it is empty if it
    does already. ``settings`` is the path of ``config.json``; ``note`` says why that file is
    ignored, if it is.
    """

    host: str
    undo: str
    tls: Path | None = None
    verify: bool = True
    settings: str = ""
    note: str = ""

    @property
    def shown(self) -> str:
        """The address without a user name or password."""
        return without_userinfo(self.host)

    @property
    def socket(self) -> str | None:
        """The path of the engine's Unix socket, if it has one."""
        return self.host.removeprefix(UNIX) if self.host.startswith(UNIX) else None


def find(environment: Mapping[str, str], recorded: str | None = None) -> Address:
    """Return the address of the Docker engine; ``recorded`` overrides the configuration.

    Raises OsemError (ENGINE_UNAVAILABLE) if a variable or file names no usable address.
    """
    folder = files.folder(environment)
    settings, note = files.read_settings(folder)
    if recorded:
        address = _recorded_address(recorded, folder, settings, environment)
    else:
        address = _configured_address(folder, settings, environment)
    _check_tls(address, environment)
    return replace(address, settings=str(folder / files.SETTINGS), note=note)


def _configured_address(
    folder: Path, settings: Mapping[str, Any], environment: Mapping[str, str]
) -> Address:
    host = environment.get("DOCKER_HOST", "").strip()
    if host:
        return _variable_address(host, environment)
    return _context_address(folder, settings, environment)


def _recorded_address(
    recorded: str, folder: Path, settings: Mapping[str, Any], environment: Mapping[str, str]
) -> Address:
    """Return the recorded address; with the TLS files of the configured one if it is the same."""
    with contextlib.suppress(OsemError):  # the configuration may lead to no engine now
        configured = _configured_address(folder, settings, environment)
        # The SDK shows tcp:// as http:// or https://.
        if configured.tls and urlsplit(configured.host).netloc == urlsplit(recorded).netloc:
            return configured
    found = _variable_address(recorded, environment)
    return found if environment.get("DOCKER_HOST") else replace(found, undo="")


def _variable_address(host: str, environment: Mapping[str, str]) -> Address:
    undo = "unset DOCKER_HOST"
    tls, verify = _variable_tls(environment)
    return Address(host=_checked(host, "DOCKER_HOST", undo), undo=undo, tls=tls, verify=verify)


def _context_address(
    folder: Path, settings: Mapping[str, Any], environment: Mapping[str, str]
) -> Address:
    """Return the address of the current context."""
    name, source = environment.get("DOCKER_CONTEXT", ""), "DOCKER_CONTEXT"
    undo = "unset DOCKER_CONTEXT"
    if not name:
        name, source = settings.get("currentContext") or "default", str(folder / files.SETTINGS)
        undo = "docker context use default"
    if name == "default":
        tls, verify = _variable_tls(environment)
        return Address(host=DEFAULT, undo="", tls=tls, verify=verify)
    import hashlib

    identifier = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    meta = folder / "contexts" / "meta" / identifier / "meta.json"
    endpoint = files.read_context(meta, name, source, undo)
    tls = folder / "contexts" / "tls" / identifier / files.ENDPOINT
    return Address(
        host=_checked(endpoint.get("Host") or DEFAULT, f"the context '{name}' ({source})", undo),
        undo=undo,
        tls=tls if tls.is_dir() else None,
        verify=not endpoint.get("SkipTLSVerify"),
    )


def container_host(environment: Mapping[str, str]) -> Address | None:
    """Return the address in CONTAINER_HOST, Podman's variable; None if it is not set.

    Raises OsemError (ENGINE_UNAVAILABLE) if no engine can have it.
    """
    host, undo = environment.get("CONTAINER_HOST", "").strip(), "unset CONTAINER_HOST"
    return Address(host=_checked(host, "CONTAINER_HOST", undo), undo=undo) if host else None


def _variable_tls(environment: Mapping[str, str]) -> tuple[Path | None, bool]:
    verify, folder = environment.get("DOCKER_TLS_VERIFY"), environment.get("DOCKER_CERT_PATH")
    if not verify and not folder:
        return None, True
    default = Path(os.path.expanduser("~")) / ".docker"  # noqa: PTH111  never raises
    return (Path(folder) if folder else default), bool(verify)


def _check_tls(address: Address, environment: Mapping[str, str]) -> None:
    """Raise OsemError if a file for TLS is missing."""
    if address.tls is None:
        return
    names = ("ca.pem", "cert.pem", "key.pem") if address.verify else ("cert.pem", "key.pem")
    missing = [name for name in names if not (address.tls / name).is_file()]
    if not missing:
        return
    from osem_tasks.engines.docker import errors

    named = [name for name in ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH") if environment.get(name)]
    by = f" ({' and '.join(named)} set)" if named else ""
    files_are = f"{missing[0]} is" if len(missing) == 1 else f"{', '.join(missing)} are"
    raise errors.misconfigured(
        f"{address.shown} is to be used with TLS{by}, and {files_are} missing in {address.tls}",
        f"ls {address.tls}   shows what is there"
        + (f"   or, without TLS: unset {' '.join(named)}" if named else ""),
        address.shown,
    )


def _checked(host: Any, source: str, undo: str) -> str:
    """Return the normalised address. Raises OsemError if no engine can have it."""
    text = str(host).strip()
    problem, better = _problem(text)
    if problem:
        from osem_tasks.engines.docker import errors

        shown = without_userinfo(text)
        change = f"export DOCKER_HOST={better}   or, for the default engine: " if better else ""
        raise errors.misconfigured(f"{source} is {shown!r}, {problem}", f"{change}{undo}", shown)
    if text.startswith(UNIX):
        return f"{UNIX}/{text.removeprefix(UNIX).lstrip('/')}"
    return text


def _problem(host: str) -> tuple[str, str]:
    """Return why ``host`` is no address of a Docker engine, and a better one if it is clear."""
    if not host.isprintable() or any(letter.isspace() for letter in host):
        return "which holds a space or a control character", ""
    scheme, separator, rest = host.partition("://")
    if not separator:
        return "which has no scheme", _with_scheme(host)
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        return f"whose scheme '{scheme}' is unknown (known are {known})", ""
    if scheme in _TCP:
        return _network_problem(host, rest)
    return (_ssh_problem(host) if scheme == "ssh" else _socket_problem(scheme, rest)), ""


def _network_problem(host: str, rest: str) -> tuple[str, str]:
    try:
        parts = urlsplit(host)
        port = parts.port
    except ValueError as error:
        return f"which is no address ({str(error)[:1].lower()}{str(error)[1:]})", ""
    if not parts.hostname:
        return "which names no host", ""
    if parts.query or parts.fragment or parts.password:
        return "which holds more than a host and a port", ""
    return ("", "") if port else ("which has no port", f"tcp://{rest.rstrip('/:')}:{_PORT}")


def _ssh_problem(host: str) -> str:
    if is_loopback(host) and importlib.util.find_spec("paramiko") is None:
        return "and ssh:// needs the Python package paramiko (pip install paramiko)"
    return ""


def _socket_problem(scheme: str, path: str) -> str:
    if scheme == "npipe" and os.name != "nt":
        return "a named pipe, which only Windows has"
    return "" if path.strip("/") else "which names no socket"


def _with_scheme(host: str) -> str:
    """Return ``host`` with the scheme that it probably lacks; empty if that is unclear."""
    if host.startswith("unix:/"):
        return f"{UNIX}{host.removeprefix('unix:')}"
    if host.startswith("/"):
        return f"{UNIX}{host}"
    problem, better = _network_problem(f"tcp://{host}", host)
    return better if problem else f"tcp://{host}"


def is_remote(host: str) -> bool:
    """Return whether the engine at ``host`` runs on another machine.

    A container's own host counts as this machine: its published ports may be reached.
    """
    scheme, _, _ = host.partition("://")
    if scheme not in (*_TCP, "ssh") or is_loopback(host):
        return False
    return urlsplit(host).hostname not in (*CONTAINER_HOSTS, *reach.near_hosts())


def endpoint_there(host: str) -> str:
    """Return the endpoint of a DynamoDB Local on the machine of a remote engine."""
    return f"http://{urlsplit(host).hostname}:8000"
