"""Podman in Docker's place: where it is looked for, what it is called, how its answers differ."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from docker.errors import APIError, NotFound

from osem_tasks.engines.base import EngineRequest, Milestone
from osem_tasks.engines.docker import address, causes, client, errors, images, product
from osem_tasks.engines.docker.containers import Containers
from osem_tasks.engines.docker.engine import DockerEngine
from osem_tasks.errors import ErrorCode, OsemError
from tests.support.docker_daemon import PODMAN, Routes, docker_daemon

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")

NO_IMAGE: Routes = {"GET .*/images/.*/json": (404, {"message": "no such image"})}
REQUEST = EngineRequest(
    name="osem-fault", default_port=8000, default_image="amazon/dynamodb-local:3.3.1", timeout=0.2
)


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a short path in place of /run; Docker's default socket is absent from it."""
    # The folder of a test has a path that is too long for a socket.
    monkeypatch.setattr(tempfile, "tempdir", None)
    with tempfile.TemporaryDirectory(prefix="osem-") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setattr(address, "DEFAULT", f"unix://{folder}/docker.sock")
        monkeypatch.setattr(product, "SYSTEM", Path(folder) / "system" / "podman.sock")
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        monkeypatch.setenv("DOCKER_CONFIG", folder)
        yield Path(folder)


def users(places: Path) -> Path:
    """The socket of the user's own Podman."""
    return places / "podman" / "podman.sock"


@contextlib.contextmanager
def containers(routes: Routes) -> Iterator[Containers]:
    """The containers of a Podman that answers by ``routes``."""
    with docker_daemon({**PODMAN, **routes}) as host, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"tcp://{host}")
        found = Containers.at("docker")
        with contextlib.closing(found.client):
            yield found


def test_it_is_found_where_docker_is_absent(places: Path) -> None:
    """The reason names Podman and its socket."""
    with docker_daemon(PODMAN, at=users(places)) as path:
        engine = DockerEngine()
        reason = engine.check()
        engine._containers.client.close()

    assert reason == f"a Podman engine answers at unix://{path}"


def test_the_systems_socket_comes_after_the_users(places: Path) -> None:
    """A socket that nobody serves any more is passed over."""
    users(places).parent.mkdir()
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(users(places)))
    with docker_daemon(PODMAN, at=product.SYSTEM):
        found = client.open_connection()
        found.client.close()

    assert found.host == f"unix://{product.SYSTEM}"
    assert found.product.cli == f"podman --url unix://{product.SYSTEM}"


def test_docker_comes_first(places: Path) -> None:
    """Podman is a candidate only where Docker does not serve."""
    with (
        docker_daemon({}, at=places / "docker.sock") as path,
        docker_daemon(PODMAN, at=users(places)),
    ):
        found = client.open_connection()
        found.client.close()

    assert (found.host, found.product.name) == (f"unix://{path}", "Docker")


def test_podman_at_dockers_own_socket_is_told_by_its_answer(places: Path) -> None:
    """The package podman-docker and Podman machines put it there."""
    with docker_daemon(PODMAN, at=places / "docker.sock"):
        found = client.open_connection()
        found.client.close()

    assert found.product.name == "Podman"


def test_a_dead_docker_is_named_beside_it(places: Path) -> None:
    """A socket that nobody serves is a fact that the user may want to know."""
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(places / "docker.sock"))
    with docker_daemon(PODMAN, at=users(places)):
        found = client.open_connection()
        found.client.close()

    assert found.note == f"unix://{places}/docker.sock: nothing answers there"


