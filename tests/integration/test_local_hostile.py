"""Kills in every phase, strangers at our port, two commands at once: nothing is left or harmed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration import fixtures_local as given
from tests.integration.fixtures_local import NOWHERE, Docker, Shell, eventually
from tests.support.fake_engines import fake_dynamodb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIGNALS = [signal.SIGHUP, signal.SIGTERM, signal.SIGKILL]
NOXFILE = """
import nox
from osem_tasks.nox import fresh_engine

@nox.session
def it(session):
    with fresh_engine(session) as engine:
        session.run("python", "-c", *engine.posargs, env=engine.env)
"""
LONG = 'import time; print("ready", flush=True); time.sleep(600)'


@pytest.fixture
def inv(tmp_path: Path) -> Iterator[Shell]:
    """`inv` without a Docker engine, in a state directory of the test's own."""
    shell = Shell(given.new_name(), tmp_path / "state", {"DOCKER_HOST": NOWHERE})
    yield shell
    shell.clear()


@pytest.fixture
def docker_inv(tmp_path: Path) -> Iterator[tuple[Shell, Docker]]:
    """`inv` with the real Docker engine, and that engine."""
    shell = Shell(given.new_name(), tmp_path / "state", {"OSEM_LOCAL_ENGINE": "docker"})
    with given.connected() as docker:
        yield shell, docker
        shell.clear()
        docker.clear(shell.name)


def servers(inv: Shell) -> list[int]:
    """The live moto servers of this shell."""
    return inv.servers("moto.server")


def killed(process: subprocess.Popen[str]) -> None:
    """End a process as nothing can be cleaned up after."""
    process.kill()
    process.communicate()


@pytest.mark.parametrize("task", ["local.down", "local.up"])
def test_a_kill_while_the_process_starts_is_mended_by_the_next(
    inv: Shell, tmp_path: Path, task: str
) -> None:
    """The process that no record knows is found by its command line and ended."""
    process = inv.start("local.up", PYTHONPATH=given.fake_moto(tmp_path))
    eventually(lambda: "the words" in inv.log(), "the server is asked")
    killed(process)
    (orphan,) = servers(inv)
    status = inv("local.status")

    run = inv(task)

    assert "has begun and not ended" in status.out + status.err
    assert (run.code, orphan in servers(inv)) == (0, False)
    assert len(servers(inv)) == (task == "local.up")
    assert list(inv.state.glob("*.starting")) == []


@pytest.mark.parametrize("task", ["local.down", "local.up"])
def test_a_kill_while_the_container_starts_is_mended_by_the_next(
    docker_inv: tuple[Shell, Docker], task: str
) -> None:
    """Its start was recorded before it was made, with the Docker engine in which it is."""
    inv, docker = docker_inv
    process = inv.start("local.up", "--verbose")
    eventually(lambda: docker.containers(inv.name), "the container is there")
    killed(process)

    run = inv(task, DOCKER_HOST=NOWHERE) if task == "local.down" else inv(task)

    assert run.code == 0, run.err
    assert len(docker.containers(inv.name)) == (task == "local.up")
    assert list(inv.state.glob("*.starting")) == []


def test_sighup_is_handled_like_sigterm(inv: Shell, tmp_path: Path) -> None:
    """A terminal that is closed leaves no half-started engine."""
    process = inv.start("local.up", PYTHONPATH=given.fake_moto(tmp_path))
    eventually(lambda: "the words" in inv.log(), "the server is asked")

    run = given.interrupted(process, signal.SIGHUP)

    assert (run.code, inv.processes(), inv.record_path.exists()) == (130, [], False)


def test_an_engine_that_cannot_be_recorded_is_ended(inv: Shell) -> None:
    """A directory stands where the record belongs: nobody would ever find the process."""
    inv.record_path.mkdir(parents=True)
    (inv.record_path / "full").touch()

    run = inv("local.up", "--json")

    assert (run.code, run.error, servers(inv)) == (1, "INVALID_CONFIGURATION", [])


def test_a_stepped_clock_makes_no_stranger(inv: Shell) -> None:
    """The start by the wall clock counts no more: the engine is found and ended."""
    inv.json("local.up")
    record = inv.record()
    stepped = record["process_started"] + 3
    text = inv.record_path.read_text(encoding="utf-8")
    inv.record_path.write_text(text.replace(str(record["process_started"]), str(stepped)))

    status = inv.json("local.status")
    inv.json("local.down")

    assert (status["running"], servers(inv)) == (True, [])


@pytest.mark.parametrize("record_of_a_foreign_process", ["identity", "pid only"])
def test_a_planted_record_ends_nobody(inv: Shell, record_of_a_foreign_process: str) -> None:
    """Even with the right identity a process that is no server of ours is left alone."""
    from osem_tasks.engines import host

    inv.json("local.up")
    record = inv.record()
    inv.json("local.down")
    with subprocess.Popen(["sleep", "600"]) as innocent:
        started = host.process_started(innocent.pid)
        whole: dict[str, object] = {"pid": innocent.pid, "process_started": started}
        if record_of_a_foreign_process == "identity":
            whole["process_identity"] = host.process_identity(innocent.pid)
        planted = {**record, **whole}
        if record_of_a_foreign_process == "pid only":
            del planted["process_identity"]
        inv.record_path.write_text(json_text(planted))

        runs = [inv(task) for task in ("local.status", "local.down", "local.up")]

        assert ([run.code for run in runs], innocent.poll()) == ([0, 0, 0], None)
        innocent.kill()


