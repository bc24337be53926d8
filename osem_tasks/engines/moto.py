"""moto's server as a detached process: the embedded engine for machines without Docker."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import subprocess
import time
from collections import deque
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from osem_tasks.config.commands import engine_command
from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import host, probe, process, records, state
from osem_tasks.engines.base import Engine, EngineRecord, Intent, UpResult
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import emulators
from osem_tasks.waiting import interrupts, policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from osem_tasks.engines.base import EngineRequest, Say

INSTALL = 'pip install "moto[dynamodb,server]"'
LOG_LINES = 8
MODULE = "moto.server"
# How often another program may take a port between its choice and its use.
MAX_RACES = 3
# Processes that this process started. They outlive it, but it must reap those that end first.
_children: list[subprocess.Popen[bytes]] = []


class _Detached(subprocess.Popen[bytes]):
    """A process that may outlive this one."""

    def __del__(self) -> None:
        """Do not warn that the process still runs: its record tells how to stop it."""


class MotoEngine(Engine):
    """An engine that runs as a process; the record has its pid, port and log."""

    kind = "moto"
    persists = False

    def check(self) -> str:
        """Describe the installed moto. Raises OsemError (ENGINE_UNAVAILABLE) if there is none."""
        packages = ("moto", "flask")
        found = (importlib.util.find_spec(name) and process.is_installed(name) for name in packages)
        if not all(found):
            raise OsemError(
                "The moto engine cannot run: the Python package moto[server] is not installed.",
                code=ErrorCode.ENGINE_UNAVAILABLE,
                remediation=INSTALL,
            )
        return "moto is installed"

    def describe(self, record: EngineRecord) -> str:
        """Describe the engine of ``record`` briefly."""
        return f"moto in process {record.pid}"

    def is_running(self, record: EngineRecord) -> bool:
        """Return whether the process of ``record`` is alive and is a server that we started."""
        return bool(host.process_runs(record)) and _is_ours(record)

    def up(self, request: EngineRequest, say: Say) -> UpResult:
        """Reuse our running process, or start one. Raises OsemError."""
        running = _running(request.name)
        if running and not request.fresh:
            return UpResult(record=_reuse(running, request), how="reused")
        # Choose the port first: if that fails, the running engine must not be stopped.
        port = _port(request, running)
        if running:
            stop(running)
        _end_unrecorded(request.name)
        return UpResult(record=_start(request, port, say), how="started")

    def down(self, name: str, *, drop_data: bool) -> list[str]:  # noqa: ARG002  keeps nothing
        """Stop our processes, but no other program that has reused a pid."""
        running = _running(name)
        if running:
            stop(running)
        ended = [running.pid] if running else []
        ended += _end_unrecorded(name)
        records.forget(name)
        return [f"moto process {pid}" for pid in ended]

    def logs(self, name: str, lines: int) -> Iterator[str]:
        """Yield the last ``lines`` lines of the process's log."""
        yield from deque(_log_lines(records.log_path(name)), maxlen=lines)


def marker(name: str) -> str:
    """Return the word that identifies the process of engine ``name`` on its command line.

    Python accepts any ``-X`` option and ignores unknown ones.
    """
    path = os.path.realpath(records.directory() / name)
    return f"osem-engine={path}"


def stop(record: EngineRecord) -> None:
    """End the running process of a record. Raises OsemError if it does not end."""
    if record.pid is not None:
        _end(record.pid, lambda: bool(host.process_runs(record)), record.name)


def _end(pid: int, runs: Callable[[], bool], name: str) -> None:
    """End process ``pid``, by force if necessary; ``runs`` says whether it is still the same.

    Raises OsemError if it does not end.
    """
    import psutil

    def has_ended() -> bool:
        ended = not runs()
        for child in _children:
            child.poll()  # a child of this process would stay a zombie
        return ended

    seconds = policy.current().engine_stop
    for end in (psutil.Process.terminate, psutil.Process.kill):
        with contextlib.suppress(psutil.Error):
            end(psutil.Process(pid))
        # psutil's own wait never returns if no parent reaps the ended process.
        backoff = wait.Backoff(policy.current().engine_poll)
        if wait.poll(has_ended, bool, Deadline(seconds), backoff):
            return
    raise OsemError(
        f"Could not stop moto's server (process {pid}).",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=f"kill -9 {pid}   then: {engine_command('local.down', name)}",
    )


def _end_unrecorded(name: str) -> list[int]:
    """End the processes of engine ``name`` that have no record; return their pids.

    A command that is killed after it starts a process and before it records it leaves one.
    """
    mark = marker(name)

    def is_server(pid: int) -> bool:
        words = host.command_line(pid)
        return mark in words and MODULE in words

    found = [pid for pid in host.processes_with(mark) if is_server(pid)]
    for pid in found:
        _end(pid, functools.partial(is_server, pid), name)
    return found


