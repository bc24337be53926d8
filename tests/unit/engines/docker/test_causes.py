"""Why Docker does not serve: each cause has its own sentence, its endpoint and what helps."""

from __future__ import annotations

import json
import socket
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import requests
from docker.errors import DockerException
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.engines import manager, records, registry
from osem_tasks.engines.base import EngineRequest
from osem_tasks.engines.docker import causes, client, errors
from osem_tasks.engines.docker.engine import DockerEngine
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.policy import Policy, using
from tests.support.docker_daemon import CONTAINER, SOUND, Routes, docker_daemon
from tests.support.examples import examples
from tests.support.fake_engines import FLEETING, FleetingEngine, Script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

NAME = "osem-fault"
HOST = "tcp://127.0.0.1:2375"
NO_IMAGE = {"GET .*/images/.*/json": (404, {"message": "No such image"})}
VERSION = SOUND["GET /version"][1]
OLD = {**VERSION, "ApiVersion": "1.12"}
TLS_ONLY = (400, {"message": "Client sent an HTTP request to an HTTPS server."})


def request(**facts: Any) -> EngineRequest:
    """A request of the engine in the fake daemon."""
    defaults: dict[str, Any] = {"default_port": 0, "default_image": "mine:1", "timeout": 0.2}
    return EngineRequest(name=NAME, **{**defaults, **facts})


def attempt() -> OsemError | None:
    """The error of an attempt to connect; None if there is a connection."""
    try:
        client.connect()[0].close()
    except OsemError as error:
        return error
    return None


def failed_connection() -> OsemError:
    """The error of an attempt to connect."""
    with pytest.raises(OsemError) as caught:
        client.connect()
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    return caught.value


@pytest.fixture(autouse=True)
def no_docker_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of Docker's files: empty, and not the developer's."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Docker, and a fake engine that ``auto`` takes where Docker does not serve."""
    docker = registry.kind_of("docker")
    monkeypatch.setattr(registry, "KINDS", (docker, FLEETING))
    monkeypatch.setattr(FleetingEngine, "script", Script())
    yield
    for server in FleetingEngine.servers.values():
        server.close()
    FleetingEngine.servers.clear()


