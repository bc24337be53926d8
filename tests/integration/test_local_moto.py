"""``local.*`` where no Docker engine answers: moto's server as a process of ours."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.integration import fixtures_local as given
from tests.integration.fixtures_local import NOWHERE, Shell, eventually, finished

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

SIGNALS = [signal.SIGINT, signal.SIGTERM]
# Taken by Python at start: the package moto cannot be found any more.
HIDE_MOTO = """
import sys
from importlib.machinery import PathFinder

class WithoutMoto(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name == "moto" else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutMoto
"""
# Adopts orphans as process 1 does, and like many a container's never waits for them.
SLOPPY_INIT = """
import ctypes, subprocess, sys
getattr(ctypes.CDLL(None), "prctl", int)(36, 1)
inv = [sys.argv[1], "-m", "invoke"]
subprocess.run([*inv, "local.up"], check=True)
sys.exit(subprocess.run([*inv, "local.down"]).returncode)
"""


@pytest.fixture
def inv(tmp_path: Path) -> Iterator[Shell]:
    """`inv` on a machine without Docker, of which no process is left afterwards."""
    shell = Shell(given.new_name(), tmp_path / "state", {"DOCKER_HOST": NOWHERE})
    yield shell
    shell.clear()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """`inv` with a running engine, for tests that leave it as it is."""
    state = tmp_path_factory.mktemp("running") / "state"
    shell = Shell(given.new_name(), state, {"DOCKER_HOST": NOWHERE})
    shell.json("local.up")
    yield shell
    shell.clear()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A program that is not ours."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def _servers(inv: Shell) -> list[int]:
    """The live moto servers of this shell."""
    return [process.pid for process in inv.processes() if _is_server(process)]


def _is_server(process: psutil.Process) -> bool:
    try:
        return "moto.server" in process.cmdline()
    except psutil.Error:  # it has ended since it was listed
        return False


def test_auto_takes_moto_and_says_why(inv: Shell) -> None:
    """Without a Docker engine `auto` takes moto, names it and gives the reason."""
    run = inv("local.up")

    assert (run.code, inv.record()["engine"], "moto" in run.out) == (0, "moto", True)
    assert f"Engine: moto, because no Docker engine at {NOWHERE}" in run.err
    assert given.table_names(inv.engine()) == []


@pytest.mark.parametrize("by_option", [True, False], ids=["option", "variable"])
def test_a_named_docker_is_never_replaced(inv: Shell, by_option: bool) -> None:
    """A named engine that is not there is an error, not a silent fallback."""
    run = (
        inv("local.up", "--engine", "docker", "--json")
        if by_option
        else inv("local.up", "--json", OSEM_LOCAL_ENGINE="docker")
    )

    error = run.document["error"]
    assert (run.code, error["code"], inv.processes()) == (1, "ENGINE_UNAVAILABLE", [])
    assert NOWHERE in error["message"]
    assert "--engine moto" in error["remediation"]


def test_the_state_file_has_process_port_and_log(running: Shell) -> None:
    """What later commands need is recorded, and true."""
    record = running.record()

    command = psutil.Process(record["pid"]).cmdline()
    assert "moto.server" in command
    assert command[-1] == record["endpoint"].rpartition(":")[2]
    assert "Running on" in running.log()
    assert record["log"] == str(running.state / f"{running.name}.log")


def test_it_listens_on_loopback_only(running: Shell) -> None:
    """No other machine may reach the engine."""
    process = psutil.Process(running.record()["pid"])
    listening = [c for c in process.net_connections() if c.status == psutil.CONN_LISTEN]

    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


def test_a_second_up_reuses_the_process_and_its_data(inv: Shell) -> None:
    """The same process, the same tables."""
    first = inv.json("local.up")
    given.put_table(inv.engine())

    second = inv.json("local.up")

    assert (second["how"], second["pid"]) == ("reused", first["pid"])
    assert given.table_names(inv.engine()) == ["Mine"]


def test_fresh_starts_empty_and_leaves_one_process(inv: Shell) -> None:
    """`--fresh` replaces the process."""
    inv.json("local.up")
    given.put_table(inv.engine())

    inv.json("local.up", "--fresh")

    assert given.table_names(inv.engine()) == []
    assert _servers(inv) == [inv.record()["pid"]]


def test_down_ends_the_process_and_forgets_it(inv: Shell) -> None:
    """After `local.down` there is no process and no record; again, there is nothing to do."""
    pid = inv.json("local.up")["pid"]

    removed = [inv.json("local.down")["removed"] for _ in range(2)]

    assert removed == [[f"moto process {pid}"], []]
    assert (inv.processes(), inv.record_path.exists()) == ([], False)


def test_a_killed_process_is_noticed_and_started_again(inv: Shell) -> None:
    """`local.status` sees through a stale record, `local.up` starts anew."""
    first = inv.json("local.up")
    psutil.Process(first["pid"]).kill()
    eventually(lambda: not _servers(inv), "the process is gone")

    status = inv("local.status")
    running = inv.json("local.status")["running"]
    second = inv.json("local.up")

    assert (status.code, running, "inv local.up" in status.out) == (0, False, True)
    assert (second["how"], _servers(inv)) == ("started", [second["pid"]])


def test_down_works_where_nobody_reaps_the_dead(inv: Shell) -> None:
    """In a container without an init an ended process stays a zombie: it counts as ended."""
    process = inv.spawn([sys.executable, "-c", SLOPPY_INIT, sys.executable])

    run = finished(process)

    assert (run.code, "removed" in run.out, "Traceback" in run.err) == (0, True, False), run.err


@pytest.mark.parametrize("task", ["local.down", "local.up"])
def test_a_reused_pid_is_never_ended(
    inv: Shell, bystander: subprocess.Popen[bytes], task: str
) -> None:
    """A record whose pid now belongs to another program does not harm that program."""
    inv.json("local.up")
    genuine = inv.record()
    wrong = {"pid": bystander.pid, "process_started": time.time() - 3600}
    inv.record_path.write_text(json.dumps({**genuine, **wrong}), encoding="utf-8")

    status = inv.json("local.status")
    run = inv(task)

    assert (status["running"], run.code, bystander.poll()) == (False, 0, None)


def test_a_taken_port_is_named(inv: Shell) -> None:
    """The message names the owner's pid and program, and nothing is started."""
    with given.listening() as port:
        run = inv("local.up", "--port", str(port))

    assert (run.code, inv.processes(), inv.record_path.exists()) == (1, [], False)
    assert f"PORT_IN_USE: Port {port} " in run.err
    assert f"process {os.getpid()} ({psutil.Process().name()})" in run.err
    assert f"inv local.up --name {inv.name} --port 0" in run.err


def test_the_requested_port_is_used(inv: Shell) -> None:
    """`--port` decides; another port than the running engine's is refused with the remedy."""
    port = given.free_port()

    endpoint = inv.json("local.up", "--port", str(port))["endpoint"]
    refused = inv("local.up", "--port", "1")

    assert endpoint == f"http://127.0.0.1:{port}"
    fresh = f"inv local.up --name {inv.name} --port 1 --fresh   replaces it (its data is lost)"
    assert (refused.code, fresh in refused.err) == (1, True)
    assert _servers(inv) == [inv.record()["pid"]]


@pytest.mark.parametrize("running", [False, True], ids=["nothing-runs", "one-runs"])
@pytest.mark.parametrize("more", [(), ("--fresh",)], ids=["", "fresh"])
def test_persist_is_refused(inv: Shell, running: bool, more: tuple[str, ...]) -> None:
    """moto keeps nothing: `--persist` is refused, and what runs goes on undisturbed."""
    pids = [inv.json("local.up")["pid"]] if running else []

    run = inv("local.up", "--engine", "moto", "--persist", *more)

    assert (run.code, _servers(inv)) == (1, pids)
    assert "ENGINE_UNAVAILABLE" in run.err
    assert "--engine docker --persist" in run.err


def test_a_fresh_start_that_cannot_be_keeps_what_runs(inv: Shell) -> None:
    """A failure with exit code 1 has changed nothing: the old engine still runs."""
    pid = inv.json("local.up")["pid"]

    with given.listening() as port:
        run = inv("local.up", "--fresh", "--port", str(port))

    assert (run.code, _servers(inv)) == (1, [pid])


@pytest.mark.parametrize("number", SIGNALS)
def test_interrupted_in_the_middle_leaves_nothing(
    inv: Shell, tmp_path: Path, number: signal.Signals
) -> None:
    """A signal while the first answer is awaited: code 130, no process, no record."""
    process = inv.start("local.up", PYTHONPATH=given.fake_moto(tmp_path))
    eventually(lambda: "the words" in inv.log(), "the server is asked")

    run = given.interrupted(process, number)

    assert (run.code, inv.processes(), inv.record_path.exists()) == (130, [], False)
    assert "INTERRUPTED" in run.err
    assert "Traceback" not in run.err


def test_ctrl_c_in_the_terminal_does_not_reach_the_engine(running: Shell) -> None:
    """The engine is in a session of its own: the terminal's signals pass it by."""
    pid = running.record()["pid"]

    assert os.getsid(pid) == pid


def test_no_answer_in_time_shows_the_log(inv: Shell, tmp_path: Path) -> None:
    """A server that never answers: its log is shown, and it is ended."""
    run = inv("local.up", "--timeout", "1.5", PYTHONPATH=given.fake_moto(tmp_path))

    assert (run.code, inv.processes(), inv.record_path.exists()) == (1, [], False)
    assert "did not answer within 1.5 s" in run.err
    assert "the words of the log" in run.err


def test_a_server_that_ends_shows_its_log(inv: Shell, tmp_path: Path) -> None:
    """A server that ends at once: its exit code and the end of its log are shown."""
    run = inv("local.up", PYTHONPATH=given.fake_moto(tmp_path, "raise SystemExit('no can do')"))

    assert (run.code, "ended with code 1" in run.err, "no can do" in run.err) == (1, True, True)
    assert "ENGINE_UNAVAILABLE" in run.err


@pytest.mark.parametrize("engine", ["auto", "moto"])
def test_a_missing_moto_is_named(inv: Shell, tmp_path: Path, engine: str) -> None:
    """Without moto the message names the package and the command that installs it."""
    (tmp_path / "sitecustomize.py").write_text(HIDE_MOTO, encoding="utf-8")

    run = inv("local.up", "--engine", engine, PYTHONPATH=str(tmp_path))

    assert (run.code, inv.processes(), "Traceback" in run.err) == (1, [], False)
    assert "ENGINE_UNAVAILABLE" in run.err
    assert "not installed as Python packages: moto." in run.err
    assert "pip install" in run.err
    assert (NOWHERE in run.err) == (engine == "auto")


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"\xff\xfe\x00",
        b'{"engine": "moto", "name": "x", "endpoint": 5, "started_at": null, "used_at": "x"}',
        b'{"engine": "no", "name": "x", "endpoint": "x", "started_at": "x", "used_at": 1}',
    ],
)
def test_a_corrupt_state_file_is_survived(inv: Shell, content: bytes) -> None:
    """Whatever the file contains: nothing is known of an engine, and one can be started."""
    inv.state.mkdir()
    inv.record_path.write_bytes(content)

    runs = [inv(task) for task in ("local.status", "local.down")]
    inv.record_path.write_bytes(content)
    up = inv("local.up", "db.setup")

    assert [(run.code, "Traceback" in run.err) for run in (*runs, up)] == [(0, False)] * 3
    assert _servers(inv) == [inv.record()["pid"]]


