"""The Docker engine on a daemon that answers from a table: its requests, results and errors."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from osem_tasks.engines import records, registry
from osem_tasks.engines.base import EngineRequest
from osem_tasks.engines.docker.container import LABEL
from osem_tasks.engines.docker.engine import MAX_CONFLICTS, DockerEngine
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.policy import Policy, using
from tests.support.docker_daemon import CONTAINER, Routes, docker_daemon
from tests.support.fake_engines import fake_dynamodb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.engines.base import UpResult

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

NAME = "osem-fault"
IMAGE = "amazon/dynamodb-local:3.3.1"
INSPECT = "GET .*/containers/c0ffee.*/json"
LIST = "GET .*/containers/json"
CREATE = "POST .*/containers/create"
VOLUME = "GET .*/volumes/osem-fault-data"
OURS = {"Name": f"{NAME}-data", "Labels": {LABEL: NAME}}
THEIRS = {"Name": f"{NAME}-data", "Labels": None}


def request(**facts: Any) -> EngineRequest:
    """A request of engine `osem-fault`."""
    defaults: dict[str, Any] = {"default_port": 0, "default_image": IMAGE}
    return EngineRequest(name=NAME, **{**defaults, "timeout": 0.05, **facts})


def container(status: str = "running", endpoint: str = "http://127.0.0.1:9") -> dict[str, Any]:
    """Our container as the daemon shows it."""
    ports = {"8000/tcp": [{"HostPort": str(urlsplit(endpoint).port)}]}
    return {
        **CONTAINER,
        "State": {"Status": status, "StartedAt": "2026-01-01T00:00:00.5Z"},
        "Config": {"Image": IMAGE, "Labels": {LABEL: NAME}, "Tty": False},
        "NetworkSettings": {"Ports": ports if status == "running" else {}},
    }


def found(attributes: dict[str, Any]) -> Routes:
    """The answers by which the container is found."""
    return {LIST: (200, [{"Id": CONTAINER["Id"]}]), INSPECT: (200, attributes)}


def made(attributes: dict[str, Any]) -> Routes:
    """The answers by which there is none until it is created."""
    return {
        LIST: (200, []),
        f"GET .*/containers/{NAME}/json": (404, {"message": "none"}),
        INSPECT: (200, attributes),
    }


class Daemon:
    """The daemon of one test: sets its answers, brings the engine up, counts its requests."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.requests: list[str] = []

    def up(self, routes: Routes, wanted: EngineRequest) -> UpResult:
        """What `up` gives."""
        with docker_daemon(routes, self.requests) as host:
            self._patch.setenv("DOCKER_HOST", f"tcp://{host}")
            return DockerEngine().up(wanted, lambda _: None)

    def down(self, routes: Routes, *, drop_data: bool = False) -> list[str]:
        """What `down` gives."""
        with docker_daemon(routes, self.requests) as host:
            self._patch.setenv("DOCKER_HOST", f"tcp://{host}")
            return DockerEngine().down(NAME, drop_data=drop_data)

    def count(self, pattern: str) -> int:
        """How many requests match."""
        return sum(bool(re.fullmatch(pattern, request)) for request in self.requests)


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """A Docker daemon of the test's own."""
    return Daemon(monkeypatch)


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Where DynamoDB Local answers."""
    with fake_dynamodb() as url:
        yield url


def test_a_running_container_is_reused_and_recorded(daemon: Daemon, endpoint: str) -> None:
    """Nothing is created or removed; the record is what Docker says."""
    result = daemon.up(found(container(endpoint=endpoint)), request())

    record = result.record
    assert (result.how, record.engine, record.endpoint) == ("reused", "docker", endpoint)
    assert record.started_at == "2026-01-01T00:00:00+00:00"
    assert (record.container, record.image) == (CONTAINER["Id"][:12], IMAGE)
    assert records.load(NAME) == record
    assert daemon.count("(POST|DELETE) .*") == 0


@pytest.mark.parametrize(
    "volume, note",
    [
        ((404, {"message": "none"}), ""),
        ((200, THEIRS), ""),
        ((200, OURS), f"--name {NAME} && inv local.up --name {NAME} --persist"),
    ],
)
def test_data_that_is_kept_and_not_used_is_named(
    daemon: Daemon, endpoint: str, volume: tuple[int, Any], note: str
) -> None:
    """A volume of ours that this engine does not use deserves a remark; others' do not.

    The command in the remark replaces the engine, and does not empty the volume.
    """
    result = daemon.up({**made(container(endpoint=endpoint)), VOLUME: volume}, request())

    assert (result.how, note in result.note, bool(result.note)) == ("started", True, bool(note))
    assert "--fresh" not in result.note


def test_conflicts_are_retried_a_bounded_number_of_times(daemon: Daemon) -> None:
    """Another user's command may be quicker: then its container is looked for again."""
    conflict: Routes = {CREATE: (409, {"message": "Conflict. The name is in use"})}
    with pytest.raises(OsemError, match="Conflict") as caught:
        daemon.up(conflict, request())

    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert daemon.count(CREATE) == MAX_CONFLICTS + 1


