"""Where a container is reached: at its port, in its network, at its host, or not at all."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import host, records
from osem_tasks.engines.base import EngineRequest
from osem_tasks.engines.docker import reach
from osem_tasks.engines.docker.container import LABEL, Snapshot
from osem_tasks.engines.docker.engine import DockerEngine
from tests.support.docker_daemon import CONTAINER, Routes, docker_daemon
from tests.support.fake_engines import FakeDynamoDB

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

NAME = "osem-fault"
# An address of this machine that stands for a container's own.
OWN = "127.77.41.2"


def found(port: int = 8123, *addresses: str) -> Snapshot:
    """A running container that publishes this port and has these addresses."""
    facts: dict[str, Any] = {"labels": {}, "addresses": addresses}
    return Snapshot(id="c0ffee", name=NAME, status="running", image="x", port=port, **facts)


@contextlib.contextmanager
def daemon_of(port: int, address: str) -> Iterator[str]:
    """A Docker engine with our container; its host and port."""
    attributes = {
        **CONTAINER,
        "State": {"Status": "running", "StartedAt": "2026-01-01T00:00:00Z"},
        "Config": {"Image": "x:1", "Labels": {LABEL: NAME}, "Tty": False},
        "NetworkSettings": {
            "Ports": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]},
            "Networks": {"bridge": {"IPAddress": address}, "none": None},
        },
    }
    routes: Routes = {
        "GET .*/containers/json": (200, [{"Id": CONTAINER["Id"]}]),
        "GET .*/containers/c0ffee.*/json": (200, attributes),
    }
    with docker_daemon(routes) as at:
        yield at


def test_a_container_is_reached_at_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its published port is not this machine's; the record and a note say so."""
    request = EngineRequest(name=NAME, default_port=0, default_image="x:1", timeout=30)
    server = FakeDynamoDB(place=(OWN, 8000))
    with daemon_of(host.free_port(), OWN) as at:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{at}")
        result = DockerEngine().up(request, lambda _: None)
        runs = DockerEngine().is_running(result.record)
    server.close()

    assert result.record.endpoint == f"http://{OWN}:8000"
    assert (records.load(NAME), runs) == (result.record, True)
    assert f"the engine is reached at http://{OWN}:8000" in result.note


def test_the_published_port_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both answer on an ordinary machine: the address that other tools know is recorded."""
    request = EngineRequest(name=NAME, default_port=0, default_image="x:1", timeout=30)
    inner, published = FakeDynamoDB(place=(OWN, 8000)), FakeDynamoDB()
    with daemon_of(int(published.endpoint.rpartition(":")[2]), OWN) as at:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{at}")
        result = DockerEngine().up(request, lambda _: None)
    inner.close()
    published.close()

    assert (result.record.endpoint, result.note) == (published.endpoint, "")


@pytest.mark.parametrize(
    "endpoint, expected",
    [
        ("http://127.0.0.1:8123", True),
        ("http://host.docker.internal:8123", True),
        ("http://172.17.0.1:8123", True),
        ("http://172.17.0.5:8000", True),
        ("http://172.17.0.5:8123", False),
        ("http://172.17.0.9:8000", False),
        ("http://127.0.0.1:8000", False),
    ],
)
def test_a_recorded_endpoint_is_the_containers(endpoint: str, expected: bool) -> None:
    """The published port of its host, or its own port at its own address."""
    assert reach.leads_to(endpoint, found(8123, "172.17.0.5")) is expected


def test_what_was_tried_is_told_in_a_container_only(tmp_path: Path) -> None:
    """Each address, why none works, and the command that lets the container be reached."""
    mark = tmp_path / ".dockerenv"
    closed = found(host.free_port(), "172.17.0.5")
    outside = reach.unreachable(closed, [mark])
    mark.touch()
    inside = reach.unreachable(closed, [mark])

    assert outside == ""
    assert f"http://127.0.0.1:{closed.port}, http://172.17.0.5:8000" in inside
    assert "runs in a container" in inside
    assert 'docker network connect bridge "$(hostname)"' in inside


def test_an_engine_of_this_machine_is_no_dev_containers(tmp_path: Path) -> None:
    """A Docker engine inside of a container listens at the published port itself."""
    mark = tmp_path / ".dockerenv"
    mark.touch()
    server = FakeDynamoDB()
    port = int(server.endpoint.rpartition(":")[2])

    assert reach.unreachable(found(port), [mark]) == ""
    server.close()
