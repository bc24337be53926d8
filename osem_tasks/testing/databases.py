"""Empty, isolated databases of one engine for tests.

The isolation depends on the DynamoDB that answers (``emulators.Isolation``). A new access key
or account opens a new database with the same table names, so nothing has to be deleted. If all
keys share one database, table names get a prefix instead. A database deletes only tables that
were created through it, by their exact names.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from osem_tasks.aws.watch import Place
from osem_tasks.config.environments import configured
from osem_tasks.config.local_access import ACCESS_KEY, DEFAULT_REGION, SECRET_KEY, variables
from osem_tasks.config.secrets import Variables
from osem_tasks.config.target import Target
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import emulators
from osem_tasks.schema.emulators import Isolation
from osem_tasks.testing.created import Created
from osem_tasks.waiting import wait
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.parallel import side_by_side
from osem_tasks.waiting.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from boto3.session import Session
    from botocore.session import Session as CoreSession
    from mypy_boto3_dynamodb import DynamoDBClient, DynamoDBServiceResource
    from mypy_boto3_sts import STSClient

    from osem_tasks.apply.run import Run
    from osem_tasks.aws.session import Connection
    from osem_tasks.config.environments import Environment
    from osem_tasks.config.settings import Settings
    from osem_tasks.schema.model import TableSet

SETUP_SECONDS = 60.0
# How many tables are deleted side by side.
PARALLEL = 6
DELETE_SECONDS = 20.0
# DynamoDB Local holds about 1.1 MB per key until it ends. Beyond this number, an unused
# database is emptied and reused, which is only a little slower.
MAX_DATABASES = 200


@dataclass(slots=True)
class Server:
    """A running engine, and how its databases are isolated."""

    endpoint: str
    isolation: Isolation
    engine: emulators.Engine = emulators.DYNAMODB_LOCAL
    max_databases: int = MAX_DATABASES
    _made: int = 0
    _released: list[IsolatedDatabase] = field(default_factory=list)

    def place_of(self, database: IsolatedDatabase) -> Place:
        """Return where calls reach ``database``: any key does if all keys share it."""
        key = "" if self.is_shared else database.access_key
        return Place(self.endpoint, key, database.region if self.by_region else "")

    @property
    def by_region(self) -> bool:
        """Whether every region has tables of its own; one shared DynamoDB Local has not."""
        return not self.is_shared or self.engine.region_databases

    @property
    def is_shared(self) -> bool:
        """Whether all databases are one database, isolated only by table names."""
        return self.isolation is Isolation.TABLE_PREFIX

    def database(self) -> IsolatedDatabase:
        """Return an empty database, either new or reused. Raises OsemError."""
        while self._made >= self.max_databases and self._released:
            database = self._released.pop()
            database.drop()
            # A program under test may have created tables that we must not delete.
            if database.is_empty():
                return database
        self._made += 1
        return self._new()

    def release(self, database: IsolatedDatabase) -> None:
        """Take back a database. Tables in a shared database are deleted immediately."""
        if self.is_shared:
            database.drop()
        self._released.append(database)

    def keep(self, database: IsolatedDatabase) -> None:
        """Leave a database and its tables as they are, in this run and in later ones."""
        if database.journal:
            database.journal.keep()

    def _new(self) -> IsolatedDatabase:
        token = uuid.uuid4().hex
        new = partial(IsolatedDatabase, self.endpoint, engine=self.engine)
        if self.isolation is Isolation.ACCESS_KEY:
            return new(f"osem{token}", SECRET_KEY)
        if self.isolation is Isolation.ACCOUNT:
            return new(*self._account_keys(int(token, 16)))
        journal = Created.at(self.endpoint, ACCESS_KEY)
        return new(ACCESS_KEY, SECRET_KEY, prefix=f"t{token[:12]}-", journal=journal)

    def _account_keys(self, number: int) -> tuple[str, str, str | None]:
        """Return the keys of an account, which the engine creates on first use."""
        account = f"{number % 10**12:012d}"
        if self.engine.account_keys:
            return account, SECRET_KEY, None
        return _role_keys(self.endpoint, account)


@dataclass(frozen=True, slots=True)
class IsolatedDatabase:
    """One database: its endpoint, its keys, and a table prefix if keys do not isolate it.

    ``made`` are the tables that were created through it. In a shared database, they are
    written to the ``journal`` before they are created.
    """

    endpoint: str
    # pytest's --showlocals must not show any part of the keys.
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    prefix: str = ""
    region: str = DEFAULT_REGION
    engine: emulators.Engine = field(default=emulators.DYNAMODB_LOCAL, compare=False, repr=False)
    journal: Created | None = field(default=None, compare=False, repr=False)
    made: set[str] = field(default_factory=set, compare=False, repr=False)

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables that lead an application's clients to this database."""
        found = Variables(variables(self.endpoint, self.region, self.access_key, self.secret_key))
        if self.session_token:
            found["AWS_SESSION_TOKEN"] = self.session_token
        return found

    @property
    def keys(self) -> Mapping[str, Any]:
        """The credentials as arguments of ``boto3.client``."""
        found = Variables(aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key)
        if self.session_token:
            found["aws_session_token"] = self.session_token
        return found

    def client(self) -> DynamoDBClient:
        """Return a DynamoDB client of this database."""
        client = _session().client("dynamodb", endpoint_url=self.endpoint, **self.keys)
        self._watch(client)
        return client

    def resource(self) -> DynamoDBServiceResource:
        """Return a DynamoDB resource of this database."""
        resource = _session().resource("dynamodb", endpoint_url=self.endpoint, **self.keys)
        self._watch(resource.meta.client)
        return resource

    def setup(self, settings: Settings, declared: TableSet) -> dict[str, str]:
        """Provision ``declared`` as ``db.setup`` does; map declared names to real ones."""
        from osem_tasks.apply.run import Journal
        from osem_tasks.apply.setup import setup

        run = self._run(settings, declared)
        if self.journal:
            self.journal.add(run.tables.names)
        try:
            setup(run, new=not self.made)
        except OsemError:
            if not run.journal.verified:
                raise
            # It is not new: the program under test has made tables of these names.
            setup(replace(run, journal=Journal(run.tables.names)))
        finally:
            self.made.update(run.journal.created)
        return dict(zip(declared.names, run.tables.names, strict=True))

    def seed(self, settings: Settings, tables: TableSet, items: Mapping[str, list[Any]]) -> None:
        """Put ``items`` into the ``tables`` that ``setup`` has made, by declared names.

        The database is the test's own, so no condition guards what is there.
        """
        from osem_tasks.data.seed_writer import Account, SeedWriter, writes_of

        run = self._run(settings, tables)
        writes = writes_of(items, dict(zip(tables.names, run.tables, strict=True)))
        SeedWriter(run).put(writes, Account.of(writes))

    def drop(self) -> None:
        """Delete only the tables that were created through this database.

        Tables that cannot be deleted stay in the journal: the next run tries again.
        """
        names = self.made | (self.journal.names if self.journal else set())
        for name in delete_tables(self, names):
            self.made.discard(name)
            if self.journal:
                self.journal.discard(name)

    def is_empty(self) -> bool:
        """Return whether this database has no tables."""
        with contextlib.closing(self.client()) as client:
            return not client.list_tables(Limit=1)["TableNames"]

    def _watch(self, client: DynamoDBClient) -> None:
        """Record every table that ``client`` creates."""

        def before(params: dict[str, Any], **_: Any) -> None:
            name = json.loads(params["body"])["TableName"]
            # A name with our random prefix is ours, so it can be recorded in advance.
            if self.journal and name.startswith(self.prefix):
                self.journal.add([name])

        def after(parsed: Mapping[str, Any], **_: Any) -> None:
            name = parsed.get("TableDescription", {}).get("TableName", "")
            # In a shared database, tables without our prefix may belong to others.
            if name and not self.journal:
                self.made.add(name)

        client.meta.events.register("before-call.dynamodb.CreateTable", before)
        client.meta.events.register("after-call.dynamodb.CreateTable", after)

    def target(self, environment: Environment | None = None) -> Target:
        """Return the database as a target for tasks, by default in environment ``test``."""
        environment = environment or configured({})[0]["test"]
        return Target(
            environment=replace(environment, deletion_protection=None),
            local=True,
            endpoint=self.endpoint,
            source="the test run",
            region=self.region,
            naming=environment.naming.within(self.prefix),
        )

    def _run(self, settings: Settings, declared: TableSet) -> Run:
        from osem_tasks.apply.run import Journal, Run
        from osem_tasks.aws.store import TableStore

        connection = self._connection(settings)
        tables = connection.target.tables_of(declared)
        deadline = Deadline(SETUP_SECONDS)
        store = TableStore(connection, engine=self.engine)
        return Run(connection.target, tables, store, deadline, Silent(), Journal(tables.names))

    def _connection(self, settings: Settings) -> Connection:
        from osem_tasks.aws.session import Connection

        target = self.target(settings.environments["test"])
        return Connection(_core(), self.region, target, self.keys)


