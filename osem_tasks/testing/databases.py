"""Databases for tests: empty ones of one engine, which do not see each other.

What keeps two of them apart depends on the DynamoDB that answers (``emulators.Isolation``).
A new access key or a new account opens a new database with the same table names, so nothing
has to be deleted. Where all keys share one database, table names get a prefix instead. Only
tables that were made through a database are deleted by it, by their exact names.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from osem_tasks.config.environments import configured
from osem_tasks.config.local_access import ACCESS_KEY, DEFAULT_REGION, SECRET_KEY, variables
from osem_tasks.config.secrets import Variables
from osem_tasks.config.target import Target
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.emulators import Isolation
from osem_tasks.testing.created import Created
from osem_tasks.waiting import wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from boto3.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient, DynamoDBServiceResource

    from osem_tasks.aws.session import Connection
    from osem_tasks.config.environments import Environment
    from osem_tasks.config.settings import Settings
    from osem_tasks.schema.model import TableSet

SETUP_SECONDS = 60.0
DELETE_SECONDS = 20.0
# DynamoDB Local holds some 1.1 MB for each key until it ends. After so many databases, one
# that is no longer used is emptied and given out again, which takes little longer.
MAX_DATABASES = 200


@dataclass(slots=True)
class Server:
    """A running engine, and what keeps its databases apart."""

    endpoint: str
    isolation: Isolation
    max_databases: int = MAX_DATABASES
    _made: int = 0
    _released: list[IsolatedDatabase] = field(default_factory=list)

    @property
    def is_shared(self) -> bool:
        """Whether all databases are one, kept apart by table names only."""
        return self.isolation is Isolation.TABLE_PREFIX

    def database(self) -> IsolatedDatabase:
        """An empty database: a new one, or one that is no longer used. Raises OsemError."""
        while self._made >= self.max_databases and self._released:
            database = self._released.pop()
            database.drop()
            # A program under test may have made tables that are not ours to delete.
            if database.is_empty():
                return database
        self._made += 1
        return self._new()

    def release(self, database: IsolatedDatabase) -> None:
        """Take a database back. Tables in a database that others share are deleted at once."""
        if self.is_shared:
            database.drop()
        self._released.append(database)

    def _new(self) -> IsolatedDatabase:
        token = uuid.uuid4().hex
        if self.isolation is Isolation.ACCESS_KEY:
            return IsolatedDatabase(self.endpoint, f"osem{token}", SECRET_KEY)
        if self.isolation is Isolation.ACCOUNT:
            return IsolatedDatabase(self.endpoint, *_account_keys(self.endpoint, int(token, 16)))
        prefix = f"t{token[:12]}-"
        journal = Created.at(self.endpoint, ACCESS_KEY)
        return IsolatedDatabase(
            self.endpoint, ACCESS_KEY, SECRET_KEY, prefix=prefix, journal=journal
        )


@dataclass(frozen=True, slots=True)
class IsolatedDatabase:
    """One database: where it is, the keys that open it, and a prefix where keys cannot.

    ``made`` are the tables that were made through it. Where others share the database, they
    are written to the ``journal`` before they are made.
    """

    endpoint: str
    # No failing test shows its keys, nor a part of them, with --showlocals.
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    prefix: str = ""
    region: str = DEFAULT_REGION
    journal: Created | None = field(default=None, compare=False, repr=False)
    made: set[str] = field(default_factory=set, compare=False, repr=False)

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which an application's own clients find this database."""
        found = Variables(variables(self.endpoint, self.region, self.access_key, self.secret_key))
        if self.session_token:
            found["AWS_SESSION_TOKEN"] = self.session_token
        return found

    @property
    def keys(self) -> Mapping[str, Any]:
        """The credentials as ``boto3.client`` takes them."""
        found = Variables(aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key)
        if self.session_token:
            found["aws_session_token"] = self.session_token
        return found

    def client(self) -> DynamoDBClient:
        """A DynamoDB client of this database."""
        client = _session().client("dynamodb", endpoint_url=self.endpoint, **self.keys)
        self._watch(client)
        return client

    def resource(self) -> DynamoDBServiceResource:
        """A DynamoDB resource of this database."""
        resource = _session().resource("dynamodb", endpoint_url=self.endpoint, **self.keys)
        self._watch(resource.meta.client)
        return resource

    def setup(self, settings: Settings, declared: TableSet) -> dict[str, str]:
        """Provision ``declared`` as ``db.setup`` does; declared names to the real ones."""
        from osem_tasks.apply.run import Journal, Run
        from osem_tasks.apply.setup import setup
        from osem_tasks.aws.store import TableStore

        connection = self._connection(settings)
        target = connection.target
        tables = target.tables_of(declared)
        store, deadline = TableStore(connection), Deadline(SETUP_SECONDS)
        journal = Journal(tables.names)
        if self.journal:
            self.journal.add(tables.names)
        try:
            setup(Run(target, tables, store, deadline, _Silent(), journal))
        finally:
            self.made.update(journal.created)
        return dict(zip(declared.names, tables.names, strict=True))

    def drop(self) -> None:
        """Delete the tables that were made through this database, and no others.

        What cannot be deleted stays noted: the next run tries again.
        """
        names = self.made | (self.journal.names if self.journal else set())
        for name in delete_tables(self, names):
            self.made.discard(name)
            if self.journal:
                self.journal.discard(name)

    def is_empty(self) -> bool:
        """Whether no table is left in this database."""
        return not self.client().list_tables(Limit=1)["TableNames"]

    def _watch(self, client: DynamoDBClient) -> None:
        """Note every table that ``client`` makes."""

        def before(params: dict[str, Any], **_: Any) -> None:
            name = json.loads(params["body"])["TableName"]
            # A name with our random prefix can be nobody else's, so it is noted beforehand.
            if self.journal and name.startswith(self.prefix):
                self.journal.add([name])

        def after(parsed: Mapping[str, Any], **_: Any) -> None:
            name = parsed.get("TableDescription", {}).get("TableName", "")
            # Without a prefix of its own a shared database is everybody's.
            if name and not self.journal:
                self.made.add(name)

        client.meta.events.register("before-call.dynamodb.CreateTable", before)
        client.meta.events.register("after-call.dynamodb.CreateTable", after)

    def target(self, environment: Environment | None = None) -> Target:
        """The database as the tasks know it: environment ``test``, or the one given."""
        environment = environment or configured({})[0]["test"]
        return Target(
            environment=replace(environment, deletion_protection=None),
            local=True,
            endpoint=self.endpoint,
            source="the test run",
            region=self.region,
            prefix=self.prefix + environment.default_prefix,
        )

    def _connection(self, settings: Settings) -> Connection:
        from osem_tasks.aws.session import Connection

        target = self.target(settings.environments["test"])
        return Connection(_session(), self.region, target, self.keys)


