"""Ports and processes of this machine: who owns a port, and whether a process still lives."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from osem_tasks.engines import host
from osem_tasks.engines.base import EngineRecord, EngineRequest
from osem_tasks.errors import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which this very process listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        yield port


def test_a_port_is_free_or_taken(taken_port: int) -> None:
    """A free port can be listened on, a taken one cannot."""
    assert (host.is_free(host.free_port()), host.is_free(taken_port)) == (True, False)


def test_the_owner_of_a_port_is_named(taken_port: int) -> None:
    """A process by pid and name; the remedy asks for the same engine on another port."""
    request = EngineRequest(
        name="mine", default_port=taken_port, default_image="", timeout=1, persist=True
    )
    error = host.port_in_use(taken_port, request)

    owner = f"process {os.getpid()} ({psutil.Process().name()})"
    assert error.code is ErrorCode.PORT_IN_USE
    assert error.message == f"Port {taken_port} of 127.0.0.1 is taken by {owner}."
    assert "inv local.up --name mine --port 0 --persist" in error.remediation
    assert error.details == {"port": taken_port, "owner": owner}


def test_a_container_owns_the_port_that_it_publishes(taken_port: int) -> None:
    """Docker's own process, which listens for the container, would not help a user."""
    request = EngineRequest(name="mine", default_port=1, default_image="", timeout=1)
    error = host.port_in_use(taken_port, request, {taken_port: "theirs"})

    assert "is taken by container 'theirs'" in error.message


def test_an_unknown_owner_is_another_program() -> None:
    """Nobody listens at the port any more, or another user does."""
    request = EngineRequest(name="mine", default_port=1, default_image="", timeout=1)
    error = host.port_in_use(host.free_port(), request)

    assert "is taken by another program" in error.message


def test_a_process_is_known_by_pid_and_start() -> None:
    """The same pid at another time is another process."""
    owner = host.owner(os.getpid())

    assert host.is_alive(owner.pid, owner.started)
    assert not host.is_alive(owner.pid, owner.started - 3600)


def test_an_ended_process_is_not_alive() -> None:
    """Neither before its parent has waited for it, nor after."""
    with subprocess.Popen(["sleep", "600"]) as child:
        started = host.process_started(child.pid)
        before = host.is_alive(child.pid, started)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        zombie = host.is_alive(child.pid, started)
    after = host.is_alive(child.pid, started)

    assert (before, zombie, after) == (True, False, False)


@pytest.mark.parametrize(
    "facts, expected",
    [
        pytest.param({}, None, id="a-container"),
        pytest.param({"pid": os.getpid()}, None, id="a-pid-alone"),
        pytest.param({"pid": os.getpid(), "process_started": 1.0}, False, id="an-earlier-process"),
    ],
)
def test_a_record_may_have_a_process(facts: dict[str, Any], expected: bool | None) -> None:
    """Without pid and start nothing is known of a process."""
    record = EngineRecord(
        engine="moto", name="mine", endpoint="http://x", started_at="", used_at=0.0, **facts
    )

    assert host.process_runs(record) is expected


def test_an_identity_needs_no_wall_clock() -> None:
    """The start by the clock may be wrong by any time; another identity is another process."""
    pid = os.getpid()
    identity = host.process_identity(pid)

    assert host.is_alive(pid, 0.0, identity)
    assert not host.is_alive(pid, host.process_started(pid), f"{identity}0")
    assert identity == host.process_identity(pid)


def test_who_listens_is_known(taken_port: int) -> None:
    """This process listens at its port, another one does not."""
    with subprocess.Popen(["sleep", "600"]) as child:
        found = (host.listens(os.getpid(), taken_port), host.listens(child.pid, taken_port))
        child.kill()

    assert found == (True, False)
