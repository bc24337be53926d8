"""Docker or Podman: told by the address and the answer; its sockets, and how it is started."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines.docker import product
from osem_tasks.engines.docker.product import DOCKER

if TYPE_CHECKING:
    from pathlib import Path

needs_sockets = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")


@pytest.mark.parametrize(
    "host, name",
    [
        ("unix:///var/run/docker.sock", "Docker"),
        ("unix:///run/podman/podman.sock", "Podman"),
        ("unix:///run/user/1000/podman/podman.sock", "Podman"),
        ("ssh://me@build.example/run/user/1000/podman/podman.sock", "Podman"),
        ("npipe:////./pipe/podman-machine-default", "Podman"),
        ("tcp://127.0.0.1:2375", "Docker"),
        ("", "Docker"),
    ],
)
def test_by_address(host: str, name: str) -> None:
    """Podman's sockets have its name in their path."""
    assert product.by_address(host).name == name


@pytest.mark.parametrize(
    "version, name",
    [
        ({"Components": [{"Name": "Podman Engine", "Version": "4.3.1"}]}, "Podman"),
        ({"Components": [{"Name": "Engine"}, {"Name": "containerd"}]}, "Docker"),
        ({"Version": "20.10"}, "Docker"),
        ({"Components": None}, "Docker"),
        ({"Components": ["podman", 5]}, "Docker"),
        ({"Components": [{}]}, "Docker"),
        ({}, "Docker"),
    ],
)
def test_by_answer(version: dict[str, Any], name: str) -> None:
    """The answer tells also at Docker's own address, and rubbish is no Podman."""
    assert product.by_answer(version, "unix:///var/run/docker.sock").name == name


@pytest.mark.parametrize(
    "host, cli",
    [
        ("unix:///run/podman/podman.sock", "podman --url unix:///run/podman/podman.sock"),
        ("http://127.0.0.1:2375", "podman --url tcp://127.0.0.1:2375"),
        ("unix:///tmp/a podman.sock", "podman --url 'unix:///tmp/a podman.sock'"),
    ],
)
def test_the_command_reaches_the_same_engine(host: str, cli: str) -> None:
    """A bare `podman` would look into the storage of this user."""
    assert product.podman(host).cli == cli


def test_texts_are_filled() -> None:
    """Other braces, such as those of a Go template, stay."""
    own = product.podman("unix:///p.sock")

    assert DOCKER.fill("{name}: {cli} x {{.y}}") == "Docker: docker x {{.y}}"
    assert DOCKER.fill("{memory}") == "docker info --format '{{.MemTotal}}'"
    assert own.fill("{memory}") == (
        "podman --url unix:///p.sock info --format '{{.Host.MemTotal}}'"
    )


@needs_sockets
def test_sockets_that_exist_are_found_in_order(
    nothing_installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The user's own, the system's, a machine's; a plain file is no socket."""
    monkeypatch.setenv("HOME", str(tmp_path))
    machine = tmp_path / ".local/share/containers/podman/machine/podman.sock"
    temporary = tmp_path / "temporary/podman/podman-machine-default-api.sock"
    wanted = [nothing_installed / "podman/podman.sock", product.SYSTEM, temporary, machine]
    assert product.podman_sockets(os.environ) == []

    with contextlib.ExitStack() as listeners:
        for place in wanted:
            place.parent.mkdir(parents=True, exist_ok=True)
            # The full path may be too long for a socket.
            monkeypatch.chdir(place.parent)
            listeners.enter_context(socket.socket(socket.AF_UNIX)).bind(place.name)
        found = product.podman_sockets(os.environ)

    assert found == [f"unix://{place}" for place in wanted]

    wanted[0].unlink()
    wanted[0].touch()
    assert product.podman_sockets(os.environ) == [f"unix://{place}" for place in wanted[1:]]


USER = "unix:///run/user/1000/podman/podman.sock"


@pytest.mark.parametrize(
    "host, user, systemd, platform, command",
    [
        ("", 1000, True, "linux", "systemctl --user start podman.socket"),
        (USER, 1000, True, "linux", "systemctl --user start podman.socket"),
        ("{system}", 1000, True, "linux", "sudo systemctl start podman.socket"),
        ("", 0, True, "linux", "systemctl start podman.socket"),
        ("", 1000, False, "linux", f"podman system service --time=0 {USER} &"),
        (
            "unix:///tmp/podman.sock",
            1000,
            True,
            "linux",
            "podman system service --time=0 unix:///tmp/podman.sock &",
        ),
        ("unix:///var/run/docker.sock", 1000, True, "linux", "systemctl --user start podman.socket"),
        ("", 1000, False, "darwin", "podman machine start"),
        ("unix:///tmp/podman.sock", 1000, False, "win32", "podman machine start"),
    ],
)  # fmt: skip
def test_the_command_that_starts_podman(
    *,
    host: str,
    user: int,
    systemd: bool,
    platform: str,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """It fits the system, the user, and the address that is wanted."""
    monkeypatch.setattr(os, "getuid", lambda: user, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(product, "SYSTEMD", tmp_path if systemd else tmp_path / "none")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")

    found = product.start_command(host.replace("{system}", f"unix://{product.SYSTEM}"), os.environ)

    assert found.rpartition(" && ")[2] == command
