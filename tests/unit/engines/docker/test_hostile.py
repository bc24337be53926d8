"""A Docker that is broken or lies, and containers that only look like ours."""

from __future__ import annotations

import gc
import json
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from osem_tasks.engines import manager, presence, records
from osem_tasks.engines.base import (
    EngineFailureError,
    EngineRecord,
    EngineRequest,
    EngineState,
    Intent,
)
from osem_tasks.engines.docker import client
from osem_tasks.engines.docker.container import LABEL, LABEL_ATTEMPT
from osem_tasks.engines.docker.engine import DockerEngine
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.policy import Policy, using
from tests.support.docker_daemon import CONTAINER, DRIP, Routes, docker_daemon
from tests.support.fake_engines import fake_dynamodb

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

NAME = "osem-fault"
IMAGE = "amazon/dynamodb-local:3.3.1"
LIST = "GET .*/containers/json"
INSPECT = "GET .*/containers/c0ffee.*/json"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
RUBBISH = {
    "no HTTP": (1, b"SSH-2.0-OpenSSH_9.2\r\n"),
    "nothing": (1, b""),
    "half a status line": (1, b"HTTP/1.1 2"),
    "half an answer": (1, OK + b"{"),
    "a byte at a time": (DRIP, OK),
    "endless headers": (1, b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500),
    "no JSON": (200, "<html>"),
    "a list": (200, []),
    "null": (200, None),
    "a number": (200, 5),
    "a version of another kind": (200, {"ApiVersion": ["1.41"]}),
    "a version that is none": (200, {"ApiVersion": "new"}),
    "an old version": (200, {"ApiVersion": "1.1"}),
    "nothing of the kind": (200, {}),
}


def request(**facts: Any) -> EngineRequest:
    """A request of engine `osem-fault`."""
    defaults: dict[str, Any] = {"default_port": 0, "default_image": IMAGE, "timeout": 0.05}
    return EngineRequest(name=NAME, **{**defaults, **facts})


