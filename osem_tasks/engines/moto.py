"""moto's server as a detached process of ours: the embedded default without Docker."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections import deque
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import host as ports
from osem_tasks.engines import probe, processes
from osem_tasks.engines import records as state
from osem_tasks.engines.base import EngineRecord, Raised
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import interrupts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from osem_tasks.engines.base import EngineRequest, Say

STOP_SECONDS = 5
# The processes that this one started. They outlive it; until then it is their parent.
_children: list[subprocess.Popen[bytes]] = []


def missing() -> str | None:
    """Why moto cannot run here, or None when it can."""
    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
        return "the Python package moto[server] is not installed"
    return None


class MotoEngine:
    """Process engine: pid, port and log are kept in the state file."""

    kind = "moto"

    def up(self, request: EngineRequest, say: Say) -> Raised:
        """Reuse our live process, else start one. Raises OsemError."""
        if request.persist:
            raise OsemError(
                "The moto engine keeps its data in memory only.",
                code=ErrorCode.ENGINE_UNAVAILABLE,
                remediation="Start a Docker engine, then: inv local.up --engine docker --persist",
            )
        running = alive(state.load(request.name))
        if running and not request.fresh:
            _refuse_mismatch(running, request)
            if probe.wait_for(running.endpoint, probe.Answer.MOTO, request.timeout, _still):
                return Raised(state.save(running), "reused")
            raise OsemError(
                f"moto's server (process {running.pid}) does not answer at {running.endpoint}.",
                code=ErrorCode.TIMEOUT,
                remediation="inv local.up --fresh   replaces it (its data is lost)",
            )
        # Before what runs is ended: a start that cannot be must leave it as it is.
        port = _free(request, running)
        if running:
            stop(running)
        return Raised(state.save(_start(request, port, say)), "started")

    def down(self, name: str, *, drop_data: bool) -> list[str]:  # noqa: ARG002  keeps nothing
        """Stop our process; another program that took over its pid is left alone."""
        record = state.load(name)
        running = alive(record)
        if running:
            stop(running)
        state.forget(name)
        return [f"moto process {running.pid}"] if running else []

    def logs(self, name: str, lines: int) -> Iterator[str]:
        """The last ``lines`` lines of the process's log."""
        path = state.log_path(name)
        if path.exists():
            with path.open(encoding="utf-8", errors="replace") as log:
                yield from (line.rstrip("\n") for line in deque(log, maxlen=lines))


def alive(record: EngineRecord | None) -> EngineRecord | None:
    """``record`` if its process still lives: the very one, not a later one of the same pid."""
    if record is None or record.pid is None or record.process_started is None:
        return None
    return record if processes.lives(record.pid, record.process_started) else None


def _still() -> None:
    """A slow process is waited for, a dead one was told apart before."""


def stop(record: EngineRecord) -> None:
    """End the process of a record that ``alive`` confirmed. Raises OsemError if it stays."""
    import psutil

    for end in (psutil.Process.terminate, psutil.Process.kill):
        try:
            end(psutil.Process(record.pid))
        except psutil.NoSuchProcess:
            return
        # Not psutil's own wait: where nobody reaps the dead, it waits for ever.
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if not alive(record):
                return
            time.sleep(probe.INTERVAL)
    raise OsemError(
        f"moto's server (process {record.pid}) does not end.",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=f"kill -9 {record.pid}   then: inv local.down",
    )


def _refuse_mismatch(running: EngineRecord, request: EngineRequest) -> None:
    if request.port and not running.endpoint.endswith(f":{request.port}"):
        raise OsemError(
            f"moto already runs at {running.endpoint}, not at port {request.port}.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=f"inv local.up --fresh --port {request.port}   (its data is lost)",
        )


def _free(request: EngineRequest, running: EngineRecord | None) -> int:
    """The port to listen on, 0 for any; one that only our own engine holds is free."""
    wanted = request.default_port if request.port is None else request.port
    own = running is not None and running.endpoint.endswith(f":{wanted}")
    if wanted and not own and not ports.is_free(wanted):
        raise ports.port_in_use(wanted)
    return wanted


def _start(request: EngineRequest, wanted: int, say: Say) -> EngineRecord:
    # Loaded before there is a process to lose.
    import psutil

    port = wanted or ports.free_port()
    log = state.log_path(request.name)
    say(f"starting moto's server on port {port}")
    before = len(_children)
    try:
        process = _spawn(port, log)
        started = psutil.Process(process.pid).create_time()
        return _await(process, started, port, log, request)
    except BaseException:
        # Also on Ctrl-C: a process that nobody recorded would never be found again.
        with interrupts.shielded():
            for child in _children[before:]:
                child.kill()
                child.wait()
        raise


def _spawn(port: int, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)]
    # Shielded: an interrupt between the fork and the note of it would orphan the child.
    with interrupts.shielded(), log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603  our own interpreter, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
        _children.append(process)
    return process


def _await(
    process: subprocess.Popen[bytes],
    started: float,
    port: int,
    log: Path,
    request: EngineRequest,
) -> EngineRecord:
    endpoint = f"http://{LOOPBACK}:{port}"

    def check_alive() -> None:
        if process.poll() is not None:
            raise _failed(f"moto's server ended with code {process.returncode}", log)

    if not probe.wait_for(endpoint, probe.Answer.MOTO, request.timeout, check_alive):
        raise _failed(f"moto's server did not answer within {request.timeout:g} s", log)
    return EngineRecord(
        engine=MotoEngine.kind,
        name=request.name,
        endpoint=endpoint,
        started_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        used_at=time.time(),
        pid=process.pid,
        process_started=started,
        log=str(log),
        **request.ownership,
    )


def _failed(what: str, log: Path) -> OsemError:
    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:]
    return OsemError(
        "\n".join([f"{what}. Its log ends:", *(f"  {line}" for line in tail)]),
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation='Reinstall it: pip install "moto[dynamodb,server]", then: inv local.up',
        details={"log": str(log)},
    )
