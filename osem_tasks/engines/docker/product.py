"""Whose engine it is: Docker's, or Podman's, which answers the same API.

Podman has its own name, program, sockets and way to start, and messages use them.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

UNIX = "unix://"
SYSTEM = Path("/run/podman/podman.sock")
_USERS = "podman/podman.sock"
# The sockets that a Podman machine (macOS) offers to programs of its host.
_MACHINES = (
    "{temporary}/podman/podman-machine-default-api.sock",
    "{home}/.local/share/containers/podman/machine/podman.sock",
    "{home}/.local/share/containers/podman/machine/podman-machine-default/podman.sock",
    "{home}/.local/share/containers/podman/machine/qemu/podman.sock",
)
SYSTEMD = Path("/run/systemd/system")


@dataclass(frozen=True, slots=True)
class Product:
    """The ``name`` of an engine's maker, and ``cli``, the command that reaches the engine.

    ``memory`` is the field of ``info`` with the engine's memory, in bytes.
    """

    name: str
    cli: str
    memory: str

    def fill(self, text: str) -> str:
        """Return ``text`` with ``{name}``, ``{cli}`` and ``{memory}``; other braces stay."""
        memory = f"{self.cli} info --format '{{{{.{self.memory}}}}}'"
        filled = text.replace("{name}", self.name).replace("{memory}", memory)
        return filled.replace("{cli}", self.cli)


DOCKER = Product("Docker", "docker", "MemTotal")


def podman(host: str) -> Product:
    """Return Podman at ``host``.

    The address is part of its command: a user has a storage of images and containers of their
    own, which is not that of the system's socket.
    """
    # The SDK shows tcp:// as http://.
    url = host.replace("http://", "tcp://", 1)
    cli = f"podman --url {shlex.quote(url)}" if "://" in host else "podman"
    return Product("Podman", cli, "Host.MemTotal")


def by_address(host: str) -> Product:
    """Return the product that listens at ``host``, as far as the address shows it."""
    return podman(host) if "podman" in host.lower() else DOCKER


def by_answer(version: Mapping[str, Any], host: str) -> Product:
    """Return the product by its answer to ``GET /version``."""
    components = version.get("Components")
    parts = components if isinstance(components, list) else []
    names = [str(part.get("Name")) for part in parts if isinstance(part, dict)]
    return podman(host) if any("podman" in name.lower() for name in names) else DOCKER


def podman_sockets(environment: Mapping[str, str]) -> list[str]:
    """Return the addresses of the Podman sockets that exist, the user's own first."""
    home = os.path.expanduser("~")  # noqa: PTH111  never raises
    machines = (
        Path(place.format(home=home, temporary=tempfile.gettempdir())) for place in _MACHINES
    )
    places = [_runtime(environment) / _USERS, SYSTEM, *machines]
    return [f"{UNIX}{place}" for place in places if _is_socket(place)]


def start_command(host: str, environment: Mapping[str, str]) -> str:
    """Return the command that starts Podman's service so that it answers at ``host``.

    Podman's default address is used if ``host`` is not one of Podman's.
    """
    if sys.platform in ("darwin", "win32"):
        return "podman machine start"
    own = f"{UNIX}{SYSTEM if _is_root() else _runtime(environment) / _USERS}"
    wanted = host if by_address(host) is not DOCKER and host.startswith(UNIX) else own
    if SYSTEMD.is_dir() and wanted == own:
        return f"systemctl {'' if _is_root() else '--user '}start podman.socket"
    if SYSTEMD.is_dir() and wanted == f"{UNIX}{SYSTEM}":
        return "sudo systemctl start podman.socket"
    folder = Path(wanted.removeprefix(UNIX)).parent
    made = "" if folder.is_dir() else f"mkdir -p {shlex.quote(str(folder))} && "
    return f"{made}podman system service --time=0 {shlex.quote(wanted)} &"


def podman_is_installed(environment: Mapping[str, str]) -> bool:
    """Return whether the program ``podman`` is on PATH."""
    return shutil.which("podman", path=environment.get("PATH", "")) is not None


def docker_is_installed(environment: Mapping[str, str]) -> bool:
    """Return whether the program ``docker`` is on PATH."""
    return shutil.which("docker", path=environment.get("PATH", "")) is not None


def _runtime(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("XDG_RUNTIME_DIR") or f"/run/user/{_user()}")


def _is_socket(place: Path) -> bool:
    try:
        return place.is_socket()
    except OSError:  # a folder that this user may not enter
        return False


def _is_root() -> bool:
    return _user() == 0


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else -1
