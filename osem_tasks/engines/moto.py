"""moto's server as a detached process of ours: the embedded engine where Docker is absent."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections import deque
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from osem_tasks.config.commands import engine_command
from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import host, probe, records
from osem_tasks.engines.base import Engine, EngineRecord, UpResult
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import emulators
from osem_tasks.waiting import interrupts, policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from osem_tasks.engines.base import EngineRequest, Say

INSTALL = 'pip install "moto[dynamodb,server]"'
LOG_LINES = 8
# The processes that this one started. They outlive it; until then it is their parent.
_children: list[subprocess.Popen[bytes]] = []


class MotoEngine(Engine):
    """A process engine: its pid, port and log are kept in the record."""

    kind = "moto"
    persists = False

    def check(self) -> str:
        """Whether moto is installed. Raises OsemError (ENGINE_UNAVAILABLE) when it is not."""
        if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
            raise OsemError(
                "The moto engine cannot run: the Python package moto[server] is not installed.",
                code=ErrorCode.ENGINE_UNAVAILABLE,
                remediation=INSTALL,
            )
        return "moto is installed"

    def describe(self, record: EngineRecord) -> str:
        """The engine of ``record`` in a few words."""
        return f"moto in process {record.pid}"

    def up(self, request: EngineRequest, say: Say) -> UpResult:
        """Reuse our live process, else start one. Raises OsemError."""
        running = _running(request.name)
        if running and not request.fresh:
            return UpResult(record=_reuse(running, request), how="reused")
        # Before the running engine is stopped: a start that must fail leaves it as it is.
        port = _port(request, running)
        if running:
            stop(running)
        return UpResult(record=records.save(_start(request, port, say)), how="started")

    def down(self, name: str, *, drop_data: bool) -> list[str]:  # noqa: ARG002  keeps nothing
        """Stop our process; another program that took over its pid is left alone."""
        running = _running(name)
        if running:
            stop(running)
        records.forget(name)
        return [f"moto process {running.pid}"] if running else []

    def logs(self, name: str, lines: int) -> Iterator[str]:
        """The last ``lines`` lines of the process's log."""
        path = records.log_path(name)
        if path.exists():
            with path.open(encoding="utf-8", errors="replace") as log:
                yield from (line.rstrip("\n") for line in deque(log, maxlen=lines))


def stop(record: EngineRecord) -> None:
    """End the process of a record, which is alive. Raises OsemError when it stays."""
    import psutil

    seconds = policy.current().engine_stop
    for end in (psutil.Process.terminate, psutil.Process.kill):
        try:
            end(psutil.Process(record.pid))
        except psutil.NoSuchProcess:
            return
        # Not psutil's own wait: where no parent collects ended processes, it never returns.
        backoff = wait.Backoff(policy.current().engine_poll)
        if wait.poll(lambda: _has_ended(record), bool, Deadline(seconds), backoff):
            return
    raise OsemError(
        f"Could not stop moto's server (process {record.pid}).",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=f"kill -9 {record.pid}   then: {engine_command('local.down', record.name)}",
    )


def _has_ended(record: EngineRecord) -> bool:
    for child in _children:
        child.poll()  # a child of this very process would stay a zombie
    return not host.process_runs(record)


def _running(name: str) -> EngineRecord | None:
    """The record of engine ``name`` if its process is alive: the very one that was started."""
    record = records.load(name)
    return record if record and host.process_runs(record) else None


def _reuse(running: EngineRecord, request: EngineRequest) -> EngineRecord:
    fresh = replace(request, fresh=True).command()
    if request.port and not _is_at(running, request.port):
        raise OsemError(
            f"moto is already running at {running.endpoint} (requested port {request.port}).",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=f"{fresh}   replaces it (its data is lost)",
        )
    if not probe.wait_for(running.endpoint, emulators.MOTO, request.timeout):
        raise OsemError(
            f"moto's server (process {running.pid}) does not answer at {running.endpoint}.",
            code=ErrorCode.TIMEOUT,
            remediation=f"{fresh}   replaces it (its data is lost)",
        )
    return records.save(running)


def _port(request: EngineRequest, running: EngineRecord | None) -> int:
    """The port to listen on, 0 for any; one that only our own engine holds is free."""
    wanted = request.default_port if request.port is None else request.port
    own = running is not None and _is_at(running, wanted)
    if wanted and not own and not host.is_free(wanted):
        raise host.port_in_use(wanted, request)
    return wanted


def _is_at(record: EngineRecord, port: int) -> bool:
    return record.endpoint.endswith(f":{port}")


def _start(request: EngineRequest, wanted: int, say: Say) -> EngineRecord:
    port = wanted or host.free_port()
    log = records.log_path(request.name)
    say(f"starting moto's server on port {port}")
    before = len(_children)
    try:
        process = _spawn(port, log)
        started = host.process_started(process.pid)
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
            remedy = f"Reinstall it: {INSTALL}   then: {request.command()}"
            raise _failed(f"ended with code {process.returncode}", log, remedy)

    if not probe.wait_for(endpoint, emulators.MOTO, request.timeout, check_alive):
        remedy = f"{request.command('--timeout', f'{request.timeout * 2:g}')}   waits longer"
        raise _failed(f"did not answer within {request.timeout:g} s", log, remedy)
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


def _failed(what: str, log: Path, remedy: str) -> OsemError:
    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-LOG_LINES:]
    return OsemError(
        "\n".join([f"moto's server {what}. Its log ends:", *(f"  {line}" for line in tail)]),
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=remedy,
        details={"log": str(log)},
    )
