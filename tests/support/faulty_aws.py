"""A faulty server in front of an engine: the engine's truth, told as slowly and badly as AWS can.

It forwards DynamoDB and STS calls and records each. What goes wrong is data: a ``Plane``
says how slow the control plane is and where its limits are, a ``Fault`` what becomes of
the calls of one operation. In the role of AWS it knows no dummy keys and names no engine;
in that of DynamoDB Local it takes any key and names none; as moto it hides nothing.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlsplit

import psutil

from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.config.local_access import ACCESS_KEY, LOOPBACK
from osem_tasks.engines import host as ports
from osem_tasks.engines import probe
from osem_tasks.engines.base import EngineRecord
from osem_tasks.schema import emulators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Kind = Literal[
    "refuse",
    "reset",
    "lose",
    "hang",
    "hang after",
    "cut",
    "empty",
    "short",
    "say",
    "say after",
    "kill",
    "meet",
    "without",
    "with",
    "drip",
]
Role = Literal["AWS", "DynamoDB Local", "moto"]
PATIENCE = 60.0
HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "x-amz-crc32", "date")
CHANGES = ("UpdateTable", "DeleteTable", "UpdateTimeToLive", "TagResource", "UntagResource")


@dataclass(frozen=True, slots=True)
class Fault:
    """What becomes of the calls of ``operation`` (``*``: any) about tables named ``*table``.

    ``after`` calls pass first, then ``times`` are hit (None: all). refuse: answer with
    ``code``; reset: drop the connection before forwarding; lose: after it; hang and hang
    after: never answer; cut: half a JSON; empty: ``{}``; short: less than announced;
    say: ``message``, say after: that too, once it is carried out; without: forward, then take every member named ``message`` out of the
    answer; with: forward, then put the members of the JSON ``message`` into the table; drip: one byte after another, without end; kill: forward, then SIGKILL the victim; meet: forward once ``times`` have come.
    """

    operation: str
    kind: Kind = "refuse"
    code: str = ""
    message: str = "the words of the server"
    status: int = 400
    times: int | None = None
    after: int = 0
    table: str = ""


@dataclass(frozen=True, slots=True)
class Plane:
    """A control plane. Seconds, unless said otherwise.

    ``indexes`` is how long they lag behind their table; ``unseen`` how many DescribeTable
    calls do not see a new table, ``tags_unseen`` how many ListTagsOfResource calls;
    ``words`` are said where more than ``simultaneous`` tables would be CREATING;
    ``backups`` how many UpdateContinuousBackups come too early for a new table;
    ``backing_up`` how long an on-demand backup takes, during which its table cannot be deleted.
    """

    creating: float = 0.0
    updating: float = 0.0
    deleting: float = 0.0
    indexes: float = 0.0
    latency: float = 0.0
    unseen: int = 0
    tags_unseen: int = 0
    backups: int = 0
    backing_up: float = 0.0
    simultaneous: int | None = None
    words: str = "Only {number} tables can be created, updated, or deleted simultaneously"
    quota: int | None = None


@dataclass(slots=True)
class Call:
    """One call as it came in; ``outcome`` is a status, an error code, or a fault's kind.

    ``state`` is the table status that the answer showed, if it showed one.
    """

    operation: str
    table: str
    time: float
    request: dict[str, Any] = field(repr=False)
    outcome: str = "none"
    state: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)

    def saying(self, content: Any) -> Answer:
        """The same answer with another JSON body."""
        return replace(self, body=json.dumps(content).encode())


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0

    def hits(self, call: Call) -> bool:
        """Count ``call`` if it is meant; whether it is to be hit."""
        fault = self.fault
        if fault.operation not in ("*", call.operation) or not call.table.endswith(fault.table):
            return False
        self.seen += 1
        last = self.seen if fault.times is None else fault.after + fault.times
        return fault.after < self.seen <= last


class FaultyServer(contextlib.AbstractContextManager["FaultyServer"]):
    """Listens on a free port of 127.0.0.1 until it is closed.

    ``calls`` is its record; ``victim`` the process id that a kill is meant for; ``page`` how many
    items a Scan gives at most, so that few and small items make several pages.
    """

    def __init__(self, engine: str, role: Role = "AWS") -> None:
        self.calls: list[Call] = []
        self.victim: Future[int] = Future()
        self.role = role
        self.sts_account = ""
        self.page: int | None = None
        self._engine = urlsplit(engine).netloc
        self._plane, self._faults = Plane(), list[_Armed]()
        self._since: dict[str, tuple[str, float]] = {}
        self._descriptions: dict[str, Any] = {}
        self._looks: dict[str, int] = {}
        self._backed: dict[str, float] = {}
        self._early: Counter[tuple[str, str]] = Counter()
        self._changed = threading.Condition(threading.RLock())
        self._released = threading.Event()
        self._local = threading.local()
        self._http = _Listener((LOOPBACK, 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._http.server_address[1]}"

    def arm(self, *faults: Fault, plane: Plane | None = None) -> None:
        """Behave like this from now on, and begin a new record."""
        with self._changed:
            self.calls.clear()
            self.victim = Future()
            self._plane, self._faults = plane or Plane(), [_Armed(each) for each in faults]

    def mark(self, name: str, state: str, looks: int | None = None) -> None:
        """Show the existing table ``name`` in ``state`` for as long as the plane says.

        ``looks`` is for so many DescribeTable calls instead.
        """
        with self._changed:
            self._since[name] = (state, time.monotonic())
            if looks is not None:
                self._looks[name] = looks

    def forget(self) -> None:
        """Know no table any more: the engine has been emptied."""
        with self._changed:
            self._since.clear()
            self._descriptions.clear()
            self._early.clear()
            self._looks.clear()
            self._backed.clear()

    def of(self, *operations: str) -> list[Call]:
        """The recorded calls of these operations, in order."""
        with self._changed:
            return [each for each in self.calls if each.operation in operations]

    def await_calls(self, count: int, operation: str) -> None:
        """Return once ``count`` calls of ``operation`` have been answered."""
        with self._changed:
            met = self._changed.wait_for(
                lambda: sum(each.outcome != "none" for each in self.of(operation)) >= count,
                PATIENCE,
            )
        assert met, f"{operation} did not come {count} times"

    def close(self) -> None:
        """Let go of what hangs, and stop."""
        self._released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __exit__(self, *_: object) -> None:
        self.close()

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one call, or fail to."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        call = _call(handler, body)
        with self._changed:
            self.calls.append(call)
            armed = next((each for each in self._faults if each.hits(call)), None)
            latency = self._plane.latency
        time.sleep(latency)
        kind = armed.fault.kind if armed else ""
        if armed and kind == "meet":
            with self._changed:
                self._changed.notify_all()
                self._changed.wait_for(lambda: armed.seen >= (armed.fault.times or 0), PATIENCE)
        if armed and kind == "say":
            words = Answer(armed.fault.status, {}, armed.fault.message.encode())
            return self._send(handler, call, words)
        if armed and kind == "refuse":
            return self._send(handler, call, _refusal(call, armed.fault))
        if kind in ("reset", "hang"):
            return self._drop(handler, call, kind)
        answer = self._answer(handler, call, body)
        if kind == "kill":
            os.kill(self.victim.result(PATIENCE), signal.SIGKILL)
        if kind in ("lose", "kill", "hang after"):
            return self._drop(handler, call, kind)
        if kind == "drip":
            return self._drip(handler, call)
        if armed:
            answer = _changed(answer, armed.fault)
        return self._send(handler, call, answer, kind)

    def _drop(self, handler: BaseHTTPRequestHandler, call: Call, kind: str) -> None:
        self._note(call, kind)
        if kind.startswith("hang"):
            self._released.wait()
        # A linger of zero seconds makes closing a reset.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.close_connection = True
        os.close(handler.connection.detach())

    def _send(
        self, handler: BaseHTTPRequestHandler, call: Call, answer: Answer, kind: str = ""
    ) -> None:
        half = answer.body[: len(answer.body) // 2]
        body = {"cut": half, "short": half, "empty": b"{}"}.get(kind, answer.body)
        lines = [f"HTTP/1.1 {answer.status} -"]
        lines += [f"{key}: {value}" for key, value in answer.headers.items()]
        lines.append(f"Content-Length: {len(answer.body if kind == 'short' else body)}")
        if kind == "short":
            handler.close_connection = True
        code = _code(answer)
        # Told before it is sent: a client that has its answer finds it on the record.
        self._note(call, kind or code or str(answer.status))
        with contextlib.suppress(OSError):
            handler.wfile.write("\r\n".join([*lines, "", ""]).encode() + body)

    def _drip(self, handler: BaseHTTPRequestHandler, call: Call) -> None:
        self._note(call, "drip")
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 -\r\nContent-Length: 1000000\r\n\r\n")
            while not self._released.wait(0.05):
                handler.wfile.write(b" ")

    def _note(self, call: Call, outcome: str) -> None:
        with self._changed:
            call.outcome = outcome
            self._changed.notify_all()

    def _answer(self, handler: BaseHTTPRequestHandler, call: Call, body: bytes) -> Answer:
        if self.role == "AWS" and f"Credential={ACCESS_KEY}/" in handler.headers.get(
            "Authorization", ""
        ):
            words = "The security token included in the request is invalid."
            return _refusal(call, Fault("*", code="UnrecognizedClientException", message=words))
        if not handler.headers.get("X-Amz-Target"):
            answer = self._forward(handler, body)
            mine = (self.sts_account or "123456789012").encode()
            return replace(answer, body=answer.body.replace(b"123456789012", mine))
        with self._changed:
            refusal = self._refused(call)
            if refusal:
                return _refusal(call, refusal)
            before = self._since.get(call.table, ("ACTIVE", 0.0))
            if call.operation == "CreateTable":
                # Told before the engine has it: a limit counts what is on its way.
                self._since[call.table] = ("CREATING", time.monotonic())
        if call.operation == "DeleteTable":
            self._descriptions[call.table] = self._description(handler, call.table)
        answer = self._forward(handler, body)
        with self._changed:
            if answer.status == HTTPStatus.OK:
                return self._dressed(call, answer)
            if call.operation == "CreateTable":
                self._since[call.table] = before
        return answer

    def _state(self, name: str) -> str:
        state, begin = self._since.get(name, ("ACTIVE", 0.0))
        lasting = {
            "CREATING": self._plane.creating,
            "UPDATING": self._plane.updating,
            "DELETING": self._plane.deleting,
        }
        if name in self._looks:
            if self._looks[name] > 0:
                return state
        elif time.monotonic() - begin < lasting.get(state, 0.0):
            return state
        return "GONE" if state == "DELETING" else "ACTIVE"

    def _index_state(self, name: str) -> str:
        begin = self._since.get(name, ("", 0.0))[1]
        lag = self._plane.creating + self._plane.indexes
        return "CREATING" if self._plane.indexes and time.monotonic() - begin < lag else "ACTIVE"

    def _refused(self, call: Call) -> Fault | None:
        """What AWS would refuse in the state that is shown."""
        name, state = call.table, self._state(call.table)
        backing_up = call.operation == "DeleteTable" and self._backing_up(name)
        doing = "being backed up" if backing_up else state
        in_use = Fault("*", code="ResourceInUseException", message=f"{name} is {doing}")
        missing = Fault(
            "*", code="ResourceNotFoundException", message="Requested resource not found"
        )
        operation = call.operation
        if operation == "CreateTable":
            return in_use if state in ("CREATING", "DELETING") else self._limit()
        if operation == "DescribeTable" and self._too_early(call, self._plane.unseen):
            return missing
        if operation == "ListTagsOfResource" and self._too_early(call, self._plane.tags_unseen):
            return missing
        if operation == "UpdateContinuousBackups" and (
            state == "CREATING" or self._too_early(call, self._plane.backups)
        ):
            words = "Backups are being enabled for this table"
            return Fault("*", code="ContinuousBackupsUnavailableException", message=words)
        if operation in CHANGES and (backing_up or state in ("CREATING", "UPDATING")):
            return in_use
        return missing if operation in CHANGES and state == "DELETING" else None

    def _backing_up(self, name: str) -> bool:
        begin = self._backed.get(name)
        return begin is not None and time.monotonic() - begin < self._plane.backing_up

    def _too_early(self, call: Call, count: int) -> bool:
        """Whether a call about a new table is one of the first ``count``."""
        if self._since.get(call.table, ("",))[0] != "CREATING":
            return False
        self._early[call.operation, call.table] += 1
        return self._early[call.operation, call.table] <= count

    def _limit(self) -> Fault | None:
        states = [self._state(each) for each in self._since]
        moving = sum(each not in ("ACTIVE", "GONE") for each in states)
        held = len(states) - states.count("GONE")
        plane, words = self._plane, "Subscriber limit exceeded: "
        if plane.simultaneous is not None and moving >= plane.simultaneous:
            words += plane.words.format(number=plane.simultaneous)
        elif plane.quota is not None and held >= plane.quota:
            words += "There is a limit of 2500 tables per subscriber"
        else:
            return None
        return Fault("*", code="LimitExceededException", message=words)

    def _dressed(self, call: Call, answer: Answer) -> Answer:
        """The engine's answer as AWS would give it in the state that is shown."""
        name, operation = call.table, call.operation
        if operation in ("UpdateTable", "DeleteTable"):
            state = "UPDATING" if operation == "UpdateTable" else "DELETING"
            self._since[name] = (state, time.monotonic())
        if operation == "DescribeContinuousBackups" and self._state(name) == "CREATING":
            off = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"}}
            return answer.saying(
                {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "DISABLED", **off}}
            )
        if operation == "CreateBackup":
            self._backed[name] = time.monotonic()
        if operation == "CreateBackup" or (
            operation == "DescribeBackup" and self._backing_up(name)
        ):
            words = answer.body.replace(
                b'"BackupStatus": "AVAILABLE"', b'"BackupStatus": "CREATING"'
            )
            return replace(answer, body=words)
        if operation == "DescribeTable" and self._looks.get(name, 0) > 0:
            shown, self._looks[name] = self._state(name), self._looks[name] - 1
        else:
            shown = self._state(name)
        content = answer.content
        description = content.get("Table") or content.get("TableDescription")
        if not description:
            return answer
        call.state = description["TableStatus"] = shown.replace("GONE", "DELETING")
        for each in description.get("GlobalSecondaryIndexes") or []:
            building = call.state == "CREATING" or self._index_state(name) == "CREATING"
            each["IndexStatus"] = "CREATING" if building else each.get("IndexStatus", "ACTIVE")
        return answer.saying(content)

    def _description(self, handler: BaseHTTPRequestHandler, name: str) -> Any:
        target = {"X-Amz-Target": "DynamoDB_20120810.DescribeTable"}
        answer = self._forward(handler, json.dumps({"TableName": name}).encode(), target)
        return answer.content.get("Table")

    def _forward(
        self, handler: BaseHTTPRequestHandler, body: bytes, more: Mapping[str, str] | None = None
    ) -> Answer:
        kept = {key: value for key, value in handler.headers.items() if key.lower() not in HOP}
        if self.page and kept.get("X-Amz-Target", "").endswith(".Scan"):
            request = json.loads(body)
            asked = request.get("Limit", self.page)
            body = json.dumps({**request, "Limit": min(self.page, asked)}).encode()
        connection = HTTPConnection(self._engine, timeout=PATIENCE)
        try:
            connection.request("POST", handler.path, body, {**kept, **(more or {})})
            response = connection.getresponse()
            answer = Answer(
                response.status, _kept(response.getheaders(), self.role), response.read()
            )
        except (OSError, HTTPException):
            answer = Answer(502, {"Content-Type": "text/html"}, b"<h1>the engine is gone</h1>")
        finally:
            connection.close()
        deleting = self._descriptions.get(_table(body))
        operation = handler.headers.get("X-Amz-Target", "").endswith(".DescribeTable")
        if operation and not more and deleting and self._state(_table(body)) == "DELETING":
            return replace(answer, status=200).saying({"Table": copy.deepcopy(deleting)})
        return answer


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is what these tests are about."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _handler(server: FaultyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            """Everything that an SDK sends to DynamoDB and STS."""
            server.handle(self)

        do_GET = do_PUT = do_POST  # noqa: N815  http.server's own names

        def log_message(self, *_: object) -> None:
            """Nothing: the record is ``FaultyServer.calls``."""

    return Handler


def _call(handler: BaseHTTPRequestHandler, body: bytes) -> Call:
    operation = handler.headers.get("X-Amz-Target", "").rpartition(".")[2]
    if not operation:
        operation = parse_qs(body.decode(errors="replace")).get("Action", [handler.path])[0]
        return Call(operation, "", time.monotonic(), {})
    return Call(operation, _table(body), time.monotonic(), json.loads(body or b"{}"))


def _table(body: bytes) -> str:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return ""
    backed_up = request.get("BackupArn", "").partition("/backup/")[0]
    arn = request.get("ResourceArn") or backed_up
    return str(request.get("TableName") or arn.rpartition("/")[2])


def _without(content: Any, member: str) -> Any:
    if isinstance(content, list):
        return [_without(value, member) for value in content]
    if isinstance(content, dict):
        return {key: _without(value, member) for key, value in content.items() if key != member}
    return content


def _changed(answer: Answer, fault: Fault) -> Answer:
    """The engine's answer, changed as the fault says."""
    if fault.kind == "say after":
        return Answer(fault.status, {}, fault.message.encode())
    if fault.kind == "without":
        return answer.saying(_without(answer.content, fault.message))
    if fault.kind == "with" and "Table" in answer.content:
        return answer.saying({"Table": {**answer.content["Table"], **json.loads(fault.message)}})
    return answer


