"""An engine that runs as a detached process of this machine: its life, without its program.

A kind of engine derives from ``DetachedEngine`` and says which command starts its program.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from abc import abstractmethod
from collections import deque
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from osem_tasks.config.commands import engine_command
from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import (
    children,
    data,
    following,
    host,
    probe,
    process,
    records,
    settings,
    state,
)
from osem_tasks.engines.base import Engine, EngineRecord, Intent, UpResult, Waiting
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from subprocess import Popen

    from osem_tasks.engines.base import EngineRequest, Say
    from osem_tasks.schema import emulators

LOG_LINES = 8
# Begins the word by which the process of an engine is known; the path of its record follows.
MARK = "osem-engine="
STACK_FRAME = "\tat "
# How often another program may take a port between its choice and its use.
MAX_RACES = 3


class DetachedEngine(Engine):
    """An engine that runs as a process; the record has its pid, port and log.

    ``product`` names the program in messages, ``answers_as`` is the DynamoDB that it is.
    """

    # Whether it keeps data under --persist, in the directory of ``data.path``.
    persists = False
    product: str
    answers_as: emulators.Engine

    @abstractmethod
    def command(self, request: EngineRequest, port: int) -> Sequence[str]:
        """Return the command that serves at ``port`` of the loopback; ``marker`` is a word of it."""

    @abstractmethod
    def is_server(self, words: Sequence[str]) -> bool:
        """Return whether a command line with our marker is one of ``command``."""

    @abstractmethod
    def mending(self) -> str:
        """Return the command that repairs the installation of a program that ends at once."""

    def variables(self, request: EngineRequest, port: int) -> Mapping[str, str]:  # noqa: ARG002  for overriding
        """Return variables of the process beside those of ``process.environment``."""
        return {}

    def mark(self, name: str) -> str:
        """Return the word of ``command`` that identifies the process of engine ``name``."""
        return marker(name)

    def differing(self, running: EngineRecord, request: EngineRequest) -> list[str]:
        """Describe how a running engine differs from the explicitly requested settings."""
        if not self.persists:
            return []
        port = int(running.endpoint.rpartition(":")[2])
        return settings.mismatches(
            request, image=request.image, port=port, persist=running.persist, shared=running.shared
        )

    def check_log(self, lines: Sequence[str], request: EngineRequest) -> None:
        """Raise OsemError if the log of a starting process shows that it will never answer."""

    def note(self, record: EngineRecord, request: EngineRequest) -> str:  # noqa: ARG002  for overriding
        """Return a warning about the running engine; empty if there is none."""
        return ""

    def describe(self, record: EngineRecord) -> str:
        """Describe the engine of ``record`` briefly."""
        return f"{self.kind} in process {record.pid}"

    def is_running(self, record: EngineRecord) -> bool:
        """Return whether the process of ``record`` is alive and is a server that we started."""
        return bool(host.process_runs(record)) and self._is_ours(record)

    def up(self, request: EngineRequest, say: Say) -> UpResult:
        """Reuse our running process, or start one. Raises OsemError."""
        running = self._running(request.name)
        if running and not request.fresh:
            record = self._reuse(running, request)
            return UpResult(record=record, how="reused", note=self.note(record, request))
        if self.persists:
            request = data.resumed(request, self._last(request.name))
        # Choose the port first: if that fails, the running engine must not be stopped.
        port = _port(request, running)
        if self.persists and request.fresh:
            self._refuse_if_used(request.name, replace(request, fresh=False).command())
        if running:
            self.stop(running)
        self._end_unrecorded(request.name)
        if self.persists and request.fresh:
            data.remove(self.kind, request.name)
        record = self._start(request, port, say)
        notes = [self.note(record, request)]
        if self.persists:
            notes.append(data.note(self.kind, request))
        return UpResult(record=record, how="started", note=" ".join(filter(None, notes)))

    def down(self, name: str, *, drop_data: bool) -> list[str]:
        """Stop our processes, but no other program that has reused a pid."""
        drops = drop_data and self.persists
        if drops:
            self._refuse_if_used(name, engine_command("local.down", name))
        running = self._running(name)
        if running:
            self.stop(running)
        ended = [running.pid] if running else []
        ended += self._end_unrecorded(name)
        removed = [f"{self.kind} process {pid}" for pid in ended]
        if drops and data.remove(self.kind, name):
            removed.append(f"data in {data.path(self.kind, name)}")
        records.forget(name)
        return removed

    def logs(self, name: str, lines: int) -> Iterator[str]:
        """Yield the last ``lines`` lines of the process's log."""
        yield from deque(children.log_lines(records.log_path(name)), maxlen=lines)

    def follow(self, record: EngineRecord, lines: int) -> Iterator[str]:
        """Yield the last ``lines`` lines of the log, then those that come, until the process ends."""
        path = records.log_path(record.name)
        yield from following.follow(path, lines, lambda: not host.process_runs(record))

    def stop(self, record: EngineRecord) -> None:
        """End the running process of a record. Raises OsemError if it does not end."""
        if record.pid is not None:
            children.end(
                record.pid, lambda: bool(host.process_runs(record)), record.name, self.product
            )

    def _end_unrecorded(self, name: str) -> list[int]:
        """End the processes of engine ``name`` that have no record; return their pids.

        A command that is killed after it starts a process and before it records it leaves one.
        """
        found = self._processes(name)
        for pid in found:
            children.end(pid, functools.partial(self._serves, pid, name), name, self.product)
        return found

    def _processes(self, name: str) -> list[int]:
        """Return the pids of our processes of engine ``name``, recorded or not."""
        return [pid for pid in host.processes_with(self.mark(name)) if self._serves(pid, name)]

    def _serves(self, pid: int, name: str) -> bool:
        words = host.command_line(pid)
        return self.mark(name) in words and self.is_server(words)

    def _refuse_if_used(self, name: str, keeping: str) -> None:
        data.refuse_if_used(self.kind, name, self._processes(name), keeping)

    def _last(self, name: str) -> EngineRecord | None:
        """Return the record of the last process of engine ``name``, which may have ended."""
        record = records.load(name)
        return record if record and record.engine == self.kind else None

    def _is_ours(self, record: EngineRecord) -> bool:
        """Return whether the process of a record has a command line that we use."""
        words = host.command_line(record.pid or 0)
        # Earlier versions added no marker.
        return self.mark(record.name) in words or (
            not record.process_identity and self.is_server(words)
        )

    def _running(self, name: str) -> EngineRecord | None:
        """Return the record of engine ``name`` if the process that we started is still alive."""
        record = records.load(name)
        return record if record and self.is_running(record) else None

    def _reuse(self, running: EngineRecord, request: EngineRequest) -> EngineRecord:
        if differing := self.differing(running, request):
            raise settings.runs_otherwise(request, differing)
        replacing = (
            f"{request.replacing_command()}   replaces it (data in memory is lost)"
            if self.persists
            else f"{replace(request, fresh=True).command()}   replaces it (its data is lost)"
        )
        if request.port and not _is_at(running, request.port):
            raise OsemError(
                f"{self.product} is already running at {running.endpoint} "
                f"(requested port {request.port}).",
                code=ErrorCode.ENGINE_UNAVAILABLE,
                remediation=replacing,
            )
        if not probe.wait_for(running.endpoint, self.answers_as, request.timeout):
            raise OsemError(
                f"{self.product} (process {running.pid}) does not answer at {running.endpoint}.",
                code=ErrorCode.TIMEOUT,
                remediation=replacing,
            )
        return records.save(running)

    def _start(self, request: EngineRequest, wanted: int, say: Say) -> EngineRecord:
        for _ in range(MAX_RACES):
            port = wanted or host.free_port()
            try:
                return self._start_at(port, request, say)
            except OsemError as error:
                # Retry only if any free port was requested and another program took it.
                if wanted or error.code is not ErrorCode.PORT_IN_USE:
                    raise
        return self._start_at(host.free_port(), request, say)

    def _start_at(self, port: int, request: EngineRequest, say: Say) -> EngineRecord:
        started_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        say(f"starting {self.product} on port {port}")
        began = records.begin(
            Intent(engine=self.kind, name=request.name, started_at=started_at, **request.ownership)
        )
        keeping = data.kept(self.kind, request) if self.persists else contextlib.nullcontext()
        with keeping, children.undone_on_failure(lambda: records.undo(request.name, began)):
            child = self._spawn(port, request)
            say(Waiting(f"waiting for an answer of {self.product} on port {port}"))
            self._await(child, port, request)
            return records.save(self._record(child.pid, port, started_at, request))

    def _spawn(self, port: int, request: EngineRequest) -> Popen[bytes]:
        home = records.directory()
        variables = process.environment(home, os.environ)
        return children.spawn(
            self.command(request, port),
            {**variables, **self.variables(request, port)},
            home,
            records.log_path(request.name),
        )

    def _await(self, child: Popen[bytes], port: int, request: EngineRequest) -> None:
        """Wait until this process answers at ``port``. Raises OsemError."""
        log = records.log_path(request.name)

        def check_alive() -> None:
            self.check_log(_said(log), request)
            if child.poll() is None:
                return
            if not host.is_free(port):
                raise host.port_in_use(port, request)
            remedy = f"Reinstall it: {self.mending()}   then: {request.command()}"
            raise self._failed(f"ended with code {child.returncode}", log, remedy)

        def is_this_process() -> bool:
            return host.listens(child.pid, port)

        # Another engine may have taken the port first and answer there.
        arguments = (f"http://{LOOPBACK}:{port}", self.answers_as, request.timeout)
        if not probe.wait_for(*arguments, check_alive, is_this_process):
            remedy = f"{request.command('--timeout', f'{request.timeout * 2:g}')}   waits longer"
            raise self._failed(f"did not answer within {request.timeout:g} s", log, remedy)

    def _record(self, pid: int, port: int, started_at: str, request: EngineRequest) -> EngineRecord:
        return EngineRecord(
            engine=self.kind,
            name=request.name,
            endpoint=f"http://{LOOPBACK}:{port}",
            started_at=started_at,
            used_at=time.time(),
            persist=bool(self.persists and request.persist),
            shared=request.shared,
            pid=pid,
            process_started=host.process_started(pid),
            process_identity=host.process_identity(pid),
            log=str(records.log_path(request.name)),
            **request.ownership,
        )

    def _failed(self, what: str, log: Path, remedy: str) -> OsemError:
        tail = _said(log)[-LOG_LINES:]
        return OsemError(
            "\n".join([f"{self.product} {what}. Its log ends:", *(f"  {line}" for line in tail)]),
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=remedy,
            details={"log": str(log)},
        )


def marker(name: str) -> str:
    """Return the word that identifies the process of engine ``name`` on its command line."""
    # Not records.directory(): a check of what runs must not create it.
    path = os.path.realpath(state.location() / name)
    return f"{MARK}{path}"


def _said(log: Path) -> list[str]:
    """Return the lines of a log without the stack frames of Java, which hide the message."""
    return [line for line in children.log_lines(log) if not line.startswith(STACK_FRAME)]


def _port(request: EngineRequest, running: EngineRecord | None) -> int:
    """Return the port to listen on, 0 for any. A port that our own engine holds counts as free."""
    wanted = request.wanted_port
    own = running is not None and _is_at(running, wanted)
    if wanted and not own and not host.is_free(wanted):
        raise host.port_in_use(wanted, request)
    return wanted


def _is_at(record: EngineRecord, port: int) -> bool:
    return record.endpoint.endswith(f":{port}")