@pytest.mark.parametrize("variable", ["DOCKER_HOST", "DOCKER_CONTEXT"])
def test_a_named_engine_is_not_replaced(
    variable: str, places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names an engine does not want another one."""
    monkeypatch.setenv(variable, f"unix://{places}/mine.sock" if variable == "DOCKER_HOST" else "x")
    with docker_daemon(PODMAN, at=users(places)), pytest.raises(OsemError):
        client.open_connection()


def test_a_recorded_engine_is_not_replaced(places: Path) -> None:
    """A container of Docker's is not looked for in Podman."""
    with docker_daemon(PODMAN, at=users(places)), pytest.raises(OsemError, match=r"docker\.sock"):
        client.open_connection(f"unix://{places}/docker.sock")


def test_container_host_is_podmans_variable(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes before the sockets that Podman uses by default."""
    with docker_daemon(PODMAN, at=places / "mine.sock") as path:
        monkeypatch.setenv("CONTAINER_HOST", f"unix://{path}")
        with docker_daemon(PODMAN, at=users(places)):
            found = client.open_connection()
            found.client.close()

    assert found.host == f"unix://{path}"


REMOTE = "ssh://me@build.example/run/user/1000/podman/podman.sock"


@pytest.mark.parametrize("variable", ["DOCKER_HOST", "CONTAINER_HOST"])
@pytest.mark.usefixtures("places")
def test_a_podman_on_another_machine_is_refused(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its published port is on the loopback there; the message leads to what can be used."""
    monkeypatch.setenv(variable, REMOTE)
    with pytest.raises(OsemError, match="on another machine") as caught:
        client.open_connection()

    error = caught.value
    assert error.message.startswith("The Podman engine at ssh://***@build.example/")
    assert error.code is ErrorCode.ENGINE_UNAVAILABLE
    assert f"unset {variable}" in error.remediation
    assert "--endpoint http://build.example:8000" in error.remediation


ABSENT = FileNotFoundError(2, "No such file or directory")
DENIED = PermissionError(13, "Permission denied")
USERS = "podman system service --time=0 unix://{runtime}/podman/podman.sock &"


@pytest.mark.parametrize(
    "error, host, programs, remedy",
    [
        (ABSENT, "docker.sock", (), "Start Docker, or set DOCKER_HOST"),
        (ABSENT, "docker.sock", ("podman",), f"Start Podman: {USERS}   or set DOCKER_HOST"),
        (
            ABSENT,
            "docker.sock",
            ("docker", "podman"),
            f"Start Docker, or set DOCKER_HOST   or start Podman: {USERS}",
        ),
        (ABSENT, "podman.sock", ("podman",), "Start Podman: podman system service --time=0 {host} &"),
        (DENIED, "docker.sock", ("docker",), causes.JOIN),
        (DENIED, "docker.sock", ("podman",), f"{causes.JOIN}   or start Podman: {USERS}"),
        (DENIED, "podman.sock", ("podman",), f"Use a Podman of your own: {USERS}"),
    ],
)  # fmt: skip
def test_what_to_start(
    *,
    error: Exception,
    host: str,
    programs: tuple[str, ...],
    remedy: str,
    places: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a socket, the programs on PATH tell what can be started, and how."""
    (places / "podman").mkdir()
    for program in programs:
        path = places / "bin" / program
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(places / "bin"))
    monkeypatch.setattr(product, "SYSTEMD", places / "none")
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    where = f"unix://{places}/{host}"

    found = errors.unreachable(error, where)

    assert found.remediation == remedy.format(runtime=places, host=where)


@pytest.mark.parametrize(
    "words, error",
    [
        ("container 2354 does not exist in database: no such container", NotFound),
        ('volume "x-data" does not exist in database: no such volume', NotFound),
    ],
)
def test_what_is_gone_is_not_found(words: str, error: type[Exception]) -> None:
    """Podman answers 500 where a container goes between two of its own steps."""
    routes: Routes = {"GET .*/containers/x/json": (500, {"message": words})}
    with containers(routes) as found, pytest.raises(error):
        found.client.containers.get("x")


@pytest.mark.parametrize(
    "words",
    [
        (
            'container create: creating container storage: the container name "x" is already in use by '
            "13c1. You have to remove that container to be able to reuse that name: that name is "
            "already in use"
        ),
        'creating container storage: the container name "x" is already in use by 13c1.',
    ],
)
def test_a_taken_name_is_a_conflict(words: str) -> None:
    """Two commands that create the same container end with one: see ``DockerEngine.up``."""
    routes: Routes = {"POST .*/containers/create": (500, {"message": words})}
    with containers(routes) as found, pytest.raises(APIError) as caught:
        found.client.containers.create("mine:1")

    assert caught.value.status_code == 409


@pytest.mark.parametrize("words", ["listen tcp4 127.0.0.1:1: bind: address already in use", "oops"])
def test_other_failures_stay_failures(words: str) -> None:
    """Only what Docker would answer otherwise is changed."""
    routes: Routes = {"POST .*/containers/create": (500, {"message": words})}
    with containers(routes) as found, pytest.raises(APIError) as caught:
        found.client.containers.create("mine:1")

    assert caught.value.status_code == 500


def refusing(words: str) -> Routes:
    """A Podman that does not start the container."""
    return {"POST .*/containers/.*/start": (500, {"message": words})}


@pytest.mark.parametrize(
    "words, code, says, remedy",
    [
        pytest.param(
            "rootlessport cannot expose privileged port 81, you can add "
            "'net.ipv4.ip_unprivileged_port_start=81' to /etc/sysctl.conf (currently 1024), or "
            "choose a larger port number (>= 1024): listen tcp 127.0.0.1:81: bind: permission denied",
            ErrorCode.INVALID_CONFIGURATION,
            "A rootless Podman may not publish port",
            "--port 0",
            id="privileged",
        ),
        pytest.param(
            "rootlessport listen tcp 127.0.0.1:8123: bind: address already in use",
            ErrorCode.PORT_IN_USE,
            "Port 8123",
            "--port 0",
            id="rootless-taken",
        ),
        pytest.param(
            "cannot listen on the TCP port: listen tcp4 127.0.0.1:8123: bind: address already in use",
            ErrorCode.PORT_IN_USE,
            "Port 8123",
            "--port 0",
            id="taken",
        ),
        pytest.param(
            '/usr/bin/slirp4netns failed: "open(\\"/dev/net/tun\\"): Permission denied"',
            ErrorCode.ENGINE_UNAVAILABLE,
            "Podman refused while starting the container",
            "chmod 666 /dev/net/tun",
            id="no-tun",
        ),
        pytest.param(
            "runc: runc create failed: unable to start container process: error setting rlimit "
            "type 7: operation not permitted: OCI permission denied",
            ErrorCode.ENGINE_UNAVAILABLE,
            "Podman refused",
            " info   shows",
            id="rlimit",
        ),
        pytest.param(
            'runc: runc create failed: unable to start container process: exec: "java": executable '
            "file not found in $PATH: OCI runtime attempted to invoke a command that was not found",
            ErrorCode.ENGINE_UNAVAILABLE,
            "Podman refused",
            "--image IMAGE",
            id="no-java",
        ),
    ],
)
def test_why_podman_does_not_start_it(
    words: str, code: ErrorCode, says: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words of Podman 4.3 and 5, each with what helps."""
    with docker_daemon({**PODMAN, **refusing(words)}) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        engine = DockerEngine()
        with pytest.raises(OsemError) as caught:
            engine.up(REQUEST, lambda _: None)
        engine._containers.client.close()

    assert (caught.value.code, says in caught.value.message) == (code, True)
    assert remedy in caught.value.remediation


def pull(events: list[dict[str, Any]], routes: Routes = NO_IMAGE) -> tuple[list[str], str]:
    """What is said of a pull, and the error that it ends with."""
    said: list[str] = []
    with containers({**routes, "POST .*/images/create": (200, events)}) as found:
        try:
            found.ensure_image(REQUEST, said.append)
        except OsemError as error:
            return said, f"{error.message} {error.remediation}"
    return said, ""


def test_a_pull_that_podman_refuses_names_podman() -> None:
    """Podman reports a failure inside of a stream with status 200."""
    words = "initializing source docker://x: reading manifest 1 in docker.io/x: toomanyrequests: no"
    _, error = pull([{"progressDetail": {}, "errorDetail": {"message": words}, "error": words}])

    assert f"Podman says: {words}" in error
    assert "--image public.ecr.aws/aws-dynamodb-local/aws-dynamodb-local:3.3.1" in error
    assert "podman --url tcp://127.0.0.1:" in error


def test_podman_is_asked_for_the_full_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be configured to know no registry for a short name, or to ask which one."""
    asked: list[str] = []
    with containers({}) as found:

        def note(name: str, **_: Any) -> Iterator[dict[str, Any]]:
            asked.append(name)
            return iter([])

        monkeypatch.setattr(found.client.api, "pull", note)
        images._pull(found.client, "amazon/dynamodb-local:3.3.1", lambda _: None, found.product)
        images._pull(found.client, "amazon/dynamodb-local:3.3.1", lambda _: None, product.DOCKER)

    assert asked == ["docker.io/amazon/dynamodb-local:3.3.1", "amazon/dynamodb-local:3.3.1"]


def test_the_beginning_of_a_pull_is_a_milestone() -> None:
    """A pipe shows it too: a pull takes minutes."""
    said, _ = pull([{"error": "no"}])

    assert [(str(text), isinstance(text, Milestone)) for text in said] == [
        ("pulling amazon/dynamodb-local:3.3.1", True)
    ]
