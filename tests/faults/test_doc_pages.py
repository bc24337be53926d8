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


@pytest.fixture
def shell(cloud: Cloud, tmp_path: Path) -> transcripts.Shell:
    """A shell of somebody who has logged in, in an empty folder."""
    keys = logged_in(cloud, "123456789012")
    folder = tmp_path / "shop"
    folder.mkdir()
    return transcripts.Shell(folder, {**os.environ, "AWS_ENDPOINT_URL": cloud.server.url, **keys})


def logged_in(cloud: Cloud, account: str) -> dict[str, str]:
    """The variables of a developer's temporary keys in that account."""
    sts = boto3.client(
        "sts",
        endpoint_url=cloud.engine,
        region_name="us-east-1",
        aws_access_key_id="root",
        aws_secret_access_key="root",
    )
    role = f"arn:aws:iam::{account}:role/Developer"
    keys = sts.assume_role(RoleArn=role, RoleSessionName="ada")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


def profile(cloud: Cloud, name: str, account: str) -> str:
    """A section of the credentials file for that account."""
    keys = logged_in(cloud, account)
    lines = [f"{variable.lower()} = {value}" for variable, value in keys.items()]
    return "\n".join([f"[{name}]", *lines, ""])


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
        off: Any = {"AttributeName": "expiresAt", "Enabled": False}
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


def test_the_page_about_environments(
    cloud: Cloud, shell: transcripts.Shell, tmp_path: Path
) -> None:
    """docs/environments.md: an empty account, a verified dev, a wrong account, a release."""
    credentials = tmp_path / "credentials"
    sections = [
        profile(cloud, name, account)
        for name, account in (("shop-dev", "111111111111"), ("shop-prod", "222222222222"))
    ]
    credentials.write_text("\n".join(sections), encoding="utf-8")
    outside = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    shell.environment = {k: v for k, v in shell.environment.items() if k not in outside} | {
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials)
    }

    def signed_in(name: str) -> Callable[[], None]:
        def sign_in() -> None:
            shell.environment = {**shell.environment, "AWS_PROFILE": name}

        return sign_in

    def release() -> None:
        shell.forced = True

    shell.prepare = {
        "dev": signed_in("shop-dev"),
        "wrong": signed_in("shop-prod"),
        "prod": release,
    }
    transcripts.check(ROOT / "docs" / "environments.md", shell)