def _code(answer: Answer) -> str:
    found = re.search(rb"__type\": *\"(?:[^\"]*#)?(\w+)|<Code>(\w+)", answer.body)
    return (found[1] or found[2]).decode() if found and answer.status >= 400 else ""


def _kept(headers: list[tuple[str, str]], role: Role) -> dict[str, str]:
    hidden = HOP if role == "moto" else (*HOP, "server")
    return {key: value for key, value in headers if key.lower() not in hidden}


def _refusal(call: Call, fault: Fault) -> Answer:
    """A refusal in the protocol of the service: JSON for DynamoDB, XML for STS."""
    if call.request or call.table or call.operation == "ListTables":
        content = {
            "__type": f"com.amazonaws.dynamodb.v20120810#{fault.code}",
            "message": fault.message,
        }
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        return Answer(fault.status, headers, json.dumps(content).encode())
    text = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{fault.code}</Code>"
        f"<Message>{fault.message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
    return Answer(fault.status, {"Content-Type": "text/xml"}, text.encode())


def eventually(predicate: Callable[[], object], what: str) -> None:
    """Return once ``predicate`` holds."""
    deadline = time.monotonic() + PATIENCE
    while not predicate():
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.01)


@contextlib.contextmanager
def moto_server() -> Iterator[EngineRecord]:
    """A moto server of the caller's own, as a process; its record, as `local.up` makes it."""
    port = ports.free_port()
    endpoint = f"http://{LOOPBACK}:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True) as process:
        try:
            answered = probe.wait_for(endpoint, emulators.MOTO, PATIENCE)
            assert answered, "moto's server does not answer"
            yield EngineRecord(
                engine="moto",
                name=DEFAULTS["name"],
                endpoint=endpoint,
                started_at="2026-01-01T00:00:00+00:00",
                used_at=0.0,
                pid=process.pid,
                process_started=psutil.Process(process.pid).create_time(),
            )
        finally:
            process.kill()


def empty(engine: str) -> None:
    """Take every table away from a moto server."""
    connection = HTTPConnection(urlsplit(engine).netloc, timeout=PATIENCE)
    try:
        connection.request("POST", "/moto-api/reset")
        connection.getresponse().read()
    finally:
        connection.close()