def test_a_corrupt_file_of_another_engine_is_ignored(inv: Shell) -> None:
    """`db.*` looks through all records for the newest: one bad file does no harm."""
    inv.json("local.up")
    bad = {**inv.record(), "name": "other", "endpoint": 5, "used_at": "soon"}
    (inv.state / "other.json").write_text(json.dumps(bad), encoding="utf-8")

    document = inv("db.list", "--json").document

    assert (document["success"], document["endpoint"]) == (True, inv.engine().endpoint)


def test_a_state_directory_that_cannot_be_made_is_named(inv: Shell, tmp_path: Path) -> None:
    """A file where the directory should be: INVALID_CONFIGURATION names the variable."""
    taken = tmp_path / "file"
    taken.touch()

    run = inv("local.up", OSEM_STATE_DIR=str(taken))

    assert (run.code, "Traceback" in run.err) == (1, False)
    assert "INVALID_CONFIGURATION" in run.err
    assert "OSEM_STATE_DIR" in run.err


def test_two_at_once_end_with_one_process(inv: Shell) -> None:
    """Two `local.up` at the same time: one process, two successes."""
    both = [inv.start("local.up", "--json") for _ in range(2)]
    runs = [finished(process) for process in both]

    assert [run.code for run in runs] == [0, 0], [run.err for run in runs]
    assert {run.document["data"]["pid"] for run in runs} == {inv.record()["pid"]}
    assert _servers(inv) == [inv.record()["pid"]]


