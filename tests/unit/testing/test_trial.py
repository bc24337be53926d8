"""Whether keys share a database: believed on proof only, and nothing is left behind."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import records
from osem_tasks.errors import OsemError
from osem_tasks.schema.emulators import Isolation
from osem_tasks.testing import Server, databases, server_at, trial
from osem_tasks.testing.trial import keys_share_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

Answer = tuple[int, dict[str, Any]]


def refused(code: str) -> Answer:
    """An error of DynamoDB."""
    return 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code}


@dataclass
class Plane:
    """A control plane: of one database or of one a key, and what goes wrong in it.

    A table is CREATING, or not to be seen at all, for so many looks; so many deletions fail.
    """

    shared: bool
    creating: int = 0
    invisible: int = 0
    failing_deletes: int = 0
    lost: str = ""
    tables: dict[tuple[str, str], int] = field(default_factory=dict)

    def answer(  # noqa: PLR0911  one answer per case
        self, operation: str, key: str, name: str
    ) -> Answer:
        """The answer to a call with that access key."""
        place = ("" if self.shared else key, name)
        if operation == self.lost:
            return 500, {}
        if operation == "ListTables":
            names = [table for owner, table in self.tables if owner == place[0]]
            return 200, {"TableNames": names}
        if operation == "CreateTable":
            if place in self.tables:
                return refused("ResourceInUseException")
            self.tables[place] = 0
            return 200, {"TableDescription": {"TableName": name, "TableStatus": "CREATING"}}
        if place not in self.tables:
            return refused("ResourceNotFoundException")
        if operation == "DeleteTable":
            return self._delete(place)
        self.tables[place] += 1
        if self.tables[place] <= self.invisible:
            return refused("ResourceNotFoundException")
        return 200, {"Table": {"TableName": name, "TableStatus": self._status(place)}}

    def _status(self, place: tuple[str, str]) -> str:
        return "CREATING" if self.tables[place] <= self.creating + self.invisible else "ACTIVE"

    def _delete(self, place: tuple[str, str]) -> Answer:
        if self.failing_deletes:
            self.failing_deletes -= 1
            return refused("InternalServerError")
        if self._status(place) == "CREATING" and self.creating:
            self.tables[place] += 1
            return refused("ResourceInUseException")
        del self.tables[place]
        return 200, {"TableDescription": {}}


@contextlib.contextmanager
def serving(plane: Plane) -> Iterator[str]:
    """The endpoint of a server with that control plane."""

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "Jetty", ""

        def do_POST(self) -> None:
            """Answer by the plane."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            key = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
            status, answer = plane.answer(operation, key, body.get("TableName", ""))
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSEM_STATE_DIR", str(tmp_path / "state"))


@pytest.mark.parametrize(
    "plane, expected",
    [
        pytest.param(Plane(shared=True), True, id="shared"),
        pytest.param(Plane(shared=False), False, id="separate"),
        pytest.param(Plane(shared=True, creating=3), True, id="shared-and-slow"),
        pytest.param(Plane(shared=False, creating=3), False, id="separate-and-slow"),
        pytest.param(Plane(shared=True, invisible=3), True, id="shared-and-lagging"),
        pytest.param(Plane(shared=True, failing_deletes=2), True, id="a-deletion-fails"),
        pytest.param(Plane(shared=False, failing_deletes=2), False, id="and-where-separate"),
    ],
)
def test_sharing_is_found_out(plane: Plane, expected: bool) -> None:
    """However slowly the tables appear, and though a deletion fails; then they are gone."""
    with serving(plane) as endpoint:
        assert keys_share_tables(endpoint) is expected

    assert plane.tables == {}
    assert list(records.directory().glob("*.tables")) == []


@pytest.mark.parametrize("lost", ["CreateTable", "DescribeTable"])
def test_in_doubt_it_is_shared(lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer proves nothing; a prefix too many does no harm."""
    monkeypatch.setattr(trial, "TRIAL_SECONDS", 1.0)
    with serving(Plane(shared=False, lost=lost)) as endpoint:
        assert keys_share_tables(endpoint)


def test_what_cannot_be_deleted_is_left_to_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays noted, by its exact name and with the key that made it."""
    monkeypatch.setattr(trial, "TRIAL_SECONDS", 0.5)
    monkeypatch.setattr(databases, "DELETE_SECONDS", 0.5)
    plane = Plane(shared=True, failing_deletes=1000)
    with serving(plane) as endpoint:
        keys_share_tables(endpoint)
        (left,) = {name for _, name in plane.tables}
        noted = [path.read_text() for path in records.directory().glob("*.tables")]

    assert noted
    assert all(left in text for text in noted)


def make(client: Any, name: str) -> None:
    """Make a table as a program under test does."""
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.mark.parametrize("isolation", [Isolation.TABLE_PREFIX, Isolation.ACCESS_KEY])
def test_a_database_deletes_only_what_was_made_through_it(isolation: Isolation) -> None:
    """Also where a shared server was taken for separate ones: others' tables stay."""
    plane = Plane(shared=True)
    plane.tables[("", "Everybodys")] = 0
    with serving(plane) as endpoint:
        database = Server(endpoint, isolation).database()
        make(database.client(), f"{database.prefix}Mine")
        plane.tables[("", f"{database.prefix}Foreign")] = 0
        database.drop()

    assert {name for _, name in plane.tables} == {"Everybodys", f"{database.prefix}Foreign"}


def test_a_database_that_is_not_empty_is_not_given_out_again() -> None:
    """What a program made by clients of its own is not ours to delete."""
    plane = Plane(shared=True)
    with serving(plane) as endpoint:
        server = Server(endpoint, Isolation.ACCESS_KEY, max_databases=1)
        first = server.database()
        plane.tables[("", "Everybodys")] = 0
        server.release(first)

        again = server.database()

    assert again is not first
    assert list(plane.tables) == [("", "Everybodys")]


def test_a_killed_runs_tables_are_deleted_by_the_next() -> None:
    """As soon as a server is found at that endpoint; other tables stay."""
    plane = Plane(shared=True)
    plane.tables[("", "Everybodys")] = 0
    with serving(plane) as endpoint:
        database = Server(endpoint, Isolation.TABLE_PREFIX).database()
        make(database.client(), f"{database.prefix}Mine")
        (path,) = records.directory().glob("*.tables")
        # As of a process that has ended: of the same pid, and begun at another time.
        values = {**json.loads(path.read_text()), "identity": "earlier/1"}
        path.write_text(json.dumps(values), encoding="utf-8")

        found = server_at(endpoint)

    assert found.is_shared
    assert list(plane.tables) == [("", "Everybodys")]
    assert list(records.directory().glob("*.tables")) == []


def test_prefixes_alone_do_not_help_where_keys_separate() -> None:
    """An application with a key of its own would see an empty database all the same."""
    with serving(Plane(shared=False)) as endpoint, pytest.raises(OsemError) as caught:
        server_at(endpoint, by_prefix=True)

    assert "keeps a database for every access key" in caught.value.message
    assert "-sharedDb" in caught.value.remediation
