"""A faulty AWS, and an account in it."""

from __future__ import annotations

import functools
import multiprocessing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.config import environments
from osem_tasks.declarations.osem import TABLES
from osem_tasks.schema.requests import create_request
from osem_tasks.waiting.policy import using
from tests.faults.cases.case import SECRET, TOKEN
from tests.support.faulty_aws import FaultyServer, empty, moto_server
from tests.support.inv import Inv
from tests.support.patience import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from multiprocessing.context import ForkServerContext

    from mypy_boto3_dynamodb import DynamoDBClient

    from osem_tasks.engines.base import EngineRecord
    from osem_tasks.schema.model import TableSet

REGION = "us-east-1"
# As many items as a page of 1 MB has where they are large, without the time that a megabyte takes.
PAGE = 25
ITEM = {"userId": {"S": "u-1"}, "name": {"S": "Ada"}}


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
                client.create_table(**create_request(each))
                if each.point_in_time_recovery:
                    client.update_continuous_backups(
                        TableName=each.name,
                        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
                    )
                if each.name.endswith("Users"):
                    client.put_item(TableName=each.name, Item=ITEM)

    def add(self, name: str, tags: Mapping[str, str]) -> None:
        """Have a table of somebody else's, with an item."""
        client = self.client()
        client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "userId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "userId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
        client.put_item(TableName=name, Item=ITEM)

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
        server.page = PAGE
        yield Cloud(moto, server)


@pytest.fixture
def inv(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Inv]:
    """`inv` in a shell that is set up for ``cloud``, with little patience."""
    for key, value in variables(cloud.server.url).items():
        monkeypatch.setenv(key, value)
    with using(SHORT):
        yield Inv(capsys, monkeypatch)


@pytest.fixture
def teams(cloud: Cloud) -> Cloud:
    """An account with Teams under an old key."""
    from tests.faults.migrations import OLD, old_table

    old_table(cloud, OLD)
    return cloud


@pytest.fixture(scope="session")
def forks() -> ForkServerContext:
    """Processes that begin with everything imported, forked of one without threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.preloaded"])
    return context