@pytest.mark.parametrize(
    "answer, why, remedy",
    [
        pytest.param((200, OLD), "its API is older than 1.24", "Update", id="old"),
        pytest.param(
            (400, {"message": "client version 1.41 is too old. Minimum is 1.44"}),
            "1.41 is too old",
            "pip install --upgrade docker",
            id="new",
        ),
        pytest.param(TLS_ONLY, "it requires TLS", "DOCKER_TLS_VERIFY=1", id="tls-only"),
        pytest.param(
            (403, {"message": "denied by policy"}),
            "it refuses access (403: denied by policy)",
            "docker version",
            id="refused",
        ),
        pytest.param((500, {"message": "x"}), "it fails itself (500)", "Restart", id="broken"),
        pytest.param(
            (200, {**VERSION, "Os": "windows"}),
            "runs Windows containers",
            "-SwitchLinuxEngine",
            id="windows-containers",
        ),
        pytest.param((200, []), "no Docker engine", "DOCKER_HOST", id="another-server"),
    ],
)
def test_what_an_engine_answers_is_told(
    answer: tuple[int, Any], why: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither 'nothing answers' nor a class's name: the cause, the endpoint, what helps."""
    with docker_daemon({"GET /version": answer}) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        error = failed_connection()

    assert why in error.message
    assert host in error.message
    assert remedy in error.remediation


@pytest.mark.parametrize(
    "error, why, remedy",
    [
        (
            DockerException("Error while fetching server API version: ('Connection aborted.', "
            "PermissionError(13, 'Permission denied'))"),
            "this user may not open its socket",
            "sudo usermod -aG docker",
        ),
        (PermissionError(13, "Permission denied"), "may not open its socket", "usermod"),
        (TimeoutError("timed out after 15 s"), "does not answer in time", "docker version"),
        (requests.ReadTimeout("Read timed out."), "does not answer in time", "docker version"),
        (OSError("AF_UNIX path too long"), "the path of its socket is too long", "DOCKER_HOST"),
        (
            requests.exceptions.SSLError("[SSL: WRONG_VERSION_NUMBER] wrong version number"),
            "it does not use TLS",
            "unset DOCKER_TLS_VERIFY",
        ),
        (
            requests.exceptions.SSLError(
                "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed "
                "certificate in certificate chain (_ssl.c:1006)"
            ),
            "is not accepted: self-signed certificate in certificate chain",
            "ca.pem",
        ),
        (OSError("[SSL] PEM lib (_ssl.c:4046)"), "its TLS files cannot be used", "cert.pem"),
        (DockerException("Install paramiko package"), "needs the Python package", "pip install"),
    ],
)  # fmt: skip
def test_the_text_of_an_exception_tells_the_cause(error: Exception, why: str, remedy: str) -> None:
    """The SDK wraps its causes; the host is the one that was used."""
    found = errors.unreachable(error, HOST)

    assert found.message.startswith(f"No Docker engine at {HOST}: ")
    assert why in found.message
    assert remedy in found.remediation


@pytest.mark.parametrize(
    "undo, remedy",
    [
        ("unset DOCKER_CONTEXT", "Start Docker, or use the default engine: unset DOCKER_CONTEXT"),
        ("", "Start Docker, or set DOCKER_HOST"),
    ],
)
def test_a_dead_engine_leads_back_to_the_default(
    undo: str, remedy: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where a variable or a context names it, that is undone."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    error = errors.unreachable(ConnectionRefusedError(111, "Connection refused"), HOST, undo)

    assert (error.message, error.remediation) == (
        f"No Docker engine at {HOST}: nothing answers there.",
        remedy,
    )


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
@pytest.mark.parametrize("place", ["docker.sock", ".docker/run/docker.sock", ".rd/docker.sock"])
def test_a_rootless_or_desktop_engine_is_proposed(
    place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the default socket is dead, the user's own one is named with its command."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        error = errors.unreachable(FileNotFoundError(2, "No such file"), HOST)

    assert error.remediation == f"export DOCKER_HOST=unix://{path}   or start Docker"


def test_an_ignored_config_is_named_where_the_default_is_dead(
    no_docker_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may have named the engine that works."""
    (no_docker_files / "config.json").write_text("{", encoding="utf-8")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{no_docker_files}/none.sock")
    error = failed_connection()

    assert f"({no_docker_files}/config.json is ignored: it is not JSON)" in error.message


def test_a_shells_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine on this machine is reached directly, whatever the shell says of proxies."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with docker_daemon({}) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        connection, where = client.connect()
        connection.close()

    assert where == f"http://{host}"


@pytest.mark.parametrize(
    "settings",
    [
        '{"credsStore": "osem-none"}',
        '{"credHelpers": {"https://index.docker.io/v1/": "osem-none"}}',
    ],
)
def test_a_missing_credential_helper_is_named(
    settings: str, no_docker_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its program, and a pull that needs none; the SDK's warning is not shown beside it."""
    (no_docker_files / "config.json").write_text(settings, encoding="utf-8")
    with docker_daemon(NO_IMAGE) as host, warnings.catch_warnings():
        warnings.simplefilter("error")
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        with pytest.raises(OsemError) as caught:
            DockerEngine().up(request(), lambda _: None)

    assert caught.value.code is ErrorCode.IMAGE_NOT_FOUND
    assert "docker-credential-osem-none" in caught.value.message
    assert "is not on PATH" in caught.value.message
    assert f"--host http://{host} pull mine:1" in caught.value.remediation


def ended(**state: Any) -> Routes:
    """A container that ends at once, in this state."""
    attrs = {**CONTAINER, "State": {**CONTAINER["State"], **state}}
    return {
        "GET .*/containers/c0ffee.*/json": (200, attrs),
        f"GET .*/containers/{NAME}/json": (404, {"message": "none"}),
        "GET .*/volumes/.*": (404, {"message": "none"}),
    }


def refusing(message: str, status: int = 500) -> Routes:
    """A daemon that refuses to create a container."""
    return {
        "POST .*/containers/create": (status, {"message": message}),
        f"GET .*/containers/{NAME}/json": (404, {"message": "none"}),
    }


FAILURES = [
    pytest.param(ended(ExitCode=137, OOMKilled=True), "no memory left", "MemTotal", id="memory"),
    pytest.param(ended(ExitCode=137), "code 137): it was killed", "docker stats", id="killed"),
    pytest.param(refusing("no space left on device"), "no space", "docker system df", id="disk"),
    pytest.param(
        refusing("OCI runtime create failed: error setting rlimit: operation not permitted"),
        "rlimit",
        "docker info",
        id="rootless",
    ),
    pytest.param(
        refusing('image operating system "linux" cannot be used on this platform'),
        "cannot be used on this platform",
        "-SwitchLinuxEngine",
        id="windows-containers",
    ),
]


@pytest.mark.parametrize(
    "words",
    [
        "no such image: My Image: invalid reference format: repository name must be lowercase",
        "invalid reference format",
        'OCI runtime create failed: exec: "sh": executable file not found in $PATH: unknown',
        'OCI runtime create failed: exec: "/x": stat /x: no such file or directory: unknown',
        "exec /usr/bin/java: exec format error",
    ],
)
def test_an_image_that_cannot_run_leads_to_another_image(words: str) -> None:
    """Docker's engine is sound: neither restarting it nor its log helps."""
    assert causes.remedy_of(words).endswith("--image IMAGE")


@pytest.mark.parametrize("routes, why, remedy", FAILURES)
def test_a_container_that_docker_cannot_run(
    routes: Routes, why: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's own words, the cause in ours, and what helps."""
    with docker_daemon(routes) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        with pytest.raises(OsemError) as caught:
            manager.bring_up(request(engine="docker"), lambda _: None)

    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert why in caught.value.message
    assert remedy in caught.value.remediation
    assert records.begun(NAME) is None


@pytest.mark.parametrize("routes, why, remedy", FAILURES)
@pytest.mark.usefixtures("embedded")
def test_auto_falls_back_and_says_why(
    routes: Routes, why: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded engine runs instead; the reason is the sentence about Docker."""
    with docker_daemon(routes) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        result = manager.bring_up(request(), lambda _: None)

    assert (result.record.engine, result.fallback) == ("fleeting", True)
    assert why in result.reason
    assert remedy


@pytest.mark.parametrize(
    "variables",
    [
        {"DOCKER_HOST": "localhost:2375"},
        {"DOCKER_HOST": "nonsense://x:1"},
        {"DOCKER_HOST": "tcp://other.example:2375"},
        {"DOCKER_HOST": "ssh://me@other.example"},
        {"DOCKER_HOST": "ssh://me@localhost"},
        {"DOCKER_HOST": "unix:///nowhere.sock"},
        {"DOCKER_CONTEXT": "gone"},
        {"DOCKER_HOST": "tcp://127.0.0.1:9", "DOCKER_TLS_VERIFY": "1"},
    ],
    ids=lambda variables: " ".join(variables.values()),
)
@pytest.mark.usefixtures("embedded")
def test_auto_works_without_docker_and_persist_says_that_it_is_away(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, no_docker_files: Path
) -> None:
    """What keeps data is not proposed where it cannot run; why is in the message."""
    monkeypatch.setenv("DOCKER_CERT_PATH", str(no_docker_files / "certs"))
    if "DOCKER_TLS_VERIFY" not in variables:
        monkeypatch.delenv("DOCKER_CERT_PATH")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    why = failed_connection()
    with pytest.raises(OsemError) as caught:
        manager.bring_up(request(persist=True), lambda _: None)
    result = manager.bring_up(request(), lambda _: None)
    manager.take_down(NAME)

    assert (result.record.engine, result.reason) == ("fleeting", why.message)
    assert (
        caught.value.message == f"{why.message} The fleeting engine keeps its data in memory only."
    )
    assert caught.value.remediation.startswith(why.remediation)
    assert "--engine docker" not in caught.value.remediation


@given(settings=st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
        st.sampled_from(["auths", "auth", "proxies", "default", "credsStore", "credHelpers",
                         "HttpHeaders", "httpProxy", "x"]), inner, max_size=4),
    max_leaves=8,
))  # fmt: skip
@examples(40)
def test_no_config_of_docker_ends_in_a_traceback(
    settings: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The SDK chokes on many; every one is a connection or an OsemError with a remedy."""
    folder = tmp_path_factory.mktemp("docker")
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    with docker_daemon({}) as host, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_CONFIG", str(folder))
        patch.setenv("DOCKER_HOST", f"tcp://{host}")
        error = attempt()

    if error:
        assert error.code is ErrorCode.ENGINE_UNAVAILABLE
        assert str(folder) in error.message
        assert error.remediation


@given(text=st.text())
@examples(100)
def test_any_text_of_an_exception_is_survived(text: str) -> None:
    """A cause is found or not; no pattern and no brace in the text breaks the search."""
    with using(Policy()):
        assert errors.unreachable(DockerException(text), HOST).remediation
        assert isinstance(causes.remedy_of(text), str)
