"""``local.*`` with ministack, where it is installed: a process of ours, on the loopback only."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from osem_tasks.engines import manager, ministack
from osem_tasks.engines.base import EngineRequest
from osem_tasks.engines.ministack import MinistackEngine
from tests.integration import fixtures_local as given
from tests.integration.conftest import other_kinds, session_kind
from tests.integration.fixtures_local import NOWHERE, WITH_MINISTACK, Shell, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        "ministack" not in (session_kind(), *other_kinds()), reason="ministack is not installed"
    ),
]
NO_DOCKER = {"DOCKER_HOST": NOWHERE, **WITH_MINISTACK}


@pytest.fixture
def inv(tmp_path: Path) -> Iterator[Shell]:
    """`inv` on a machine with ministack and without Docker."""
    shell = Shell(given.new_name(), tmp_path / "state", NO_DOCKER)
    yield shell
    shell.clear()


def test_auto_takes_ministack_before_moto(inv: Shell) -> None:
    """Without a Docker engine; it has no weakness to be told."""
    run = inv("local.up")

    assert (run.code, inv.record()["engine"], "lets pass" in run.err) == (0, "ministack", False)
    assert f"Engine: ministack, because no Docker engine at {NOWHERE}" in run.err
    assert given.table_names(inv.engine()) == []


def test_it_listens_on_loopback_only_and_leaves_only_our_files(inv: Shell) -> None:
    """One process, one address, no child, and no file but the record, the log and the lock."""
    inv.json("local.up", "--engine", "ministack")
    process = psutil.Process(inv.record()["pid"])

    listening = [c for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
    suffixes = {path.suffix for path in inv.state.iterdir()}

    assert [connection.laddr.ip for connection in listening] == ["127.0.0.1"]
    assert process.children() == []
    assert suffixes <= {".json", ".log", ".lock"}


def test_it_gets_nothing_of_the_users_shell(inv: Shell) -> None:
    """No profile, proxy or Docker engine, and no setting of ministack's own."""
    hostile = {
        "AWS_PROFILE": "prod",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "BIND_HOST": "0.0.0.0",
        "GATEWAY_PORT": "1",
        "SERVICES": "s3",
        "PERSIST_STATE": "1",
        "USE_SSL": "1",
        "AUTH": "true",
        "MINISTACK_ACCOUNT_ID": "123456789012",
        "PYTHONPATH": str(inv.state),
    }
    pid = inv.json("local.up", "--engine", "ministack", **hostile)["pid"]

    found = psutil.Process(pid).environ()

    kept = {"AWS_PROFILE", "HTTP_PROXY", "PERSIST_STATE", "USE_SSL", "AUTH", "PYTHONPATH"}
    assert kept & found.keys() == set()
    assert (found["BIND_HOST"], found["SERVICES"]) == ("127.0.0.1", "dynamodb,sts")
    assert found["DOCKER_HOST"] == f"unix://{os.path.realpath(inv.state)}/no-docker.sock"
    assert found["MINISTACK_ACCOUNT_ID"] == "000000000000"


def test_the_main_job_compares_every_fact(inv: Shell) -> None:
    """Setup, verify, again, reset: nothing is left out, and the reset finds a local engine."""
    first = inv("local.up", "--engine", "ministack", "db.setup", "db.verify", "--strict")
    again = inv("local.up", "db.setup", "db.verify", "db.reset")

    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert "60 checks passed" in first.out
    assert ("not comparable" in first.out, "6 created" in again.out) == (False, True)


def test_a_start_that_was_killed_is_found_again(inv: Shell) -> None:
    """kill -9 of `local.up` between the start of the process and its record."""
    process = inv.start("local.up", "--engine", "ministack")
    eventually(lambda: _servers(inv) or process.poll() is not None, "the process is there")
    process.send_signal(signal.SIGKILL)
    process.communicate()

    left = _servers(inv)
    down = inv("local.down")

    assert (len(left), down.code, _servers(inv)) == (1, 0, [])


def test_a_killed_process_is_started_again(inv: Shell) -> None:
    """`local.status` sees it, `local.up` starts anew, and two ends leave no process."""
    first = inv.json("local.up", "--engine", "ministack")
    psutil.Process(first["pid"]).kill()
    eventually(lambda: not _servers(inv), "the process is gone")

    running = inv.json("local.status")["running"]
    second = inv.json("local.up", "--engine", "ministack")
    removed = [inv.json("local.down")["removed"] for _ in range(2)]

    assert (running, second["how"]) == (False, "started")
    assert removed == [[f"ministack process {second['pid']}"], []]
    assert _servers(inv) == []


def test_persist_is_refused_with_the_reason(inv: Shell) -> None:
    """It keeps its data only where it ends in good order."""
    run = inv("local.up", "--engine", "ministack", "--persist")

    assert (run.code, _servers(inv)) == (1, [])
    assert "saves its data only when it ends in good order" in run.err
    assert "--engine docker --persist" in run.err
    assert "--engine moto --persist" not in run.err


@pytest.mark.parametrize("tested", [True, False])
def test_a_version_that_is_not_tested_is_noted(
    own_state: Path, tested: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is used, with a warning that names those which are tested; a reuse does not repeat it."""
    version = MinistackEngine().check().split()[1]
    monkeypatch.setattr(ministack, "TESTED", (version,) if tested else ("0.0.1",))
    wanted = EngineRequest(
        name=given.new_name(), default_port=0, default_image="", timeout=60, engine="ministack"
    )

    notes = [manager.bring_up(wanted, lambda _: None).note for _ in range(2)]
    manager.take_down(wanted.name)

    said = f"ministack {version} is not tested with osem_tasks; tested: 0.0.1."
    assert (notes, own_state.exists()) == (["" if tested else said, ""], True)


def _servers(inv: Shell) -> list[int]:
    """The live servers of this shell."""
    return [process.pid for process in inv.processes() if _is_server(process)]


def _is_server(process: psutil.Process) -> bool:
    try:
        return "ministack.app:app" in process.cmdline()
    except psutil.Error:  # it has ended since it was listed
        return False
