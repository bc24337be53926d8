"""The engines that the integration tests run against."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from osem_tasks.config.local_access import ACCESS_KEY, SECRET_KEY
from osem_tasks.engines import manager, registry
from osem_tasks.engines import records as state
from osem_tasks.engines.base import EngineRequest
from osem_tasks.schema import emulators
from tests.support.faulty_aws import FaultyServer
from tests.support.inv import Inv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

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


@dataclass(frozen=True)
class Engine:
    """A running engine."""

    kind: str
    endpoint: str

    @property
    def server(self) -> str:
        """Whose DynamoDB answers: DynamoDB Local is the same in a container and on a Java."""
        local = registry.kind_of(self.kind).answers_as is emulators.DYNAMODB_LOCAL
        return "docker" if local else self.kind

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


@pytest.fixture(scope="session")
def moto_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A moto engine of this test run's own."""
    name = f"osem-tests-{uuid.uuid4().hex[:8]}"
    request = EngineRequest(name=name, default_port=0, default_image="", timeout=30, engine="moto")
    directory = str(tmp_path_factory.mktemp("moto-state"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSEM_STATE_DIR", directory)
        record = manager.bring_up(request, lambda _: None).record
    yield Engine(record.engine, record.endpoint)
    # Set again: each test in between has had a state directory of its own.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSEM_STATE_DIR", directory)
        removed = manager.take_down(name)
    assert removed, "the moto engine of these tests was not there to be removed"


@pytest.fixture(scope="session")
def aws_of_moto(moto_engine: Engine) -> Iterator[str]:
    """The URL of a server in the role of AWS, which keeps its tables in moto."""
    with FaultyServer(moto_engine.endpoint) as server:
        yield server.url


@pytest.fixture(params=["session", "moto"])
def engine(request: pytest.FixtureRequest, session_engine: Engine) -> Engine:
    """Every engine in turn: the session's, and moto where that is another one."""
    if request.param == "session":
        return session_engine
    if session_engine.kind == "moto":
        pytest.skip("the session's engine is moto already")
    moto: Engine = request.getfixturevalue("moto_engine")
    return moto


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
