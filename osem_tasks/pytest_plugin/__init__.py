"""Fixtures for tests on real DynamoDB. Imports little, because every pytest run loads it.

    def test_orders(dynamodb_tables, dynamodb_client):
        dynamodb_client.put_item(TableName=dynamodb_tables["Orders"], Item=...)

Options and ini settings: ``--dynamodb-engine``, ``--dynamodb-endpoint``, ``--dynamodb-image``,
``--dynamodb-scope``, ``--dynamodb-isolation``; ini ``dynamodb_engine`` and so on, and
``dynamodb_tables``. Everything else comes from ``invoke.yaml``.
"""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import registry
from osem_tasks.pytest_plugin import options, reports
from osem_tasks.pytest_plugin.options import OPTIONS, setting

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient, DynamoDBServiceResource

    from osem_tasks.aws.watch import Watch
    from osem_tasks.config.settings import Settings
    from osem_tasks.testing import IsolatedDatabase, Server

__all__ = ["OPTIONS"]

# Keys of the values that the xdist controller sends to its workers and gets back.
RUN, OWNER, STARTED = "osem_tasks_run", "osem_tasks_owner", "osem_tasks_started"
DATABASE, ENVIRON = "dynamodb_database", "dynamodb_environ"
_run = pytest.StashKey[str]()
_owner = pytest.StashKey[int]()
_started = pytest.StashKey[bool]()
_nodes = pytest.StashKey[int]()
_server = pytest.StashKey[Any]()
_watch = pytest.StashKey["Watch"]()
_environment = pytest.StashKey[options.Environment]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare options and ini settings."""
    options.declare(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Store the run and the process that owns its engine: under xdist, the controller."""
    received: dict[str, Any] = getattr(config, "workerinput", {})
    config.stash[_run] = received.get(RUN) or uuid.uuid4().hex[:12]
    config.stash[_owner] = received.get(OWNER) or os.getpid()
    config.stash[_started] = False
    config.stash[_environment] = options.Environment()
    options.check(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Send the id of the run to each xdist worker."""
    node.config.stash[_nodes] = node.config.stash.get(_nodes, 0) + 1
    node.workerinput[RUN] = node.config.stash[_run]
    node.workerinput[OWNER] = node.config.stash[_owner]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Store whether a worker started an engine; a crashed one may have."""
    node.config.stash[_nodes] -= 1
    received = getattr(node, "workeroutput", {})
    if error or received.get(STARTED):
        node.config.stash[_started] = True


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker, report to the controller whether an engine was started."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[STARTED] = session.config.stash[_started]


def pytest_unconfigure(config: pytest.Config) -> None:
    """In the controller or the only process, remove the engine of this run."""
    if watch := config.stash.get(_watch, None):
        watch.end()
    # An interrupted controller does not hear what its workers started.
    started = config.stash.get(_started, False) or config.stash.get(_nodes, 0) > 0
    if started and not hasattr(config, "workerinput"):
        from osem_tasks import testing

        with config.stash[_environment].restored():
            testing.remove_server(config.stash[_run])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Forget the calls and the keys of the test before."""
    if watch := item.config.stash.get(_watch, None):
        watch.strays.clear()
        if ENVIRON in getattr(item, "fixturenames", ()):
            watch.forget_other_keys()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add our failures, and the calls that missed the test's database, to the report."""
    report = yield
    reports.mark_failure(report, call)
    watch = item.config.stash.get(_watch, None)
    used = getattr(item, "fixturenames", ())
    if watch and DATABASE in used:
        if report.failed and ENVIRON in used:
            watch.check_variables(os.environ)
        reports.mark_strays(report, watch.strays)
        watch.strays.clear()
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: Any, config: pytest.Config
) -> Generator[None, object, object]:
    """Show each of our failures once, and how databases were isolated, unless by access key."""
    with reports.shown_once(terminalreporter.stats) as hidden:
        result = yield
    if hidden:
        terminalreporter.write_line(f"{reports.PROGRAM}: the same for {hidden} more tests")
    for line in reports.stray_lines(terminalreporter.stats):
        terminalreporter.write_line(line)
    server = config.stash.get(_server, None)
    if server is not None and server.is_shared:
        terminalreporter.write_line(
            f"{reports.PROGRAM}: {server.endpoint} shares one database among all keys; "
            "tests were kept apart by table prefixes"
        )
    return result


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
    with reports.in_short(), pytestconfig.stash[_environment].restored():
        server = _find_or_start(pytestconfig, dynamodb_settings)
    pytestconfig.stash[_server] = server
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
    config.stash[_started] = True
    return testing.start_server(
        settings,
        engine or settings.engine,
        setting(config, "image") or None,
        config.stash[_run],
        config.stash[_owner],
        by_prefix=by_prefix,
    )


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
    with reports.in_short(), pytestconfig.stash[_environment].restored():
        database = dynamodb_server.database()
    watch.place = dynamodb_server.place_of(database)
    yield database
    watch.place = None
    with reports.in_short(), pytestconfig.stash[_environment].restored():
        dynamodb_server.release(database)


def _watching(config: pytest.Config) -> Watch:
    from osem_tasks.aws.watch import Watch

    watch = config.stash.setdefault(_watch, Watch())
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
    dynamodb_database: IsolatedDatabase, dynamodb_settings: Settings
) -> dict[str, str]:
    """The declared tables, set up and verified, as a map of declared to real names."""
    from osem_tasks.declarations import load

    with reports.in_short():
        environment = dynamodb_settings.environments["test"]
        context = dynamodb_database.target(environment).context()
        declared = load.load(*dynamodb_settings.declaration(), context)
        return dynamodb_database.setup(dynamodb_settings, declared)


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
