"""What the doctor says about Docker, on an engine that answers by a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines.docker.engine import DockerEngine
from osem_tasks.errors import OsemError
from osem_tasks.findings import Finding, Status
from osem_tasks.waiting.policy import Policy, using
from tests.support.docker_daemon import CONTAINER, Routes, docker_daemon
from tests.support.situations import REQUEST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

IMAGE = "GET .*/images/.*/json"
INFO = "GET .*/info"
LIST = "GET .*/containers/json"
ONE = "GET .*/containers/osem-fault/json"
INSPECT = "GET .*/containers/c0ffee.*/json"
LABEL = "io.osem-tasks.engine"
VERSION = {"ApiVersion": "1.41", "MinAPIVersion": "1.24", "Version": "20.10"}
NOW = datetime.now(timezone.utc)


def ours(name: str = "osem-fault", status: str = "exited") -> dict[str, Any]:
    """A container with our label."""
    state = {**CONTAINER["State"], "Status": status}
    config = {**CONTAINER["Config"], "Labels": {LABEL: name}}
    return {**CONTAINER, "Name": f"/{name}", "State": state, "Config": config}


def listed(name: str, status: str = "running") -> dict[str, Any]:
    """A container in Docker's list, with our label."""
    return {"Id": "c0ffee" * 8, "Names": [f"/{name}"], "Labels": {LABEL: name}, "State": status}


def found(
    monkeypatch: pytest.MonkeyPatch, routes: Mapping[str, tuple[int, Any]], **request: Any
) -> dict[str, Finding]:
    """The findings, by name."""
    with docker_daemon({INFO: (200, {}), **routes}) as place:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{place}")
        asked = replace(REQUEST, **{"name": "osem-fault", "default_port": 8000, **request})
        return {finding.name: finding for finding in DockerEngine().findings(asked)}


def test_the_engine_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose it is, its version, its API, its address and what named that."""
    finding = found(monkeypatch, {})["docker"]

    assert finding.status is Status.OK
    assert finding.message.startswith("Docker 20.10, API 1.41 at http://127.0.0.1:")
    assert finding.message.endswith("(DOCKER_HOST)")


@pytest.mark.parametrize(
    "variables, settings, words",
    [
        ({}, "", "(context default)"),
        ({"DOCKER_CONTEXT": "default"}, "", "(context default, DOCKER_CONTEXT)"),
        ({}, '{"currentContext": "default"}', "(context default)"),
    ],
    ids=str,
)
def test_what_named_the_engine(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: dict[str, str],
    settings: str,
    words: str,
) -> None:
    """A context of a variable or of a file, where no DOCKER_HOST names an engine."""
    if settings:
        (tmp_path / "config.json").write_text(settings, encoding="utf-8")
    with docker_daemon({INFO: (200, {})}) as place:
        monkeypatch.setattr("osem_tasks.engines.docker.address.DEFAULT", f"tcp://{place}")
        for name, value in {"DOCKER_CONFIG": str(tmp_path), **variables}.items():
            monkeypatch.setenv(name, value)
        first = next(DockerEngine().findings(REQUEST))

    assert words in first.message


def test_podman_is_told_from_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of its component; the commands are Podman's."""
    answer = {**VERSION, "Components": [{"Name": "Podman Engine"}], "Version": "4.3.1"}
    missing = (404, {"message": "no such image"})
    findings = found(monkeypatch, {"GET /version": (200, answer), IMAGE: missing}, image="mine:1")

    assert findings["docker"].message.startswith("Podman 4.3.1, API 1.41 at http://127.0.0.1:")
    assert findings["docker image"].remediation.startswith("podman --url tcp://127.0.0.1:")
    assert findings["docker image"].remediation.endswith(" pull mine:1")


@pytest.mark.parametrize(
    "routes, words",
    [
        ({"GET /version": (0, "")}, "it does not answer in time"),
        ({"GET /version": (500, {"message": "broken"})}, "it fails itself"),
        ({"GET /version": (200, [])}, "no Docker engine"),
        ({INFO: (200, b"nonsense")}, "no Docker engine"),
        ({INFO: (403, {"message": "not you"})}, "not you"),
        ({LIST: (500, {"message": "no space left on device"})}, "no space left"),
    ],
    ids=str,
)
def test_an_engine_that_fails_is_an_error_in_words(
    monkeypatch: pytest.MonkeyPatch, routes: Routes, words: str
) -> None:
    """As of the tasks, with its remedy; nothing hangs."""
    with using(Policy(docker_call=0.3)), pytest.raises(OsemError) as caught:
        found(monkeypatch, routes)

    assert words in caught.value.message
    assert caught.value.remediation


