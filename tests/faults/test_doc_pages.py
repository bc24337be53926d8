"""What docs/ shows of AWS is what happens, on a server in the role of AWS."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.support import processes, transcripts
from tests.support.inv import INV, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.conftest import Cloud

ROLE = "arn:aws:iam::123456789012:role/Developer"


@pytest.fixture
def shell(cloud: Cloud, tmp_path: Path) -> transcripts.Shell:
    """A shell of somebody who has logged in, in an empty folder."""
    sts = boto3.client(
        "sts",
        endpoint_url=cloud.engine,
        region_name="us-east-1",
        aws_access_key_id="root",
        aws_secret_access_key="root",
    )
    keys = sts.assume_role(RoleArn=ROLE, RoleSessionName="ada")["Credentials"]
    variables = {
        "AWS_ENDPOINT_URL": cloud.server.url,
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    return transcripts.Shell(tmp_path, {**os.environ, **variables})


def inv(shell: transcripts.Shell, *words: str) -> Callable[[], None]:
    """A command that the page does not show, which must succeed."""

    def run() -> None:
        done = processes.call([INV, *words], cwd=shell.folder, env=shell.environment)
        assert done.returncode == 0, done.stderr

    return run


def put(cloud: Cloud, table: str, *items: dict[str, Any]) -> None:
    """Have items in a table."""
    for item in items:
        cloud.client().put_item(TableName=table, Item=item)


def test_the_page_about_drift(cloud: Cloud, shell: transcripts.Shell) -> None:
    """docs/drift.md: finding differences, planning, repairing, and a new key."""

    def drift() -> None:
        inv(shell, "db.setup", "--env", "dev")()
        client, orders = cloud.client(), "shop-dev-Orders"
        delete: Any = [{"Delete": {"IndexName": "customerId-index"}}]
        client.update_table(TableName=orders, GlobalSecondaryIndexUpdates=delete)
        index: Any = {
            "IndexName": "status-index",
            "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        client.update_table(
            TableName=orders,
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("orderId", "status")
            ],
            GlobalSecondaryIndexUpdates=[{"Create": index}],
        )
        off = {"AttributeName": "expiresAt", "Enabled": False}
        client.update_time_to_live(TableName="shop-dev-Carts", TimeToLiveSpecification=off)
        arn = client.describe_table(TableName="shop-dev-Products")["Table"]["TableArn"]
        client.untag_resource(ResourceArn=arn, TagKeys=["Application"])

    def products() -> None:
        put(
            cloud,
            "shop-dev-Products",
            {"sku": {"S": "s-1"}, "shopId": {"S": "berlin"}, "title": {"S": "Ladder, 3 m"}},
            {"sku": {"S": "s-2"}, "shopId": {"S": "paris"}, "title": {"S": "Ladder, 5 m"}},
        )

    shell.prepare = {"drift": drift, "products": products}
    transcripts.check(ROOT / "docs" / "drift.md", shell)
