"""A faulty AWS, an account in it, and `inv` as a user calls it there."""

from __future__ import annotations

import functools
import importlib
import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.config import environments
from osem_tasks.declarations.osem import TABLES
from osem_tasks.schema import codec
from tests.support.faulty_aws import FaultyServer, empty, moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from osem_tasks.engines.base import EngineRecord
    from osem_tasks.schema.model import TableSet

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
SECRET, TOKEN = "FAKESECRETkey0123456789abcdefghijklmnop", "FAKESECRETtoken0123456789"
ITEM = {"userId": {"S": "u-1"}, "name": {"S": "Ada"}}
# Short enough for a test, and still longer than any answer of a healthy engine.
SHORT: dict[str, Any] = {
    "POLL": (0.01, 0.05),
    "RETRY": (0.02, 0.1),
    "UNSEEN_SECONDS": 1.0,
    "READ_SECONDS": 0.3,
    "CONNECT_SECONDS": 0.5,
    "API_TIMEOUT": 0.5,
    "RATES": (),
}


def variables(url: str) -> dict[str, str]:
    """What a shell holds that is set up for the faulty AWS."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIAFAKEKEYFAKEKEY00",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN,
    }


def tables_of(environment: str) -> TableSet:
    """The declared tables as ``environment`` holds them."""
    place = environments.BUILT_IN[environment]
    return TABLES.for_environment(
        place.default_prefix,
        tags=place.all_tags,
        deletion_protection=place.deletion_protection,
        point_in_time_recovery=place.point_in_time_recovery,
    )


@dataclass(frozen=True)
class Run:
    """What one `inv` call gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout; fails when there is anything else."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def error(self) -> str | None:
        """The error code of the document."""
        error = self.document["error"]
        return error["code"] if error else None

    def names(self, key: str) -> list[str]:
        """The tables of a list of the document, by their names in the model."""
        return [str(each["tableName"]).rpartition("-")[2] for each in self.document["data"][key]]

    @property
    def account(self) -> dict[str, list[str]]:
        """The document's account of a setup."""
        keys = ("tablesCreated", "tablesVerified", "tablesFailed", "tablesNotAttempted")
        return {key.removeprefix("tables"): self.names(key) for key in keys}


@functools.cache
def _client(endpoint: str, region: str) -> DynamoDBClient:
    import boto3

    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="truth",
        aws_secret_access_key="truth",
    )


@dataclass(frozen=True)
class Cloud:
    """One account: the engine that holds it, and the faulty server before it."""

    record: EngineRecord
    server: FaultyServer

    @property
    def engine(self) -> str:
        """Where the engine itself answers."""
        return self.record.endpoint

    def client(self, region: str = REGION) -> DynamoDBClient:
        """A plain client of the engine itself: it sees the truth."""
        return _client(self.engine, region)

    @property
    def names(self) -> list[str]:
        """The tables that really exist, by their names in the model."""
        return sorted(each.rpartition("-")[2] for each in self.client().list_tables()["TableNames"])

    def hold(self, environment: str, *names: str) -> None:
        """Have these tables already, as declared, with an item in Users."""
        existing, client = tables_of(environment), self.client()
        for each in existing:
            if each.name.rpartition("-")[2] in names:
                client.create_table(**codec.create_request(each))
                if each.point_in_time_recovery:
                    client.update_continuous_backups(
                        TableName=each.name,
                        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
                    )
                if each.name.endswith("Users"):
                    client.put_item(TableName=each.name, Item=ITEM)

    def item(self, environment: str) -> Any:
        """The item that ``hold`` put."""
        name = tables_of(environment).names[0]
        return self.client().get_item(TableName=name, Key={"userId": ITEM["userId"]}).get("Item")

    def drift(self, environment: str, *, back: bool = False) -> None:
        """Take a tag from Users, or give it back."""
        client, table = self.client(), next(iter(tables_of(environment)))
        arn = client.describe_table(TableName=table.name)["Table"]["TableArn"]
        key, value = (table.tags or ())[0]
        if back:
            client.tag_resource(ResourceArn=arn, Tags=[{"Key": key, "Value": value}])
        else:
            client.untag_resource(ResourceArn=arn, TagKeys=[key])

    def clear(self) -> None:
        """Hold nothing and behave."""
        empty(self.engine)
        self.server.arm()
        self.server.forget()


@dataclass
class Inv:
    """Calls `inv` in this process; ``configuration`` stands for `invoke.yaml`."""

    capsys: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    configuration: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, *words: str) -> Run:
        """`inv WORDS...`."""
        from invoke.program import Program

        from osem_tasks import namespace

        argv = ["inv", *words]
        self.patch.setattr(sys, "argv", argv)
        self.capsys.readouterr()
        code = 0
        try:
            Program(namespace=namespace.build(self.configuration), name="inv").run(argv)
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = self.capsys.readouterr()
        return Run(code, captured.out, captured.err)


def started(*words: str) -> subprocess.Popen[str]:
    """`inv WORDS...` as a process, in this process's environment."""
    return subprocess.Popen(
        [sys.executable, "-m", "invoke", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str]) -> Run:
    """What a process gave in the end."""
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return Run(process.returncode, out, err)


@pytest.fixture(scope="session")
def moto() -> Iterator[EngineRecord]:
    """A moto server of this test run's own."""
    with moto_server() as record:
        yield record


@pytest.fixture
def cloud(moto: EngineRecord) -> Iterator[Cloud]:
    """An empty account behind a server that behaves until it is told otherwise."""
    empty(moto.endpoint)
    with FaultyServer(moto.endpoint) as server:
        yield Cloud(moto, server)


@pytest.fixture
def inv(cloud: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Inv:
    """`inv` in a shell that is set up for ``cloud``, with little patience."""
    for key, value in variables(cloud.server.url).items():
        monkeypatch.setenv(key, value)
    hurry(monkeypatch)
    return Inv(capsys, monkeypatch)


def hurry(patch: pytest.MonkeyPatch, poll: tuple[float, float] = SHORT["POLL"]) -> None:
    """Shorten every patience of the package; nothing else of it is touched."""
    shorter = {**SHORT, "POLL": poll}
    importlib.import_module("osem_tasks.namespace")
    importlib.import_module("osem_tasks.engines.docker.engine")
    importlib.import_module("osem_tasks.aws.delete")
    mine = [each for name, each in sys.modules.items() if name.startswith("osem_tasks.")]
    for module, name in itertools.product(mine, shorter):
        # A module that imports a constant by name has one of its own.
        if hasattr(module, name):
            patch.setattr(module, name, shorter[name])
