"""Databases for tests: an engine for a run, and in it an empty database for whoever asks.

DynamoDB Local without ``-sharedDb`` keeps a database for each access key; moto keeps one
for each account, and gives the keys of an account by AssumeRole. So a new key is a new,
empty database with the same table names: nothing is deleted, nothing collides. An engine
that shares one database among all keys gets a prefix instead.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from osem_tasks.config.local_access import ACCESS_KEY, DEFAULT_REGION, SECRET_KEY
from osem_tasks.config.target import Target
from osem_tasks.engines import manager, probe
from osem_tasks.engines import records as state
from osem_tasks.engines.base import EngineRequest, Owner
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boto3.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient, DynamoDBServiceResource

    from osem_tasks.aws.session import Connection
    from osem_tasks.config.settings import Settings
    from osem_tasks.schema.model import TableSet

BY_KEY = "access key"
BY_ACCOUNT = "account"
BY_PREFIX = "table prefix"
SETUP_SECONDS = 60.0
# DynamoDB Local holds some 1.1 MB for each key until it ends. After so many databases, one
# that is no longer used is emptied and given out again, which takes little longer.
MAX_DATABASES = 200


@dataclass
class Server:
    """A running engine and how its databases are kept apart."""

    endpoint: str
    isolation: str
    _made: int = 0
    _released: list[Database] = field(default_factory=list)

    def database(self) -> Database:
        """An empty database: a new one, or one that is no longer used. Raises OsemError."""
        if self._made >= MAX_DATABASES and self._released:
            database = self._released.pop()
            database.drop()
            return database
        self._made += 1
        return self._new()

    def release(self, database: Database) -> None:
        """Take a database back. Tables in a database that others share are deleted at once."""
        if database.prefix:
            database.drop()
        self._released.append(database)

    def _new(self) -> Database:
        token = uuid.uuid4().hex
        if self.isolation == BY_PREFIX:
            return Database(self.endpoint, ACCESS_KEY, SECRET_KEY, prefix=f"t{token[:12]}-")
        if self.isolation == BY_ACCOUNT:
            return Database(self.endpoint, *_account_keys(self.endpoint, int(token, 16)))
        return Database(self.endpoint, f"osem{token}", SECRET_KEY)


@dataclass(frozen=True)
class Database:
    """One database: where it is, the keys that open it, and a prefix where keys cannot."""

    endpoint: str
    access_key: str
    secret_key: str
    session_token: str | None = None
    prefix: str = ""
    region: str = DEFAULT_REGION

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which an application's own clients find this database."""
        token = {"AWS_SESSION_TOKEN": self.session_token} if self.session_token else {}
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            **token,
        }

    @property
    def keys(self) -> dict[str, Any]:
        """The credentials as ``boto3.client`` takes them."""
        token = {"aws_session_token": self.session_token} if self.session_token else {}
        return {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            **token,
        }

    def client(self) -> DynamoDBClient:
        """A DynamoDB client of this database."""
        return _session().client("dynamodb", endpoint_url=self.endpoint, **self.keys)

    def resource(self) -> DynamoDBServiceResource:
        """A DynamoDB resource of this database."""
        return _session().resource("dynamodb", endpoint_url=self.endpoint, **self.keys)

    def setup(self, settings: Settings, declared: TableSet) -> dict[str, str]:
        """Provision ``declared`` as ``db.setup`` does; declared names to the real ones."""
        from osem_tasks.apply.run import Journal, Run
        from osem_tasks.apply.setup import setup
        from osem_tasks.aws.store import TableStore

        connection = self._connection(settings)
        target = connection.target
        tables = target.tables_of(declared)
        store, deadline = TableStore(connection), Deadline(SETUP_SECONDS)
        setup(Run(target, tables, store, deadline, _Silent(), Journal(tables.names)))
        return dict(zip(declared.names, tables.names, strict=True))

    def drop(self) -> None:
        """Delete the tables of this database: where it is shared, those with its prefix."""
        client = self.client()
        pages = client.get_paginator("list_tables").paginate()
        mine = [
            name for page in pages for name in page["TableNames"] if name.startswith(self.prefix)
        ]
        for name in mine:
            client.delete_table(TableName=name)

    def _connection(self, settings: Settings) -> Connection:
        from osem_tasks.aws.session import Connection

        environment = settings.environments["test"]
        target = Target(
            environment=replace(environment, deletion_protection=None),
            local=True,
            endpoint=self.endpoint,
            source="the test run",
            region=self.region,
            prefix=self.prefix + environment.default_prefix,
        )
        return Connection(_session(), self.region, target, self.keys)