def delete_tables(database: IsolatedDatabase, names: Iterable[str]) -> list[str]:
    """Delete tables by their exact names, wait, and return the names of those that are gone.

    A table that is still being created and a call that fails are tried again.
    """
    target, deadline, wanted = database.target(), Deadline(DELETE_SECONDS), sorted(names)
    if not wanted:
        return []
    with contextlib.closing(database.client()) as client:
        gone = side_by_side(lambda name: _delete(client, target, name, deadline), wanted, PARALLEL)
    return [name for name, is_gone in zip(wanted, gone, strict=True) if is_gone]


def _delete(client: DynamoDBClient, target: Target, name: str, deadline: Deadline) -> bool:
    from osem_tasks.aws import errors

    def is_gone() -> bool:
        try:
            with errors.translated("DeleteTable", target, name):
                # A declared protection holds on AWS; here it would keep what the run has made.
                if client.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
                    client.update_table(TableName=name, DeletionProtectionEnabled=False)
                client.delete_table(TableName=name)
                # A local engine has deleted it by now: no pause is needed.
                client.describe_table(TableName=name)
        except OsemError as error:
            return error.code is ErrorCode.TABLE_NOT_FOUND
        return False

    return wait.poll(is_gone, bool, deadline)


@cache
def _session() -> Session:
    """Return the shared session: a client takes 7 ms, with a new session 120 ms."""
    import boto3

    # Without the keys boto3 would ask for those of the shell.
    return boto3.Session(
        botocore_session=_core(),
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=DEFAULT_REGION,
    )


@cache
def _core() -> CoreSession:
    from osem_tasks.aws.session import local_session

    return local_session(DEFAULT_REGION)


@cache
def _sts(endpoint: str) -> STSClient:
    own = IsolatedDatabase(endpoint, ACCESS_KEY, SECRET_KEY)
    return _session().client("sts", endpoint_url=endpoint, **own.keys)


def _role_keys(endpoint: str, account: str) -> tuple[str, str, str]:
    """Return the keys of a role of ``account``, by AssumeRole."""
    from osem_tasks.aws import errors

    role = f"arn:aws:iam::{account}:role/osem-tests"
    target = IsolatedDatabase(endpoint, ACCESS_KEY, SECRET_KEY).target()
    with errors.translated("AssumeRole", target):
        sts = _sts(endpoint)
        answer: Any = sts.assume_role(RoleArn=role, RoleSessionName="osem")["Credentials"]
    keys = Variables(answer)
    del answer
    return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