def json_text(values: object) -> str:
    """A state file's content."""
    import json

    return json.dumps(values)


@pytest.mark.parametrize("task", ["db.setup", "db.verify", "db.list", "db.reset", "db.delete"])
def test_a_stranger_at_our_port_is_never_taken_for_ours(inv: Shell, task: str) -> None:
    """Our process is gone and another server sits on its port: no task acts there."""
    inv.json("local.up")
    port = inv.record()["endpoint"].rpartition(":")[2]
    (pid,) = servers(inv)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not servers(inv), "the engine is gone")
    stranger = Shell(given.new_name(), inv.state.parent / "other", {"DOCKER_HOST": NOWHERE})
    try:
        stranger.json("local.up", "--port", port)

        status = inv.json("local.status")
        run = inv(task, "--json")
        env = inv("local.env", "--json")

        assert (status["running"], run.error, env.error) == (False, *["ENGINE_NOT_RUNNING"] * 2)
        assert "inv local.up" in run.document["error"]["remediation"]
        assert given.table_names(stranger.engine()) == []
        # Named by the user, it is theirs to use.
        named = inv("db.setup", "--endpoint", stranger.record()["endpoint"])
        assert named.code == 0, named.err
    finally:
        stranger.clear()


def test_two_names_at_one_port_are_one_engine(inv: Shell) -> None:
    """Exactly one gets the port, the other says PORT_IN_USE."""
    with given.listening() as free:
        port = str(free)
    names = [f"{inv.name}-a", f"{inv.name}-b"]

    started = [inv.start("local.up", "--port", port, "--name", name, "--json") for name in names]
    runs = [given.finished(process) for process in started]

    assert sorted(run.code for run in runs) == [0, 1]
    assert [run.error for run in runs if run.code] == ["PORT_IN_USE"]
    assert len(servers(inv)) == 1


def test_a_stuck_command_is_named(inv: Shell, tmp_path: Path) -> None:
    """Who waits for it is told by whom it is held, and ends by its own --timeout."""
    holder = inv.start("local.up", PYTHONPATH=given.fake_moto(tmp_path))
    eventually(lambda: "the words" in inv.log(), "the server is asked")

    begin = time.monotonic()
    run = inv("local.up", "--timeout", "3", "--json")

    assert (run.code, run.error) == (1, "TIMEOUT")
    assert f"process {holder.pid} (" in run.err
    assert "local.up" in run.document["error"]["message"]
    assert time.monotonic() - begin < given.PATIENCE
    killed(holder)


def test_an_unreadable_record_is_named_once(inv: Shell) -> None:
    """As a warning; the commands go on without it."""
    inv.state.mkdir(mode=0o700)
    inv.record_path.write_text('{"pid": -1}')

    run = inv("local.status", "local.down")

    assert (run.code, run.err.count("Unreadable record, ignored")) == (0, 1)
    assert str(inv.record_path) in run.err


@pytest.mark.parametrize("name", ["x" * 250, "../x", "a/b", ".."])
def test_a_name_that_names_no_file_is_refused(inv: Shell, name: str) -> None:
    """Nothing outside of the state directory, nothing too long for it."""
    runs = [inv(task, "--name", name, "--json") for task in ("local.up", "local.down")]

    assert [run.error for run in runs] == ["INVALID_CONFIGURATION"] * 2


@pytest.mark.parametrize("number", SIGNALS)
def test_a_nox_session_leaves_no_engine(inv: Shell, tmp_path: Path, number: signal.Signals) -> None:
    """By SIGTERM and SIGHUP it is removed at once, after SIGKILL by the next session."""
    noxfile = tmp_path / "noxfile.py"
    noxfile.write_text(NOXFILE, encoding="utf-8")

    def nox(code: str) -> subprocess.Popen[str]:
        words = ["-f", str(noxfile), "--no-venv", "-s", "it", "--", "--engine", "moto", code]
        variables = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(given.ROOT)}
        return inv.spawn([sys.executable, "-m", "nox", *words], **variables)

    victim = nox(LONG)
    assert victim.stdout is not None
    assert victim.stderr is not None
    for line in victim.stdout:
        if line.startswith("ready"):
            break
    victim.send_signal(number)
    victim.wait(given.PATIENCE)
    # Not read to its end: a killed session's own child keeps the pipes open.
    victim.stdout.close()
    victim.stderr.close()
    if number is signal.SIGKILL:
        assert session_engines(inv)
        done = given.finished(nox("print()"))
        assert done.code == 0, done.err

    assert session_engines(inv) == []
    assert list((inv.state / "sessions").iterdir()) == []


def session_engines(inv: Shell) -> list[str]:
    """The live engines of Nox sessions below this shell's state directory."""
    import psutil

    return [
        word
        for process in psutil.process_iter(["cmdline"])
        for word in process.info["cmdline"] or []
        if word.startswith(f"osem-engine={inv.state}/sessions/")
    ]


def test_another_server_at_a_recorded_port_is_no_engine(inv: Shell) -> None:
    """Not even where it looks like the same emulator."""
    inv.json("local.up")
    record = inv.record()
    inv.json("local.down")
    with fake_dynamodb("Werkzeug/3") as endpoint:
        inv.record_path.write_text(json_text({**record, "endpoint": endpoint}))

        status = inv("local.status")

    assert "another server answers" in status.out
