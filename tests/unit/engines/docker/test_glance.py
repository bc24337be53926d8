"""A look at a container without the SDK: only a clear answer counts."""

from __future__ import annotations

import copy
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines.base import EngineRecord
from osem_tasks.engines.docker import glance
from osem_tasks.waiting.policy import using
from tests.support.docker_daemon import CONTAINER, DRIP, docker_daemon
from tests.support.patience import SHORT

if TYPE_CHECKING:
    from pathlib import Path

PORT = {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8123"}]}
RECORD = EngineRecord(
    engine="docker",
    name="osem-fault",
    endpoint="http://127.0.0.1:8123",
    started_at="2026-01-01T00:00:00+00:00",
    used_at=0.0,
    container=CONTAINER["Id"][:12],
)


def container(status: str = "running", **changes: Any) -> dict[str, Any]:
    """What Docker says about the container."""
    found = copy.deepcopy(CONTAINER)
    found["State"]["Status"] = status
    found["NetworkSettings"]["Ports"] = PORT
    return {**found, **changes}


@pytest.mark.parametrize(
    "status, body, seen",
    [
        pytest.param(200, container(), True, id="running"),
        pytest.param(200, container("exited"), False, id="ended"),
        pytest.param(200, container("paused"), False, id="paused"),
        pytest.param(200, container(Id="beef" * 16), False, id="another"),
        pytest.param(404, {"message": "No such container"}, False, id="gone"),
        pytest.param(500, {"message": "broken"}, False, id="broken"),
        pytest.param(200, {}, False, id="empty"),
        pytest.param(200, [], False, id="a-list"),
        pytest.param(200, None, False, id="null"),
        pytest.param(200, b"SSH-2.0-OpenSSH\r\n", False, id="no-http"),
        pytest.param(200, b"HTTP/1.1 200 OK\r\n\r\n{", False, id="cut"),
        pytest.param(0, None, False, id="silent"),
        pytest.param(DRIP, b"HTTP/1.1 200 OK\r\n\r\n{", False, id="one-byte-a-moment"),
    ],
)
def test_only_a_clear_answer_counts(tmp_path: Path, status: int, body: Any, *, seen: bool) -> None:
    """The container itself, running; every other answer leaves the question to the SDK."""
    routes = {"GET /containers/c0ffee.*/json": (status, body)}
    with using(SHORT), docker_daemon(routes, at=tmp_path / "d.sock") as path:
        found = glance.running(replace(RECORD, docker_host=f"unix://{path}"))

    assert (found is not None) is seen
    assert found is None or (found.port, found.name) == (8123, "osem-fault")


@pytest.mark.parametrize(
    "host", [None, "", "tcp://127.0.0.1:2375", "npipe:////./pipe/docker_engine", "unix:///gone"]
)
def test_another_kind_of_address_is_left_to_the_sdk(host: str | None) -> None:
    """Only a Unix socket is looked at; one that is gone says nothing."""
    assert glance.running(replace(RECORD, docker_host=host)) is None


def test_a_record_without_a_container_is_left_to_the_sdk(tmp_path: Path) -> None:
    """A name alone may belong to another container by now."""
    requests: list[str] = []
    with docker_daemon({}, requests, at=tmp_path / "d.sock") as path:
        found = glance.running(replace(RECORD, docker_host=f"unix://{path}", container=None))

    assert (found, requests) == (None, [])


@pytest.mark.process
def test_a_running_container_needs_no_sdk(tmp_path: Path) -> None:
    """The engine itself answers yes with one request, and loads neither docker nor requests."""
    code = (
        "import sys, dataclasses; from tests.unit.engines.docker.test_glance import RECORD; "
        "from osem_tasks.engines.docker.engine import DockerEngine; "
        "record = dataclasses.replace(RECORD, docker_host='unix://' + sys.argv[1]); "
        "before = set(sys.modules); print(DockerEngine().is_running(record), "
        "sorted({'docker', 'requests'} & (set(sys.modules) - before)))"
    )
    routes = {"GET /containers/c0ffee.*/json": (200, container())}
    requests: list[str] = []
    with docker_daemon(routes, requests, at=tmp_path / "d.sock") as path:
        done = subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
        )

    assert (done.stdout, len(requests)) == ("True []\n", 1)