@pytest.mark.parametrize(
    "answer, status, words, remedy",
    [
        ((200, {"Id": "sha256:1"}), Status.OK, "is here", ""),
        ((200, {"Id": "sha256:1", "Created": "never"}), Status.OK, "is here", ""),
        (
            (404, {"message": "No such image"}),
            Status.WARNING,
            "mine:1 is not here: local.up pulls it",
            "docker pull mine:1",
        ),
    ],
    ids=str,
)
def test_whether_the_image_is_here(
    monkeypatch: pytest.MonkeyPatch,
    answer: tuple[int, Any],
    status: Status,
    words: str,
    remedy: str,
) -> None:
    """And how old it is; what is absent is pulled by local.up, and not by the doctor."""
    finding = found(monkeypatch, {IMAGE: answer}, image="mine:1")["docker image"]

    assert (finding.status, words in finding.message) == (status, True)
    assert finding.remediation == remedy


@pytest.mark.parametrize(
    "container, request_of, status, words",
    [
        (ours(), {}, Status.OK, "osem-fault (exited): start"),
        (ours(), {"fresh": True}, Status.OK, "osem-fault (exited): recreate"),
        (ours(status="running"), {"port": 9}, Status.FAILED, "port 8123 (requested 9)"),
        ({**CONTAINER}, {}, Status.FAILED, "was not created by osem_tasks"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("state_directory")
def test_the_container_of_our_name(
    monkeypatch: pytest.MonkeyPatch,
    container: dict[str, Any],
    request_of: dict[str, Any],
    status: Status,
    words: str,
) -> None:
    """What local.up would do with it; one that is not ours stops it."""
    routes = {ONE: (200, container), INSPECT: (200, container)}
    finding = found(monkeypatch, routes, **request_of)["docker container"]

    assert (finding.status, words in finding.message) == (status, True)
    assert bool(finding.remediation) == (status is Status.FAILED)


@pytest.mark.usefixtures("state_directory")
def test_containers_that_no_record_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed run left them, or another state directory has them: a fact, with the commands."""
    containers = {
        f"GET .*/containers/{letter * 64}/json": (
            200,
            {**ours(f"left-{letter}"), "Id": letter * 64},
        )
        for letter in "abcd"
    }
    rows = [{**listed(f"left-{letter}"), "Id": letter * 64} for letter in "abcd"]

    finding = found(monkeypatch, {LIST: (200, rows), **containers})["docker leftovers"]

    assert finding.status is Status.INFO
    assert "our left-a, left-b, left-c and 1 more:" in finding.message
    assert finding.remediation.endswith("local.down --name left-c   if nothing uses it")
    assert finding.remediation.count("local.down --name left-") == 3


@pytest.mark.parametrize(
    "info, name, status, words",
    [
        ({"DockerRootDir": "/"}, "docker disk", Status.OK, "GB are free at /"),
        ({"MemTotal": 2 * 10**8}, "docker memory", Status.WARNING, "0.2 GB in all"),
    ],
    ids=str,
)
def test_the_machine_of_docker(
    monkeypatch: pytest.MonkeyPatch, info: dict[str, Any], name: str, status: Status, words: str
) -> None:
    """Its disk where it is this machine's, and its memory."""
    finding = found(monkeypatch, {INFO: (200, info)})[name]

    assert (finding.status, words in finding.message) == (status, True)


@pytest.mark.parametrize(
    "hours, ending, words",
    [(-2, ".123456789Z", "s behind this machine's"), (2, "Z", "s ahead of this machine's")],
)
def test_the_clock_of_docker(
    monkeypatch: pytest.MonkeyPatch, hours: int, ending: str, words: str
) -> None:
    """A machine of Docker's that slept shows another time."""
    there = f"{NOW + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}{ending}"
    finding = found(monkeypatch, {INFO: (200, {"SystemTime": there})})["docker clock"]

    assert (finding.status, words in finding.message) == (Status.WARNING, True)


def test_the_age_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """In days, from the time at which it was built."""
    built = f"{NOW - timedelta(days=40):%Y-%m-%dT%H:%M:%S}.1Z"
    finding = found(monkeypatch, {IMAGE: (200, {"Id": "sha256:1", "Created": built})})

    assert "(40 days ago)" in finding["docker image"].message


def test_nothing_is_asked_of_docker_that_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only GET."""
    asked: list[str] = []
    with docker_daemon({INFO: (200, {}), LIST: (200, [])}, asked) as place:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{place}")
        list(DockerEngine().findings(REQUEST))

    assert {request.partition(" ")[0] for request in asked} == {"GET"}


@pytest.fixture
def state_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory that exists."""
    path = tmp_path / "state"
    path.mkdir(mode=0o700)
    monkeypatch.setenv("OSEM_STATE_DIR", str(path))
    return path
