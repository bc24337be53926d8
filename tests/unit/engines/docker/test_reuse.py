"""A running container is reused without the SDK, with the same result as by it."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import host, presence, records
from osem_tasks.engines.base import EngineRecord, EngineRequest, Intent
from osem_tasks.engines.docker import glance, reuse
from osem_tasks.engines.docker.container import LABEL
from osem_tasks.engines.docker.engine import DockerEngine
from tests.support.docker_daemon import CONTAINER, SOUND, Routes, docker_daemon
from tests.support.fake_engines import FakeDynamoDB
from tests.support.loaded import loaded, ours

if TYPE_CHECKING:
    from collections.abc import Iterator

# Servers of their own.
pytestmark = pytest.mark.slow

NAME = "osem-fault"
REQUEST = EngineRequest(name=NAME, default_port=0, default_image="x:1", timeout=30)
LINUX = {**SOUND["GET /version"][1], "Os": "linux"}


@contextlib.contextmanager
def daemon(
    endpoint: str, version: dict[str, Any], requests: list[str], **changes: Any
) -> Iterator[str]:
    """A Docker engine with our running container, which publishes the port of ``endpoint``."""
    ports = {"HostIp": "127.0.0.1", "HostPort": endpoint.rpartition(":")[2]}
    attributes = {
        **CONTAINER,
        "State": {"Status": "running", "StartedAt": "2026-01-02T03:04:05.678Z"},
        "Config": {"Image": "x:1", "Labels": {LABEL: NAME}, "Tty": False},
        "NetworkSettings": {"Ports": {"8000/tcp": [ports]}, "Networks": {}},
        **changes,
    }
    routes: Routes = {
        "GET /version": (200, version),
        "GET .*/containers/json": (200, [{"Id": CONTAINER["Id"]}]),
        "GET .*/containers/(c0ffee|osem).*/json": (200, attributes),
    }
    # A short path: that of a Unix socket has a limit.
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as folder,
        docker_daemon(routes, requests, at=Path(folder) / "d.sock") as path,
    ):
        yield f"unix://{path}"


@pytest.fixture
def server() -> Iterator[str]:
    """The endpoint of a DynamoDB Local."""
    running = FakeDynamoDB()
    yield running.endpoint
    running.close()


def recorded(endpoint: str, docker: str, **changes: Any) -> EngineRecord:
    """Save the record of the container, as an earlier start has left it."""
    record = EngineRecord(
        engine="docker",
        name=NAME,
        endpoint=endpoint,
        started_at="2026-01-01T00:00:00+00:00",
        used_at=0.0,
        image="x:1",
        container=CONTAINER["Id"][:12],
        docker_host=docker,
    )
    return records.save(replace(record, **changes))


def test_the_result_is_that_of_the_sdk(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    """The same record and the same words; one request, and none that lists containers."""
    requests: list[str] = []
    results = []
    for version in (LINUX, SOUND["GET /version"][1]):
        with daemon(server, version, requests) as docker:
            monkeypatch.setenv("DOCKER_HOST", docker)
            recorded(server, docker)
            if version is LINUX:
                assert reuse.reused(REQUEST, "docker") is not None
                assert [request.rpartition("/")[2] for request in requests] == ["json"]
            result = DockerEngine().up(REQUEST, lambda _: None)
            results.append(replace(result.record, used_at=0.0, docker_host=""))

    assert results[0] == results[1]
    assert results[0].started_at == "2026-01-02T03:04:05+00:00"
    assert (result.how, result.note) == ("reused", "")


@pytest.mark.parametrize(
    "request_, record, attributes",
    [
        pytest.param({"fresh": True}, {}, {}, id="fresh"),
        pytest.param({"port": 1}, {}, {}, id="another-port"),
        pytest.param({"image": "y:2"}, {}, {}, id="another-image"),
        pytest.param({"persist": True}, {}, {}, id="to-persist"),
        pytest.param({"shared": False}, {}, {}, id="isolated"),
        pytest.param({}, {"engine": "java"}, {}, id="another-kind"),
        pytest.param({}, {"docker_host": "unix:///other.sock"}, {}, id="another-docker"),
        pytest.param({}, {"container": "beefbeefbeef"}, {}, id="another-container"),
        pytest.param({}, {"container": None}, {}, id="no-container"),
        pytest.param({}, {}, {"State": {"Status": "paused"}}, id="paused"),
        pytest.param({}, {}, {"Name": "/renamed"}, id="renamed"),
        pytest.param({}, {}, {"Config": {"Image": "x:1", "Labels": {}}}, id="not-ours"),
        pytest.param(
            {},
            {},
            {"NetworkSettings": {"Ports": {"8000/tcp": [{"HostIp": "0.0.0.0", "HostPort": "1"}]}}},
            id="exposed",
        ),
        pytest.param(
            {},
            {},
            {"NetworkSettings": {"Ports": {"8000/tcp": [{"HostPort": str(host.free_port())}]}}},
            id="does-not-answer",
        ),
    ],
)
def test_what_a_user_has_to_read_is_left_to_the_sdk(
    monkeypatch: pytest.MonkeyPatch,
    server: str,
    request_: dict[str, Any],
    record: dict[str, Any],
    attributes: dict[str, Any],
) -> None:
    """Another request, another container or a doubt: nothing is decided, the record stays."""
    with daemon(server, LINUX, [], **attributes) as docker:
        monkeypatch.setenv("DOCKER_HOST", docker)
        saved = recorded(server, docker, **record)

        assert reuse.reused(replace(REQUEST, **request_), "docker") is None
        assert records.load(NAME) == saved


def test_a_start_that_has_not_ended_is_left_to_the_sdk(
    monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    """A killed start may have left more than the record says."""
    with daemon(server, LINUX, []) as docker:
        monkeypatch.setenv("DOCKER_HOST", docker)
        saved = recorded(server, docker)
        records.begin(Intent(engine="docker", name=NAME, started_at=saved.started_at))

        assert reuse.reused(REQUEST, "docker") is None


@pytest.mark.parametrize("version", [{"Os": "windows"}, {}, {"Os": None}], ids=str)
def test_an_engine_that_is_not_for_linux_is_left_to_the_sdk(
    monkeypatch: pytest.MonkeyPatch, server: str, version: dict[str, Any]
) -> None:
    """Its message says what to switch."""
    with daemon(server, {**SOUND["GET /version"][1], **version}, []) as docker:
        monkeypatch.setenv("DOCKER_HOST", docker)

        assert glance.engine() is None


@pytest.mark.parametrize("engine", ["auto", "docker"])
def test_a_look_is_enough_unless_another_command_works_on_the_engine(
    monkeypatch: pytest.MonkeyPatch, server: str, engine: str
) -> None:
    """While a command holds the lock, it may just remove what the look has seen."""
    with daemon(server, LINUX, []) as docker:
        monkeypatch.setenv("DOCKER_HOST", docker)
        recorded(server, docker)
        request = replace(REQUEST, engine=engine)

        with records.locked(NAME, 5.0):
            assert presence.reused(request) is None
        found = presence.reused(request)

    assert found is not None
    assert found.how == "reused"
    assert found.reason.startswith("it has been running since") is (engine == "auto")


@pytest.mark.parametrize("changes", [{"engine": "java"}, {"fresh": True}], ids=str)
def test_a_look_is_not_enough_for_another_request(
    monkeypatch: pytest.MonkeyPatch, server: str, changes: dict[str, Any]
) -> None:
    """Another kind and an empty start are for the command that holds the lock."""
    with daemon(server, LINUX, []) as docker:
        monkeypatch.setenv("DOCKER_HOST", docker)
        recorded(server, docker)

        assert presence.reused(replace(REQUEST, **changes)) is None


@pytest.mark.process
def test_local_up_on_a_running_container_loads_no_sdk(
    monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    """The whole command: no SDK, no lock, no other process, and one request to Docker."""
    requests: list[str] = []
    with daemon(server, LINUX, requests) as docker:
        monkeypatch.setenv("DOCKER_HOST", docker)
        monkeypatch.setenv("OSEM_LOCAL_NAME", NAME)
        monkeypatch.setenv("OSEM_LOCAL_PORT", "0")
        recorded(server, docker)

        found = loaded("local.up --quiet")

    assert records.load(NAME) is not None
    assert found & {"docker", "requests", "boto3", "botocore", "filelock", "psutil"} == set()
    assert len(ours(found)) <= 91, sorted(ours(found))
    assert [request.rpartition("/")[2] for request in requests] == ["json"]
