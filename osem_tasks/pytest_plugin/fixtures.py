"""The fixtures. Each loads what it needs when a test uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import registry
from osem_tasks.pytest_plugin import options, reports, stash
from osem_tasks.pytest_plugin.options import setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient, DynamoDBServiceResource

    from osem_tasks.aws.watch import Watch
    from osem_tasks.config.settings import Settings
    from osem_tasks.schema.model import TableSet
    from osem_tasks.testing import IsolatedDatabase, Server

SERVER, DATABASE, ENVIRON = "dynamodb_server", "dynamodb_database", "dynamodb_environ"


def database_scope(fixture_name: str, config: pytest.Config) -> Any:  # noqa: ARG001  pytest's call
    """Return the scope in which all tests share a database."""
    return setting(config, "scope") or "session"


@pytest.fixture(scope="session")
def dynamodb_settings(pytestconfig: pytest.Config) -> Settings:
    """The project's configuration: ``invoke.yaml`` and the ``OSEM_*`` variables."""
    from osem_tasks.config import file

    with reports.in_short():
        tables = pytestconfig.getini("dynamodb_tables")
        return file.settings(pytestconfig.rootpath, registry.choices(), str(tables))


@pytest.fixture(scope="session")
def dynamodb_server(pytestconfig: pytest.Config, dynamodb_settings: Settings) -> Server:
    """The engine: at the configured endpoint, one that already runs, or one for this run."""
    known = pytestconfig.stash[stash.FACTS]
    try:
        with reports.in_short(), pytestconfig.stash[stash.ENVIRONMENT].restored():
            server = _find_or_start(pytestconfig, dynamodb_settings)
    except reports.DynamoDBError as error:
        known.failure = str(error)
        raise
    pytestconfig.stash[stash.SERVER] = server
    known.found(server, setting(pytestconfig, "scope") or "session")
    return server


def _find_or_start(config: pytest.Config, settings: Settings) -> Server:
    from osem_tasks import testing

    testing.remove_abandoned()
    endpoint, source = options.endpoint(config)
    engine = setting(config, "engine")
    by_prefix = setting(config, "isolation") == options.PREFIX
    if endpoint:
        seconds = min(settings.timeout, testing.SERVICE_SECONDS)
        return testing.server_at(
            endpoint, source, seconds, reports.narrator(config), by_prefix=by_prefix
        )
    server = None if engine else testing.running_server(by_prefix=by_prefix)
    if server is not None:
        return server
    # Set before the start, so that an interrupt during the start still removes the engine.
    config.stash[stash.STARTED] = True
    run, keep = config.stash[stash.RUN], options.keeps(config)
    server = testing.start_server(
        settings,
        engine or settings.engine,
        setting(config, "image") or None,
        run,
        # An engine without an owner is not taken for one that a killed run has left.
        None if keep else config.stash[stash.OWNER],
        by_prefix=by_prefix,
    )
    config.stash[stash.FACTS].own = testing.engine_name(run) if keep else ""
    return server


@pytest.fixture(scope="session")
def dynamodb_endpoint(dynamodb_server: Server) -> str:
    """The endpoint URL of the engine."""
    return dynamodb_server.endpoint


@pytest.fixture(scope=database_scope)
def dynamodb_database(
    pytestconfig: pytest.Config, dynamodb_server: Server
) -> Iterator[IsolatedDatabase]:
    """An empty, isolated database, kept for the scope in ``dynamodb_scope``."""
    watch = _watching(pytestconfig)
    with reports.in_short(), pytestconfig.stash[stash.ENVIRONMENT].restored():
        database = dynamodb_server.database()
    watch.place = dynamodb_server.place_of(database)
    keep = options.keeps(pytestconfig)
    if keep:
        pytestconfig.stash[stash.FACTS].keep(database)
    yield database
    watch.place = None
    if keep:
        dynamodb_server.keep(database)
        return
    with reports.in_short(), pytestconfig.stash[stash.ENVIRONMENT].restored():
        dynamodb_server.release(database)


def _watching(config: pytest.Config) -> Watch:
    from osem_tasks.aws.watch import Watch

    watch = config.stash.setdefault(stash.WATCH, Watch())
    watch.begin()
    return watch


@pytest.fixture(scope=database_scope)
def dynamodb_client(dynamodb_database: IsolatedDatabase) -> Iterator[DynamoDBClient]:
    """A boto3 client of that database."""
    client = dynamodb_database.client()
    yield client
    client.close()


@pytest.fixture(scope=database_scope)
def dynamodb_resource(dynamodb_database: IsolatedDatabase) -> Iterator[DynamoDBServiceResource]:
    """A boto3 resource of that database."""
    resource = dynamodb_database.resource()
    yield resource
    resource.meta.client.close()


@pytest.fixture(scope=database_scope)
def dynamodb_tables(
    pytestconfig: pytest.Config, dynamodb_database: IsolatedDatabase, dynamodb_settings: Settings
) -> dict[str, str]:
    """The declared tables, set up and verified, as a map of declared to real names."""
    from osem_tasks.declarations import load
    from osem_tasks.output.outcome import counted

    with reports.in_short():
        environment = dynamodb_settings.environments["test"]
        context = dynamodb_database.target(environment).context()
        declared = load.load(*dynamodb_settings.declaration(), context)
        source = dynamodb_settings.declared_in(pytestconfig.rootpath)
        pytestconfig.stash[
            stash.FACTS
        ].tables = f"{counted(len(declared.names), 'table')} of {source}"
        return dynamodb_database.setup(dynamodb_settings, declared)


@pytest.fixture(scope=database_scope)
def dynamodb_seeded(
    pytestconfig: pytest.Config,
    dynamodb_database: IsolatedDatabase,
    dynamodb_tables: dict[str, str],
    dynamodb_settings: Settings,
) -> dict[str, str]:
    """The declared tables with the seed of environment ``test``, as ``db.seed`` puts it in."""
    with reports.in_short():
        declared, items = _seed(pytestconfig, dynamodb_database, dynamodb_settings)
        dynamodb_database.seed(dynamodb_settings, declared, items)
        return dynamodb_tables


def _seed(
    config: pytest.Config, database: IsolatedDatabase, settings: Settings
) -> tuple[TableSet, dict[str, list[Any]]]:
    """Return the declared tables and their items, which are read and checked once in a run."""
    if stash.SEED not in config.stash:
        from osem_tasks.data import seed
        from osem_tasks.declarations import load

        environment = settings.environments["test"]
        sources, folder = settings.seed_of(environment)
        declared = load.load(*settings.declaration(), database.target(environment).context())
        items = seed.load(sources, folder, {table.name: table for table in declared})
        config.stash[stash.SEED] = declared, items
    return config.stash[stash.SEED]


@pytest.fixture(scope=database_scope)
def dynamodb_environ(dynamodb_database: IsolatedDatabase) -> Iterator[dict[str, str]]:
    """Set the environment variables that lead an application's clients to that database."""
    import boto3

    from osem_tasks.config import local_access, secrets

    shell = secrets.shell()
    with pytest.MonkeyPatch.context() as patch:
        # After its first use, boto3's default session keeps its keys.
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        for name in local_access.DISTURBING:
            patch.delenv(name, raising=False)
        own = secrets.Variables(local_access.undisturbed(dynamodb_database.endpoint, shell))
        own.update(dynamodb_database.environ)
        _set(patch, own)
        yield own


def _set(patch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    # Not in the fixture: if that fails later, pytest shows its local variables.
    for name, value in variables.items():
        patch.setenv(name, value)
