"""The connection to Docker: of this machine only, and named as the user knows it."""

from __future__ import annotations

import pytest

from osem_tasks.engines.docker import client
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.policy import Policy, using
from tests.support.docker_daemon import docker_daemon


def test_the_engine_at_docker_host_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A TCP address of this machine is as good as a socket."""
    with docker_daemon({}) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        connection, where = client.connect()

        assert (where, connection.containers.list()) == (f"http://{host}", [])
    connection.close()


def test_an_absent_engine_is_named_by_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has what the user has set."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    with pytest.raises(OsemError, match=r"No Docker engine at tcp://127\.0\.0\.1:9") as caught:
        client.connect()

    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE


def test_a_hung_engine_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """One call takes no longer than the policy allows."""
    with docker_daemon({"GET /version": (0, "")}) as host, using(Policy(docker_call=0.1)):
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        with pytest.raises(OsemError, match="does not answer in time"):
            client.connect()


@pytest.mark.parametrize(
    "host, remote",
    [
        ("unix:///var/run/docker.sock", False),
        ("npipe:////./pipe/docker_engine", False),
        ("the default socket", False),
        ("http://127.0.0.1:2375", False),
        ("http://localhost:2375", False),
        ("http://[::1]:2375", False),
        ("https://10.0.0.7:2376", True),
        ("ssh://me@build.example", True),
    ],
)
def test_an_engine_of_another_machine_is_refused(host: str, remote: bool) -> None:
    """A port that is published there cannot be reached from here."""
    if not remote:
        client._refuse_remote(host)
        return
    with pytest.raises(OsemError, match="on another machine") as caught:
        client._refuse_remote(host)

    assert "unset DOCKER_HOST" in caught.value.remediation