@cache
def _session() -> Session:
    """The one session of all databases: a client of it takes 7 ms, one of a new session 120."""
    import boto3

    return boto3.Session(region_name=DEFAULT_REGION)


class _Silent:
    def info(self, text: str) -> None:
        """Tests tell nothing while all goes well."""

    def say(self, text: str) -> None:
        """Likewise."""


def configured(endpoint: str) -> Server:
    """The server at an endpoint that somebody else started. Raises OsemError."""
    answer = probe.ask(endpoint, timeout=5)
    if answer is probe.Answer.MOTO:
        return Server(endpoint, BY_ACCOUNT)
    if answer is not probe.Answer.DYNAMODB_LOCAL:
        raise OsemError(
            f"No DynamoDB answers at {endpoint}: {answer.value} does.",
            code=ErrorCode.ENGINE_NOT_RUNNING,
            remediation="Check --dynamodb-endpoint, or leave it out to have an engine started.",
        )
    return Server(endpoint, BY_PREFIX if _is_shared(endpoint) else BY_KEY)


def running() -> Server | None:
    """The engine that ``local.up`` left running, if it answers."""
    record = state.newest()
    return configured(record.endpoint) if record and manager.answering(record) else None


def fresh(settings: Settings, choice: str, image: str | None, run: str, owner_pid: int) -> Server:
    """The engine of test run ``run``: started by the first worker that asks, then shared.

    It belongs to process ``owner_pid``; engines whose owner is gone are cleared away first.
    Raises OsemError.
    """
    import psutil

    manager.reclaim()
    owner = Owner(pid=owner_pid, started=psutil.Process(owner_pid).create_time())
    request = EngineRequest(
        name=engine_name(run),
        default_port=0,
        default_image=settings.image,
        timeout=settings.timeout,
        image=image,
        shared=False,
        owner=owner,
    )
    raised, _ = manager.bring_up(choice, request, lambda _: None)
    isolation = BY_ACCOUNT if raised.record.engine == "moto" else BY_KEY
    return Server(raised.record.endpoint, isolation)


def take_down(run: str) -> None:
    """Remove the engine of test run ``run``, if there is one, and its files."""
    name = engine_name(run)
    manager.take_down(name)
    state.erase(name)


def engine_name(run: str) -> str:
    """The name of a test run's engine."""
    return f"osem-pytest-{run}"


def _account_keys(endpoint: str, number: int) -> tuple[str, str, str]:
    """Keys of an account of moto's, which it makes up as it is asked for."""
    own = Database(endpoint, ACCESS_KEY, SECRET_KEY)
    sts = _session().client("sts", endpoint_url=endpoint, **own.keys)
    role = f"arn:aws:iam::{number % 10**12:012d}:role/osem-tests"
    keys: Mapping[str, Any] = sts.assume_role(RoleArn=role, RoleSessionName="osem")["Credentials"]
    return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]


def _is_shared(endpoint: str) -> bool:
    """Whether two keys see the same tables: tried, because no call tells it."""
    name = f"osem-probe-{uuid.uuid4().hex}"
    one, other = (Database(endpoint, f"osem{uuid.uuid4().hex}", SECRET_KEY).client() for _ in "12")
    one.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    try:
        other.describe_table(TableName=name)
    except other.exceptions.ResourceNotFoundException:
        return False
    else:
        return True
    finally:
        one.delete_table(TableName=name)