def test_another_refusal_is_not_tried_again(daemon: Daemon) -> None:
    """A full disk stays full."""
    with pytest.raises(OsemError, match="no space left"):
        daemon.up({CREATE: (500, {"message": "no space left on device"})}, request())

    assert daemon.count(CREATE) == 1


@pytest.mark.parametrize("young", [True, False])
def test_a_half_made_container_is_waited_for_and_replaced(daemon: Daemon, young: bool) -> None:
    """Another command may be working on a young one; an old one has been left behind."""
    age = timedelta(0) if young else timedelta(hours=1)
    created = datetime.now(timezone.utc) + timedelta(seconds=1) - age
    half = {**container("created"), "Created": created.isoformat()}
    routes = {**found(half), "POST .*/containers/.*/start": (500, {"message": "no"})}
    with using(Policy(container_start=0.2)), pytest.raises(OsemError, match="refused"):
        daemon.up(routes, request())

    assert (daemon.count(LIST) > 2, daemon.count("DELETE .*") > 0) == (young, True)


def test_a_container_that_ends_offers_another_engine(daemon: Daemon) -> None:
    """More time would not help; its log is shown, and what was made is removed."""
    routes = {**made(container("exited")), "GET .*/containers/c0ffee.*/logs": (200, "")}
    with pytest.raises(OsemError, match=r"ended \(exited\)") as caught:
        daemon.up(routes, request())

    others = registry.alternatives("docker", request())
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert caught.value.remediation == f"See its log above{others}"
    assert "--engine moto" in others


def test_a_new_container_that_is_slow_gets_more_time(daemon: Daemon) -> None:
    """The remedy doubles the time; nothing is said of --fresh, which would drop kept data."""
    wanted = request(timeout=0.06, port=1)
    with pytest.raises(OsemError, match=r"did not answer within 0\.06 s") as caught:
        daemon.up(made(container()), wanted)

    assert caught.value.code is ErrorCode.TIMEOUT
    longer = f"inv local.up --name {NAME} --port 1 --timeout 0.12   waits longer"
    assert caught.value.remediation.startswith(longer)
    assert "--fresh" not in caught.value.remediation


def test_a_found_container_that_does_not_answer_is_kept(daemon: Daemon) -> None:
    """It is not removed; the remedy does that, keeps its volume and says what is lost."""
    wanted = request()
    with pytest.raises(OsemError, match="did not answer") as caught:
        daemon.up(found(container()), wanted)

    again = wanted.replacing_command()
    assert caught.value.remediation == f"{again}   replaces it (data in memory is lost)"
    assert daemon.count("DELETE .*") == 0


def test_a_volume_of_others_is_never_used(daemon: Daemon) -> None:
    """--persist with a volume of that name that is not ours: refused before a container is made."""
    wanted = request(persist=True)
    with pytest.raises(OsemError, match="was not created by osem_tasks") as caught:
        daemon.up({VOLUME: (200, THEIRS)}, wanted)

    assert f"inv local.up --name {NAME}-2 --persist" in caught.value.remediation
    assert daemon.count(CREATE) == 0


@pytest.mark.parametrize(
    "attributes, volume, drop_data, removed",
    [
        pytest.param(container(), OURS, False, [f"container {NAME}"], id="ours"),
        pytest.param(
            container(), OURS, True, [f"container {NAME}", f"volume {NAME}-data"], id="and-volume"
        ),
        pytest.param(
            {**container(), "Config": CONTAINER["Config"]}, THEIRS, True, [], id="of-others"
        ),
    ],
)
def test_down_removes_only_what_is_ours(
    daemon: Daemon,
    attributes: dict[str, Any],
    volume: dict[str, Any],
    drop_data: bool,
    removed: list[str],
) -> None:
    """Container and volume by their labels; the volume only on request."""
    routes: Routes = {
        LIST: (200, []),
        f"GET .*/containers/{NAME}/json": (200, attributes),
        VOLUME: (200, volume),
        "POST .*/containers/.*/stop": (204, ""),
    }

    assert daemon.down(routes, drop_data=drop_data) == removed
    assert daemon.count("DELETE .*") == len(removed)
