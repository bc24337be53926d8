"""Databases for tests: as separate as the engine allows, given out again, found by variables."""

from __future__ import annotations

import json
import re

import pytest

from osem_tasks.config.local_access import ACCESS_KEY
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import emulators
from osem_tasks.schema.emulators import Isolation
from osem_tasks.testing import IsolatedDatabase, Server, running_server, server_at
from tests.support.fake_engines import fake_dynamodb

ENDPOINT = "http://127.0.0.1:9"


def test_every_key_is_a_new_database() -> None:
    """Where a key opens a database of its own, the table names stay the same."""
    server = Server(ENDPOINT, Isolation.ACCESS_KEY)
    databases = [server.database() for _ in range(3)]

    assert len({database.access_key for database in databases}) == 3
    assert {database.prefix for database in databases} == {""}
    assert not server.is_shared


def test_a_shared_database_is_divided_by_prefixes() -> None:
    """Where all keys see the same tables, the names differ."""
    server = Server(ENDPOINT, Isolation.TABLE_PREFIX)
    databases = [server.database() for _ in range(3)]

    assert len({database.prefix for database in databases}) == 3
    assert {database.access_key for database in databases} == {ACCESS_KEY}
    assert server.is_shared


def test_an_account_is_named_by_its_key_where_the_engine_allows_it() -> None:
    """No call is needed: a new number of 12 digits is a new account, with the same table names."""
    server = Server(ENDPOINT, Isolation.ACCOUNT, emulators.MINISTACK)
    databases = [server.database() for _ in range(3)]

    keys = {database.access_key for database in databases}
    assert (len(keys), all(re.fullmatch("[0-9]{12}", key) for key in keys)) == (3, True)
    assert {(database.prefix, database.session_token) for database in databases} == {("", None)}
    assert server.place_of(databases[0]).region == databases[0].region


def test_a_database_is_given_out_again_after_so_many() -> None:
    """Memory has a bound: a released database is emptied and used again, an unused one is not."""
    with fake_dynamodb() as endpoint:
        server = Server(endpoint, Isolation.ACCESS_KEY, max_databases=2)
        first, second = server.database(), server.database()
        server.release(first)
        again, another = server.database(), server.database()

    assert again is first
    assert another not in (first, second)


def test_the_variables_open_the_database() -> None:
    """The five variables of a local engine, and the token of a made-up account."""
    plain = IsolatedDatabase(ENDPOINT, "key", "secret")
    keys = {
        "AWS_ENDPOINT_URL_DYNAMODB": ENDPOINT,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }

    assert plain.environ == keys
    assert IsolatedDatabase(ENDPOINT, "key", "secret", "token").environ == {
        **keys,
        "AWS_SESSION_TOKEN": "token",
    }


def test_a_developers_aws_profile_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that does not exist is no reason to stop local work."""
    monkeypatch.setenv("AWS_PROFILE", "gone")
    with fake_dynamodb(body=json.dumps({"TableNames": ["Mine"]})) as endpoint:
        database = IsolatedDatabase(endpoint, "key", "secret")

        assert database.client().list_tables()["TableNames"] == ["Mine"]
        assert [table.name for table in database.resource().tables.all()] == ["Mine"]


@pytest.mark.parametrize(
    "server, status, words",
    [(None, 0, "no server responds"), ("nginx", 404, "another server responds")],
)
def test_an_endpoint_without_dynamodb_is_refused(
    server: str | None, status: int, words: str
) -> None:
    """The message says whether anything responds, the remedy names the option."""
    with fake_dynamodb(server or "", status or 200) as endpoint:
        address = endpoint if server else ENDPOINT
        with pytest.raises(OsemError, match=words) as caught:
            server_at(address)

    assert caught.value.code is ErrorCode.ENGINE_NOT_RUNNING
    assert address in caught.value.message
    assert "--dynamodb-endpoint" in caught.value.remediation


def test_an_emulator_with_accounts_needs_no_trial() -> None:
    """Only where keys isolate, it is tried whether they do."""
    with fake_dynamodb("Werkzeug/3") as endpoint:
        assert server_at(endpoint).isolation is Isolation.ACCOUNT


def test_without_a_record_no_engine_runs() -> None:
    """Then the test run starts one of its own."""
    assert running_server() is None