def delete_tables(database: IsolatedDatabase, names: Iterable[str]) -> list[str]:
    """Delete tables by their exact names and wait until they are gone; those that are.

    A table that is just being created, and a call that fails, are tried again.
    """
    client, deadline = database.client(), Deadline(DELETE_SECONDS)
    return [name for name in sorted(names) if _delete(client, database.target(), name, deadline)]


def _delete(client: DynamoDBClient, target: Target, name: str, deadline: Deadline) -> bool:
    from osem_tasks.aws import errors

    def is_gone() -> bool:
        try:
            with errors.translated("DeleteTable", target, name):
                client.delete_table(TableName=name)
        except OsemError as error:
            return error.code is ErrorCode.TABLE_NOT_FOUND
        return False

    return wait.poll(is_gone, bool, deadline)


@cache
def _session() -> Session:
    """The one session of all databases: a client of it takes 7 ms, one of a new session 120."""
    from osem_tasks.aws.session import local_session

    return local_session(DEFAULT_REGION)


class _Silent:
    """Reports no progress: a test run has a display of its own."""

    def info(self, text: str) -> None:
        """Drop ``text``."""

    def say(self, text: str) -> None:
        """Drop ``text``."""


def _account_keys(endpoint: str, number: int) -> tuple[str, str, str]:
    """Keys of an account that exists as soon as somebody asks for it."""
    own = IsolatedDatabase(endpoint, ACCESS_KEY, SECRET_KEY)
    sts = _session().client("sts", endpoint_url=endpoint, **own.keys)
    role = f"arn:aws:iam::{number % 10**12:012d}:role/osem-tests"
    answer: Any = sts.assume_role(RoleArn=role, RoleSessionName="osem")["Credentials"]
    keys = Variables(answer)
    del answer
    return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