@pytest.mark.parametrize("answer", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_is_no_docker_engine(
    answer: tuple[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever answers /version: an error in words that names the endpoint and a remedy."""
    with docker_daemon({"GET /version": answer}) as host, using(Policy(docker_call=0.3)):
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        with pytest.raises(OsemError) as caught:
            client.connect()

    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert host in caught.value.message
    assert "Docker" in caught.value.remediation


@pytest.mark.parametrize("answer", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize(
    "step",
    [LIST, "POST .*/containers/create", "GET .*/images/.*/json", INSPECT, "POST .*/images/create"],
)
def test_rubbish_in_the_middle_is_an_error_in_words(
    step: str, answer: tuple[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In any step of a start: an OsemError, never one of the SDK's own."""
    routes: Routes = {step: answer, f"GET .*/containers/{NAME}/json": (404, {"message": "none"})}
    if "images/create" in step:
        routes["GET .*/images/.*/json"] = (404, {"message": "none"})
    quick = Policy(docker_call=0.2, docker_stream=0.2, container_start=0.1)
    with docker_daemon(routes) as host, using(quick):
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        with pytest.raises(OsemError) as caught:
            DockerEngine().up(request(), lambda _: None)

    assert caught.value.code is not ErrorCode.UNKNOWN_ERROR
    assert caught.value.remediation


@pytest.mark.parametrize(
    "host",
    [
        "tcp://127.0.0.1:99999",
        "127.0.0.1",
        "tcp://",
        "tcp://[::1",
        "nonsense://x:1",
        "unix://",
        "x y",
    ],
)
def test_an_address_that_is_none(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, and the remedy says where it can be corrected."""
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(OsemError) as caught:
        client.connect()

    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert host in caught.value.message
    assert "DOCKER_HOST" in caught.value.remediation


STRANGE = {
    "a list": "[]",
    "a number": "5",
    "null": "null",
    "half": "{",
    "auths": '{"auths": 5}',
    "an auth": '{"auths": {"x": 5}}',
    "proxies": '{"proxies": []}',
    "deep": "[" * 9999,
    "a context that is gone": '{"currentContext": "gone"}',
    "a context that is none": '{"currentContext": 5}',
    "headers": '{"HttpHeaders": 5}',
}


def attempt_to_connect() -> ErrorCode | None:
    """The code with which a connection fails; None when there is one."""
    try:
        client.connect()[0].close()
    except OsemError as error:
        return error.code
    return None


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("by_variable", [True, False])
def test_a_strange_configuration_of_docker_is_survived(
    text: str, by_variable: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Either it does no harm, or it is an error in words."""
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with docker_daemon({}) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}" if by_variable else "")

        assert attempt_to_connect() in (None, ErrorCode.ENGINE_UNAVAILABLE)


def test_a_password_in_the_address_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the message nor in the details."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://me:hunter2@127.0.0.1:9")
    with pytest.raises(OsemError) as caught:
        client.connect()

    assert "hunter2" not in json.dumps(caught.value.as_json())


def test_a_failed_connection_leaves_no_socket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The SDK forgets the socket that could not connect; Python would warn of it."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(EngineFailureError):
            client.connect()
        gc.collect()

    assert [str(warning.message) for warning in seen if "socket" in str(warning.message)] == []


def test_auto_takes_another_kind_where_docker_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Docker that answers at first and not in the middle is as good as none."""
    with docker_daemon({"POST .*/containers/create": (1, b"")}) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        result = manager.bring_up(request(timeout=60), lambda _: None)
    manager.take_down(NAME)

    assert (result.record.engine, result.fallback) == ("moto", True)
    assert host in result.reason


def container(labels: dict[str, str], status: str = "running", **facts: Any) -> dict[str, Any]:
    """A container of our engine's name as the daemon shows it."""
    return {
        **CONTAINER,
        "Image": "sha256:1",
        "State": {"Status": status, "StartedAt": "2026-01-01T00:00:00.5Z"},
        "Config": {"Image": IMAGE, "Labels": labels, "Tty": False},
        "NetworkSettings": {"Ports": {"8000/tcp": [{"HostPort": "8123"}]}},
        **facts,
    }


def recorded(**facts: Any) -> EngineRecord:
    """The saved record of our engine."""
    defaults: dict[str, Any] = {"engine": "docker", "endpoint": "http://127.0.0.1:8123"}
    return records.save(
        EngineRecord(name=NAME, started_at="yesterday", used_at=0.0, **{**defaults, **facts})
    )


INHERITED = {"Id": "sha256:1", "Config": {"Labels": {LABEL: NAME, LABEL_ATTEMPT: "aa"}}}
PLAIN = {"Id": "sha256:1", "Config": {"Labels": None}}
OWN = {LABEL: NAME, LABEL_ATTEMPT: "aa"}


@pytest.mark.parametrize(
    "image, container_id, attempt, labels, ours",
    [
        pytest.param(PLAIN, None, None, OWN, True, id="label-and-name"),
        pytest.param(PLAIN, None, None, {LABEL: NAME}, True, id="of-an-earlier-version"),
        pytest.param(INHERITED, None, None, OWN, False, id="from-an-image-committed-from-ours"),
        pytest.param(INHERITED, CONTAINER["Id"][:12], None, OWN, True, id="the-recorded-one"),
        pytest.param(PLAIN, "deadbeef", None, OWN, False, id="another-one-is-recorded"),
        pytest.param(PLAIN, "deadbeef", "aa", OWN, True, id="of-a-start-that-was-killed"),
        pytest.param(PLAIN, None, None, {LABEL: "another"}, False, id="of-another-engine"),
        pytest.param(PLAIN, None, None, {}, False, id="without-label"),
    ],
)
def test_only_our_very_container_is_removed(  # noqa: PLR0917  the columns of a table
    monkeypatch: pytest.MonkeyPatch,
    image: dict[str, Any],
    container_id: str | None,
    attempt: str | None,
    labels: dict[str, str],
    ours: bool,
) -> None:
    """The recorded id and the name decide; a label finds, and an image may pass it on."""
    if container_id:
        recorded(container=container_id)
    if attempt:
        intent = Intent(engine="docker", name=NAME, started_at="now", attempt="aaaaaa")
        records.begin(intent)
        labels = {**labels, LABEL_ATTEMPT: "aaaaaa"}
    requests: list[str] = []
    routes: Routes = {
        LIST: (200, [{"Id": CONTAINER["Id"]}]),
        INSPECT: (200, container(labels)),
        f"GET .*/containers/{NAME}/json": (200, container(labels)),
        "GET .*/images/.*/json": (200, image),
        "POST .*/containers/.*/stop": (204, ""),
    }
    with docker_daemon(routes, requests) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        removed = DockerEngine().down(NAME, drop_data=False)

    assert bool(removed) is ours
    assert any(line.startswith("DELETE") for line in requests) is ours


@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "volumes"])
def test_a_volume_that_others_use_keeps_everything(
    monkeypatch: pytest.MonkeyPatch, fresh: bool
) -> None:
    """The other container is named, and nothing is half-removed."""
    other = {**container({}), "Id": "badc0de" * 8, "Name": "/theirs"}
    requests: list[str] = []
    routes: Routes = {
        LIST: (200, [{"Id": CONTAINER["Id"]}, {"Id": other["Id"]}]),
        INSPECT: (200, container(OWN)),
        "GET .*/containers/badc0de.*/json": (200, other),
        "GET .*/images/.*/json": (200, PLAIN),
        f"GET .*/volumes/{NAME}-data": (200, {"Name": f"{NAME}-data", "Labels": {LABEL: NAME}}),
    }
    with docker_daemon(routes, requests) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        remove: Callable[[], object] = (
            (lambda: DockerEngine().up(request(fresh=True), lambda _: None))
            if fresh
            else (lambda: DockerEngine().down(NAME, drop_data=True))
        )
        with pytest.raises(OsemError, match="in use by theirs") as caught:
            remove()

    assert [line for line in requests if line.startswith(("DELETE", "POST"))] == []
    assert f"--name {NAME}" in caught.value.remediation


