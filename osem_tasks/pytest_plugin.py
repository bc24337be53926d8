"""Fixtures for tests on real DynamoDB. Imports little, because every pytest run loads it.

    def test_orders(dynamodb_tables, dynamodb_client):
        dynamodb_client.put_item(TableName=dynamodb_tables["Orders"], Item=...)

Options and ini settings: ``--dynamodb-engine``, ``--dynamodb-endpoint``,
``--dynamodb-image``, ``--dynamodb-scope``; ini ``dynamodb_engine`` and so on, and
``dynamodb_tables``. Everything else comes from ``invoke.yaml``.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.config.endpoints import check_url
from osem_tasks.engines import registry
from osem_tasks.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient, DynamoDBServiceResource

    from osem_tasks.config.settings import Settings
    from osem_tasks.testing import IsolatedDatabase, Server

SCOPES = ("session", "package", "module", "class", "function")
OPTIONS = {
    "engine": f"engine to start for the tests: {registry.choices_in_words()}",
    "endpoint": "DynamoDB endpoint to use instead of starting an engine",
    "image": "image of DynamoDB Local to start",
    "scope": f"how often a new database is created: {', '.join(SCOPES)} (default: session)",
}
# The variables that this package's configuration reads.
# Keys of the values that the xdist controller sends to its workers and gets back.
RUN, OWNER, STARTED = "osem_tasks_run", "osem_tasks_owner", "osem_tasks_started"
_run = pytest.StashKey[str]()
_owner = pytest.StashKey[int]()
_started = pytest.StashKey[bool]()
_server = pytest.StashKey[Any]()


class Environment:
    """The environment variables at the start of the run; their values are never shown.

    A test may set or clear HOME, OSEM_STATE_DIR or DOCKER_HOST, but an engine must be
    started, recorded and removed with the same values.
    """

    __slots__ = ("_variables",)

    def __init__(self) -> None:
        self._variables = dict(os.environ)

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        """Set exactly these variables while the body runs."""
        with pytest.MonkeyPatch.context() as patch:
            self._restore(patch)
            yield

    def _restore(self, patch: pytest.MonkeyPatch) -> None:
        for name in os.environ.keys() - self._variables.keys():
            patch.delenv(name)
        for name, value in self._variables.items():
            patch.setenv(name, value)


_environment = pytest.StashKey[Environment]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare options and ini settings."""
    group = parser.getgroup("dynamodb", "tests on DynamoDB")
    for name, text in OPTIONS.items():
        group.addoption(f"--dynamodb-{name}", default=None, metavar=name.upper(), help=text)
        parser.addini(f"dynamodb_{name}", text, default="")
    parser.addini(
        "dynamodb_tables", "the declared tables; as osem.tables in invoke.yaml", default=""
    )


def pytest_configure(config: pytest.Config) -> None:
    """Store the run and the process that owns its engine: under xdist, the controller."""
    received: dict[str, Any] = getattr(config, "workerinput", {})
    config.stash[_run] = received.get(RUN) or uuid.uuid4().hex[:12]
    config.stash[_owner] = received.get(OWNER) or os.getpid()
    config.stash[_started] = False
    config.stash[_environment] = Environment()
    for name, known in (("engine", registry.choices()), ("scope", SCOPES)):
        value = setting(config, name)
        if value and value not in known:
            raise pytest.UsageError(
                f"--dynamodb-{name} must be one of {', '.join(known)}, not {value}"
            )
    try:
        check_url(setting(config, "endpoint") or None, "--dynamodb-endpoint")
    except ConfigurationError as error:  # convert it here, before pytest shows a frame with values
        raise pytest.UsageError(error.problems[0]) from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Send the id of the run to each xdist worker."""
    node.workerinput[RUN] = node.config.stash[_run]
    node.workerinput[OWNER] = node.config.stash[_owner]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Store whether a worker started an engine; a crashed one may have."""
    received = getattr(node, "workeroutput", {})
    if error or received.get(STARTED):
        node.config.stash[_started] = True


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker, report to the controller whether an engine was started."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[STARTED] = session.config.stash[_started]


def pytest_unconfigure(config: pytest.Config) -> None:
    """In the controller or the only process, remove the engine of this run."""
    if config.stash.get(_started, False) and not hasattr(config, "workerinput"):
        from osem_tasks import testing

        with config.stash[_environment].restored():
            testing.remove_server(config.stash[_run])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Report how databases were isolated, unless by access key."""
    server = config.stash.get(_server, None)
    if server is not None and server.is_shared:
        terminalreporter.write_line(
            f"dynamodb: {server.endpoint} shares one database among all keys; "
            "tests were kept apart by table prefixes"
        )


def setting(config: pytest.Config, name: str) -> str:
    """Return an option, or else its ini setting; empty if neither is given."""
    return str(config.getoption(f"--dynamodb-{name}") or config.getini(f"dynamodb_{name}"))


def database_scope(fixture_name: str, config: pytest.Config) -> Any:  # noqa: ARG001  pytest's call
    """Return the scope in which all tests share a database."""
    return setting(config, "scope") or "session"


def _set(patch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    # Not in the fixture: if that fails later, pytest shows its local variables.
    for name, value in variables.items():
        patch.setenv(name, value)


@pytest.fixture(scope="session")
def dynamodb_settings(pytestconfig: pytest.Config) -> Settings:
    """The project's configuration: ``invoke.yaml`` and the ``OSEM_*`` variables."""
    from osem_tasks.config import file

    tables = pytestconfig.getini("dynamodb_tables")
    return file.settings(pytestconfig.rootpath, registry.choices(), str(tables))


@pytest.fixture(scope="session")
def dynamodb_server(pytestconfig: pytest.Config, dynamodb_settings: Settings) -> Server:
    """The engine: at the configured endpoint, one that already runs, or one for this run."""
    with pytestconfig.stash[_environment].restored():
        server = _find_or_start(pytestconfig, dynamodb_settings)
    pytestconfig.stash[_server] = server
    return server


def _find_or_start(config: pytest.Config, settings: Settings) -> Server:
    from osem_tasks import testing

    testing.remove_abandoned()
    endpoint, engine = setting(config, "endpoint"), setting(config, "engine")
    server = testing.server_at(endpoint) if endpoint else None
    if server is None and not engine:
        server = testing.running_server()
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
    with pytestconfig.stash[_environment].restored():
        database = dynamodb_server.database()
    yield database
    with pytestconfig.stash[_environment].restored():
        dynamodb_server.release(database)


@pytest.fixture(scope=database_scope)
def dynamodb_client(dynamodb_database: IsolatedDatabase) -> DynamoDBClient:
    """A boto3 client of that database."""
    return dynamodb_database.client()


@pytest.fixture(scope=database_scope)
def dynamodb_resource(dynamodb_database: IsolatedDatabase) -> DynamoDBServiceResource:
    """A boto3 resource of that database."""
    return dynamodb_database.resource()


@pytest.fixture(scope=database_scope)
def dynamodb_tables(
    dynamodb_database: IsolatedDatabase, dynamodb_settings: Settings
) -> dict[str, str]:
    """The declared tables, set up and verified, as a map of declared to real names."""
    from osem_tasks.declarations import load

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
