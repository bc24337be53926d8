"""The moto engine, where no server is needed: its process, its port, its log, its absence."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from osem_tasks.engines import detached, host, records
from osem_tasks.engines.base import EngineRecord, EngineRequest
from osem_tasks.engines.moto import MotoEngine
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.policy import Policy, using
from tests.support.fake_engines import fake_dynamodb

if TYPE_CHECKING:
    from collections.abc import Iterator

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(600)"
OBEDIENT = "import time; print(flush=True); time.sleep(600)"


def request(**facts: Any) -> EngineRequest:
    """A request of moto engine `mine`."""
    defaults: dict[str, Any] = {"default_port": 0, "default_image": "", "timeout": 0.05}
    return EngineRequest(name="mine", engine="moto", **{**defaults, **facts})


def record(pid: int, started: float, endpoint: str = "http://127.0.0.1:9") -> EngineRecord:
    """The saved record of engine `mine`."""
    return records.save(
        EngineRecord(
            engine="moto",
            name="mine",
            endpoint=endpoint,
            started_at="yesterday",
            used_at=0.0,
            pid=pid,
            process_started=started,
        )
    )


@pytest.fixture
def program(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A running Python program, obedient unless the test names another."""
    code = getattr(request, "param", OBEDIENT)
    with subprocess.Popen(
        [sys.executable, "-X", detached.marker("mine"), "-c", code], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has set up its signals
        yield process
        process.kill()


def run(wanted: EngineRequest) -> str:
    """How `up` ended."""
    return MotoEngine().up(wanted, lambda _: None).how


@pytest.mark.parametrize("package", ["moto", "flask", "flask_cors", "py_partiql_parser"])
def test_a_missing_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without moto or its server the engine cannot run, and the remedy installs it."""
    monkeypatch.setitem(sys.modules, package, None)
    words = f"not installed as Python packages: {package.replace('_', '-')}\\.$"
    with pytest.raises(OsemError, match=words) as caught:
        MotoEngine().check()

    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert caught.value.remediation == 'pip install "moto[dynamodb]" flask flask-cors'


@pytest.mark.parametrize("program", [OBEDIENT, DEAF], indirect=True, ids=["term", "kill"])
def test_a_process_is_ended(program: subprocess.Popen[bytes]) -> None:
    """It is terminated, and killed when it ignores that."""
    with using(Policy(engine_stop=0.3)):
        MotoEngine().stop(record(program.pid, host.process_started(program.pid)))

    assert program.wait() in (-15, -9)


@pytest.mark.parametrize("since", [3600, 0], ids=["earlier-process", "not-a-server-of-ours"])
def test_another_program_of_that_pid_is_left_alone(since: float) -> None:
    """Of an earlier process, or no server that we start: nothing is stopped, no record kept."""
    with subprocess.Popen([sys.executable, "-c", OBEDIENT], stdout=subprocess.DEVNULL) as stranger:
        record(stranger.pid, host.process_started(stranger.pid) - since)

        removed = MotoEngine().down("mine", drop_data=False)

        assert (removed, stranger.poll(), records.load("mine")) == ([], None, None)
        stranger.kill()


def test_down_ends_the_recorded_process(program: subprocess.Popen[bytes]) -> None:
    """The process is named, and the record dropped."""
    record(program.pid, host.process_started(program.pid))

    removed = MotoEngine().down("mine", drop_data=False)

    assert removed == [f"moto process {program.pid}"]
    assert (psutil.pid_exists(program.pid) and program.poll() is None) is False
    assert records.load("mine") is None


def test_a_running_server_is_reused(program: subprocess.Popen[bytes]) -> None:
    """Its process lives and moto answers at its endpoint."""
    with fake_dynamodb("Werkzeug/3") as endpoint:
        record(program.pid, host.process_started(program.pid), endpoint)

        assert run(request()) == "reused"


@pytest.mark.parametrize(
    "facts, words, code",
    [
        pytest.param(
            {"port": 1},
            r"already running at http://127.0.0.1:9 \(requested port 1\)",
            ErrorCode.ENGINE_UNAVAILABLE,
            id="another-port",
        ),
        pytest.param({}, "does not answer", ErrorCode.TIMEOUT, id="no-answer"),
    ],
)
def test_a_running_server_that_does_not_fit_is_kept(
    program: subprocess.Popen[bytes], facts: dict[str, Any], words: str, code: ErrorCode
) -> None:
    """The remedy replaces it, and says that its data is lost."""
    record(program.pid, host.process_started(program.pid))
    wanted = request(**facts)
    with pytest.raises(OsemError, match=words) as caught:
        run(wanted)

    fresh = replace(wanted, fresh=True).command()
    assert caught.value.remediation == f"{fresh}   replaces it (its data is lost)"
    assert (caught.value.code, program.poll()) == (code, None)


def test_a_taken_port_keeps_what_runs(program: subprocess.Popen[bytes]) -> None:
    """A fresh start that cannot be leaves the running server alone."""
    record(program.pid, host.process_started(program.pid))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(OsemError) as caught:
            run(request(port=port, fresh=True))

    assert (caught.value.code, program.poll()) == (ErrorCode.PORT_IN_USE, None)


@pytest.mark.parametrize(
    "lines, expected", [(2, ["c", "d"]), (4, ["a", "b", "c", "d"]), (9, ["a", "b", "c", "d"])]
)
def test_the_log_ends_with_these_lines(lines: int, expected: list[str]) -> None:
    """At most as many as requested."""
    records.log_path("mine").write_text("a\nb\nc\nd\n", encoding="utf-8")

    assert list(MotoEngine().logs("mine", lines)) == expected


def test_there_may_be_no_log() -> None:
    """An engine that never wrote has no lines."""
    assert list(MotoEngine().logs("mine", 5)) == []