def test_an_exposed_container_is_used_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other machines reach it: that is said, with the command that replaces it."""
    with fake_dynamodb() as endpoint:
        port = str(urlsplit(endpoint).port)
        ports = {"Ports": {"8000/tcp": [{"HostIp": "0.0.0.0", "HostPort": port}]}}
        found = container(OWN, NetworkSettings=ports)
        routes: Routes = {
            LIST: (200, [{"Id": CONTAINER["Id"]}]),
            INSPECT: (200, found),
            "GET .*/images/.*/json": (200, PLAIN),
        }
        with docker_daemon(routes) as host:
            monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
            result = DockerEngine().up(request(timeout=5), lambda _: None)

    assert "other machines can reach it" in result.note
    assert "inv local.down" in result.note


@pytest.mark.parametrize(
    "status, endpoint, expected",
    [
        ("running", "http://127.0.0.1:8123", True),
        ("running", "http://127.0.0.1:9999", False),
        ("exited", "http://127.0.0.1:8123", False),
        (None, "http://127.0.0.1:8123", False),
    ],
)
def test_a_record_is_checked_against_its_container(
    monkeypatch: pytest.MonkeyPatch, status: str | None, endpoint: str, expected: bool
) -> None:
    """The container of that id runs and publishes that port, or the engine is not there.

    The Docker engine of the record is asked, whatever DOCKER_HOST says now.
    """
    answer = (200, container(OWN, status)) if status else (404, {"message": "none"})
    with docker_daemon({INSPECT: answer}) as host:
        found = recorded(
            container=CONTAINER["Id"][:12], endpoint=endpoint, docker_host=f"http://{host}"
        )
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")

        assert DockerEngine().is_running(found) is expected


@pytest.mark.parametrize(
    "state, why",
    [
        ({"ExitCode": 137, "OOMKilled": True}, "ended (exited, code 137): Docker had no memory"),
        ({"ExitCode": 137}, "ended (exited, code 137): it was killed, most often because memory"),
        ({"ExitCode": 143}, "ended (exited, code 143)."),
        ({}, "ended (exited)."),
    ],
)
def test_how_a_recorded_container_ended_is_told(
    monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], why: str
) -> None:
    """By status and by a task that needs the engine: not only that nothing answers."""
    attributes = container(OWN, "exited")
    attributes["State"] |= state
    with docker_daemon({INSPECT: (200, attributes)}) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        found = recorded(container=CONTAINER["Id"][:12], endpoint="http://127.0.0.1:9")
        status, cause = presence.state_of(found)
        with pytest.raises(OsemError) as caught:
            presence.refuse_stranger(found)

    assert status is EngineState.SILENT
    assert cause.startswith(f"Its container {why}")
    assert f"nothing answers there. Its container {why}" in caught.value.message
