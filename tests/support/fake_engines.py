"""Kinds of engine for tests: they start no process and no container."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from osem_tasks.engines import host, presence, probe, records, registry, settings
from osem_tasks.engines.base import Engine, EngineRecord, UpResult
from osem_tasks.engines.registry import EngineKind
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import emulators

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.engines.base import EngineRequest, Say

NO_TABLES = json.dumps({"TableNames": []})


class FakeDynamoDB:
    """An HTTP server that gives one answer to everything."""

    def __init__(
        self,
        server: str = "Jetty",
        status: int = 200,
        body: str = NO_TABLES,
        place: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        class Handler(BaseHTTPRequestHandler):
            server_version, sys_version = server, ""

            def do_POST(self) -> None:
                """Give the answer."""
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(place, Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()
        self.endpoint = f"http://{place[0]}:{self._server.server_address[1]}"

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextlib.contextmanager
def fake_dynamodb(server: str = "Jetty", status: int = 200, body: str = NO_TABLES) -> Iterator[str]:
    """The endpoint of a FakeDynamoDB, while the body runs."""
    fake = FakeDynamoDB(server, status, body)
    try:
        yield fake.endpoint
    finally:
        fake.close()


@dataclass
class Script:
    """What the engines of a kind do, and what they were asked to do."""

    refusal: OsemError | None = None
    failure: OsemError | None = None
    ended: str | OsemError = ""
    calls: list[str] = field(default_factory=list)


class ScriptedEngine(Engine):
    """An engine that does what its kind's script says, on an HTTP server of this process."""

    kind = ""
    persists = False
    script: ClassVar[Script]
    header: ClassVar[str] = "Jetty"
    servers: ClassVar[dict[str, FakeDynamoDB]] = {}

    def check(self) -> str:
        """Refuse, if the script says so."""
        if self.script.refusal:
            raise self.script.refusal
        return f"{self.kind} is here"

    def describe(self, record: EngineRecord) -> str:
        """The engine in a few words."""
        return f"{self.kind} in this test as {record.name}"

    def is_running(self, record: EngineRecord) -> bool:
        """Whether the record's process lives; without one, whether something answers."""
        runs = host.process_runs(record)
        return probe.ask(record.endpoint) is not None if runs is None else runs

    def why_ended(self, record: EngineRecord) -> str:  # noqa: ARG002  for the interface
        """How the engine ended, by the script."""
        if isinstance(self.script.ended, OsemError):
            raise self.script.ended
        return self.script.ended

    def differing(self, running: EngineRecord, request: EngineRequest) -> list[str]:
        """Compare what a kind that keeps data can differ in."""
        kept = {"persist": running.persist, "shared": running.shared}
        image, port = request.image, request.port
        return settings.mismatches(request, image=image, port=port, **kept) if self.persists else []

    def up(self, request: EngineRequest, say: Say) -> UpResult:
        """Reuse the server of that name, else start one."""
        self.script.calls.append("up")
        if self.script.failure:
            raise self.script.failure
        found = records.load(request.name)
        if found and presence.is_answering(found) and not request.fresh:
            return UpResult(record=records.save(found), how="reused")
        say("starting")
        self._stop(request.name)
        self.servers[request.name] = FakeDynamoDB(self.header)
        record = EngineRecord(
            engine=self.kind,
            name=request.name,
            endpoint=self.servers[request.name].endpoint,
            started_at="2026-01-01T00:00:00+00:00",
            used_at=0.0,
            **request.ownership,
        )
        return UpResult(record=records.save(record), how="started")

    def down(self, name: str, *, drop_data: bool) -> list[str]:
        """Stop the server of that name, if there is one."""
        self.script.calls.append("down with data" if drop_data else "down")
        records.forget(name)
        return [f"{self.kind} {name}"] if self._stop(name) else []

    def logs(self, name: str, lines: int) -> Iterator[str]:
        """The last lines of a log."""
        yield from [f"{name} says {number}" for number in range(5)][-lines:]

    def _stop(self, name: str) -> bool:
        server = self.servers.pop(name, None)
        if server:
            server.close()
        return server is not None


class LastingEngine(ScriptedEngine):
    """A kind that keeps data, as containers with volumes do."""

    kind = "lasting"
    persists = True
    script = Script()
    header = "Jetty"


class FleetingEngine(ScriptedEngine):
    """A kind that answers as moto and keeps data in memory only."""

    kind = "fleeting"
    script = Script()
    header = "Werkzeug/3.1"


LASTING = EngineKind(
    name="lasting",
    location=f"{__name__}:LastingEngine",
    answers_as=emulators.DYNAMODB_LOCAL,
)
FLEETING = EngineKind(
    name="fleeting",
    location=f"{__name__}:FleetingEngine",
    answers_as=emulators.MOTO,
)


def refusal(words: str, code: ErrorCode = ErrorCode.ENGINE_UNAVAILABLE) -> OsemError:
    """Why an engine cannot run, and what would help."""
    return OsemError(f"No {words}.", code=code, remediation=f"install {words}")


@contextlib.contextmanager
def kinds(*rows: EngineKind) -> Iterator[None]:
    """Register these kinds alone while the body runs.

    A context of its own: `monkeypatch` would undo it after `only_fake_kinds` has ended, and so
    bring the fake kinds back.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "KINDS", rows)
        yield


@contextlib.contextmanager
def only_fake_kinds() -> Iterator[tuple[Script, Script]]:
    """Register the two fake kinds alone while the body runs; their scripts."""
    with pytest.MonkeyPatch.context() as patch, kinds(LASTING, FLEETING):
        for engine in (LastingEngine, FleetingEngine):
            patch.setattr(engine, "script", Script())
        yield LastingEngine.script, FleetingEngine.script
        for server in ScriptedEngine.servers.values():
            server.close()
        ScriptedEngine.servers.clear()
