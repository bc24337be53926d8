"""The engines that the integration tests run against."""

from __future__ import annotations

import functools
import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from osem_tasks.config.local_access import ACCESS_KEY, SECRET_KEY
from osem_tasks.engines import manager, registry
from osem_tasks.engines import records as state
from osem_tasks.engines.base import EngineRequest
from osem_tasks.errors import OsemError
from tests.support.faulty_aws import FaultyServer
from tests.support.inv import Inv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from osem_tasks.schema import emulators

# Read before any test changes the environment.
_STATE = os.environ.get("OSEM_STATE_DIR")
_NAME = os.environ.get("OSEM_LOCAL_NAME")
# What the java engine is installed with.
JAVA_VARIABLES = {
    key: value for key, value in os.environ.items() if key.startswith("DYNAMODB_LOCAL_")
}
DOCKER_VARIABLES = {
    key: value
    for key, value in os.environ.items()
    if key.startswith(("DOCKER_", "OSEM_LOCAL_IMAGE"))
}
# Fixtures that start an engine, or install what they need, for several tests of their module.
MADE_ONCE = frozenset({"place", "running", "shell", "cache"})


@dataclass(frozen=True)
class Engine:
    """A running engine."""

    kind: str
    endpoint: str

    @property
    def row(self) -> emulators.Engine:
        """The DynamoDB that it is, with what that cannot do."""
        return registry.kind_of(self.kind).answers_as

    def client(self) -> DynamoDBClient:
        """A plain boto3 client, as an application would make it."""
        import boto3

        return boto3.client(
            "dynamodb",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )


@pytest.fixture(scope="session")
def session_engine() -> Engine:
    """The engine that `nox -s integration` started."""
    if _STATE is None or _NAME is None:
        pytest.fail("no engine: run these tests by `nox -s integration`")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSEM_STATE_DIR", _STATE)
        record = state.load(_NAME)
    assert record, "nox -s integration has recorded no engine"
    return Engine(record.engine, record.endpoint)


@functools.cache
def session_kind() -> str:
    """The kind of the session's engine; empty without a session."""
    if _STATE is None or _NAME is None:
        return ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSEM_STATE_DIR", _STATE)
        record = state.load(_NAME)
    return record.engine if record else ""


@functools.cache
def other_kinds() -> tuple[str, ...]:
    """The kinds that run here as a process, but that of the session's engine."""
    kinds = (kind for kind in registry.KINDS if kind.name not in {session_kind(), "docker"})
    return tuple(kind.name for kind in kinds if _runs_here(kind))


def _runs_here(kind: registry.EngineKind) -> bool:
    try:
        kind.create().check()
    except OsemError:
        return False
    return True


def _started(kind: str, directory: str) -> Iterator[Engine]:
    """An engine of this test run's own."""
    name = f"osem-tests-{uuid.uuid4().hex[:8]}"
    request = EngineRequest(name=name, default_port=0, default_image="", timeout=30, engine=kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSEM_STATE_DIR", directory)
        for key, value in JAVA_VARIABLES.items():
            patch.setenv(key, value)
        record = manager.bring_up(request, lambda _: None).record
    yield Engine(record.engine, record.endpoint)
    # Set again: each test in between has had a state directory of its own.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSEM_STATE_DIR", directory)
        removed = manager.take_down(name)
    assert removed, f"the {kind} engine of these tests was not there to be removed"


@pytest.fixture(scope="session")
def moto_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A moto engine of this test run's own."""
    yield from _started("moto", str(tmp_path_factory.mktemp("moto-state")))


@pytest.fixture(scope="session")
def ministack_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A ministack engine of this test run's own."""
    yield from _started("ministack", str(tmp_path_factory.mktemp("ministack-state")))


@pytest.fixture(scope="session")
def java_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """DynamoDB Local of this test run's own, without Docker."""
    yield from _started("java", str(tmp_path_factory.mktemp("java-state")))


@pytest.fixture(scope="session")
def aws_of_moto(moto_engine: Engine) -> Iterator[str]:
    """The URL of a server in the role of AWS, which keeps its tables in moto."""
    with FaultyServer(moto_engine.endpoint) as server:
        yield server.url


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have the tests that share what is made once run in one worker of `--dist loadgroup`.

    Otherwise every worker would make it.
    """
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        shared = MADE_ONCE.intersection(getattr(item, "fixturenames", ()))
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        for name in shared:
            kind = parameters.get(name, "")
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{name}-{kind}"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what takes an engine on every engine that is here, the session's first."""
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", ["session", *other_kinds()], indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Engine:
    """Every engine in turn: the session's, and each other one that a process can be."""
    if request.param == "session":
        chosen: Engine = request.getfixturevalue("session_engine")
    else:
        chosen = request.getfixturevalue(f"{request.param}_engine")
    return chosen


@pytest.fixture
def prefix(engine: Engine) -> Iterator[str]:
    """A table name prefix of the test's own; its tables are gone afterwards."""
    mine = f"t{uuid.uuid4().hex[:10]}-"
    yield mine
    client = engine.client()
    names = [
        n for page in client.get_paginator("list_tables").paginate() for n in page["TableNames"]
    ]
    for name in names:
        if name.startswith(mine):
            client.update_table(TableName=name, DeletionProtectionEnabled=False)
            client.delete_table(TableName=name)


@pytest.fixture
def inv(
    engine: Engine, prefix: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Inv:
    """`inv`, with the test's own prefix."""
    monkeypatch.setenv("OSEM_DB_PREFIX", prefix)
    return Inv(capsys, monkeypatch, endpoint=engine.endpoint)


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory for `local.*` in this test, and the way to Docker and Java's engine."""
    monkeypatch.setenv("OSEM_STATE_DIR", str(tmp_path / "state"))
    for key, value in {**DOCKER_VARIABLES, **JAVA_VARIABLES}.items():
        monkeypatch.setenv(key, value)
    return tmp_path / "state"


@pytest.fixture
def own_name(
    request: pytest.FixtureRequest, session_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For `local.*` in this test: an engine of the session's kind, with a name that nobody has."""
    request.getfixturevalue("own_state")
    monkeypatch.setenv("OSEM_LOCAL_NAME", f"osem-test-{uuid.uuid4().hex[:12]}")
    monkeypatch.setenv("OSEM_LOCAL_ENGINE", session_engine.kind)
    monkeypatch.setenv("OSEM_LOCAL_PORT", "0")