def _is_ours(record: EngineRecord) -> bool:
    """Return whether the process of a record has a command line that we use to start moto."""
    words = host.command_line(record.pid or 0)
    # Earlier versions added no marker.
    return marker(record.name) in words or (not record.process_identity and MODULE in words)


def _running(name: str) -> EngineRecord | None:
    """Return the record of engine ``name`` if the process that we started is still alive."""
    record = records.load(name)
    return record if record and MotoEngine().is_running(record) else None


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
    """Return the port to listen on, 0 for any. A port that our own engine holds counts as free."""
    wanted = request.default_port if request.port is None else request.port
    own = running is not None and _is_at(running, wanted)
    if wanted and not own and not host.is_free(wanted):
        raise host.port_in_use(wanted, request)
    return wanted


def _is_at(record: EngineRecord, port: int) -> bool:
    return record.endpoint.endswith(f":{port}")


def _start(request: EngineRequest, wanted: int, say: Say) -> EngineRecord:
    for _ in range(MAX_RACES):
        port = wanted or host.free_port()
        try:
            return _start_at(port, request, say)
        except OsemError as error:
            # Retry only if any free port was requested and another program took it.
            if wanted or error.code is not ErrorCode.PORT_IN_USE:
                raise
    return _start_at(host.free_port(), request, say)


def _start_at(port: int, request: EngineRequest, say: Say) -> EngineRecord:
    started_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    say(f"starting moto's server on port {port}")
    records.begin(
        Intent(
            engine=MotoEngine.kind, name=request.name, started_at=started_at, **request.ownership
        )
    )
    before = len(_children)
    try:
        child = _spawn(port, request.name)
        _await(child, port, request)
        return records.save(_record(child.pid, port, started_at, request))
    except BaseException:
        # Also on Ctrl-C and if the record cannot be written: nothing else would stop it.
        with interrupts.shielded():
            for child in _children[before:]:
                child.kill()
                child.wait()
            with contextlib.suppress(OsemError):
                records.undo(request.name)
        raise


def _spawn(port: int, name: str) -> subprocess.Popen[bytes]:
    home = records.directory()
    command = process.python_command(
        MODULE, "-H", LOOPBACK, "-p", str(port), mark=marker(name), distribution="moto"
    )
    # Shielded: an interrupt between the fork and the entry in _children would orphan the child.
    with interrupts.shielded(), os.fdopen(state.create(records.log_path(name)), "wb") as stream:
        child = _Detached(
            command,
            cwd=home,
            env=process.environment(home, os.environ),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
        _children.append(child)
    return child


def _await(child: subprocess.Popen[bytes], port: int, request: EngineRequest) -> None:
    """Wait until this process answers at ``port``. Raises OsemError."""
    log = records.log_path(request.name)

    def check_alive() -> None:
        if child.poll() is None:
            return
        if not host.is_free(port):
            raise host.port_in_use(port, request)
        remedy = f"Reinstall it: {INSTALL}   then: {request.command()}"
        raise _failed(f"ended with code {child.returncode}", log, remedy)

    def is_this_process() -> bool:
        return host.listens(child.pid, port)

    # Another engine may have taken the port first and answer there.
    arguments = (f"http://{LOOPBACK}:{port}", emulators.MOTO, request.timeout)
    if not probe.wait_for(*arguments, check_alive, is_this_process):
        remedy = f"{request.command('--timeout', f'{request.timeout * 2:g}')}   waits longer"
        raise _failed(f"did not answer within {request.timeout:g} s", log, remedy)


def _record(pid: int, port: int, started_at: str, request: EngineRequest) -> EngineRecord:
    return EngineRecord(
        engine=MotoEngine.kind,
        name=request.name,
        endpoint=f"http://{LOOPBACK}:{port}",
        started_at=started_at,
        used_at=time.time(),
        pid=pid,
        process_started=host.process_started(pid),
        process_identity=host.process_identity(pid),
        log=str(records.log_path(request.name)),
        **request.ownership,
    )


def _failed(what: str, log: Path, remedy: str) -> OsemError:
    tail = list(deque(_log_lines(log), maxlen=LOG_LINES))
    return OsemError(
        "\n".join([f"moto's server {what}. Its log ends:", *(f"  {line}" for line in tail)]),
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=remedy,
        details={"log": str(log)},
    )


def _log_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a log; none if it is absent or not a regular file of this user."""
    with contextlib.suppress(OSError, state.UnreadableError), state.open_plain(path) as log:
        for line in log:
            yield line.decode("utf-8", errors="replace").rstrip("\r\n")