def test_logs_are_the_servers_own(running: Shell) -> None:
    """`local.logs` gives the server's lines, `--lines` limits their number."""
    run = running("local.logs")
    last = running.json("local.logs", "--lines", "1")["lines"]

    assert (run.code, "Running on" in run.out) == (0, True)
    assert last == run.out.splitlines()[-1:]


@pytest.mark.parametrize("words", [("--dry", "local.up"), ("local.up", "--dry", "--fresh")])
def test_a_dry_up_starts_nothing(inv: Shell, words: tuple[str, ...]) -> None:
    """Invoke's `--dry`, before or after the task, starts and records nothing."""
    run = inv(*words)

    assert (run.code, inv.processes(), inv.record_path.exists()) == (0, [], False)
    assert "moto" in run.out


def test_a_dry_down_keeps_the_engine(running: Shell) -> None:
    """With `--dry` a running engine is neither ended nor forgotten."""
    pid = running.record()["pid"]

    runs = [running("--dry", "local.down"), running("--dry", "local.up", "--fresh")]

    assert ([run.code for run in runs], _servers(running)) == ([0, 0], [pid])
    assert running.record()["pid"] == pid


def test_down_without_anything_is_a_success(inv: Shell) -> None:
    """No engine, no Docker, no record: there is nothing to stop."""
    run = inv("local.down")

    assert (run.code, run.err) == (0, "")
    assert inv.name in run.out


def test_the_python_that_runs_inv_runs_the_engine(running: Shell) -> None:
    """moto is taken from the virtual environment of `inv`, not from the PATH."""
    arguments: list[Any] = psutil.Process(running.record()["pid"]).cmdline()

    assert Path(arguments[0]).parent == Path(sys.executable).parent
