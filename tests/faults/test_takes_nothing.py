"""`db.repair` and `db.setup --repair` on prod: without its option nothing is taken away.

The table was provisioned with few units, an autoscaler moved it, and prod's protection is on.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv, Run

NAME = "shop-prod-Orders"
WRITES = (
    "UpdateTable",
    "UpdateContinuousBackups",
    "UpdateTimeToLive",
    "DeleteTable",
    "CreateTable",
)
FEW = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
KEY = [{"AttributeName": "id", "KeyType": "HASH"}]
INDEX = {
    "IndexName": "by-day",
    "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
# As `aws dynamodb describe-table` prints it: AWS's own defaults included.
DESCRIBED: dict[str, Any] = {
    "TableName": "Orders",
    "TableStatus": "ACTIVE",
    "CreationDateTime": "2026-01-01T00:00:00",
    "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/Orders",
    "ItemCount": 0,
    "KeySchema": KEY,
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in ("id", "day")
    ],
    "ProvisionedThroughput": {**FEW, "NumberOfDecreasesToday": 0},
    "GlobalSecondaryIndexes": [
        {**INDEX, "IndexStatus": "ACTIVE", "ProvisionedThroughput": {**FEW}}
    ],
    "DeletionProtectionEnabled": False,
}
# The variable that leads to this AWS is not taken for prod unless it is intended.
PROD = ("--env", "prod", "--force")
SCALED = ["Orders.read_capacity", "Orders.write_capacity", "*.index[*].throughput"]


def units(read: int, write: int) -> Any:
    """Provisioned units."""
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


@pytest.fixture
def shop(cloud: Cloud, inv: Inv, tmp_path: Path) -> Inv:
    """`inv` for the declaration in a file, with the live table as the autoscaler left it."""
    client: Any = cloud.client()
    client.create_table(
        TableName=NAME,
        KeySchema=KEY,
        AttributeDefinitions=DESCRIBED["AttributeDefinitions"],
        BillingMode="PROVISIONED",
        ProvisionedThroughput=units(400, 90),
        GlobalSecondaryIndexes=[{**INDEX, "ProvisionedThroughput": units(200, 30)}],
        DeletionProtectionEnabled=True,
        Tags=[
            {"Key": "Application", "Value": "osem-ladders"},
            {"Key": "Environment", "Value": "prod"},
        ],
    )
    client.update_continuous_backups(
        TableName=NAME, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    (tmp_path / "tables.json").write_text(json.dumps({"Table": DESCRIBED}), encoding="utf-8")
    return configured(inv, tmp_path)


def configured(inv: Inv, tmp_path: Path, **more: Any) -> Inv:
    """``inv`` with that file and further configuration, where no invoke.yaml says otherwise."""
    inv.patch.chdir(tmp_path)
    tables = {"tables": str(tmp_path / "tables.json"), "prefix": "shop-{env}-"}
    return replace(inv, configuration={**tables, **more})


def actions(run: Run) -> dict[str, list[str]]:
    """The planned actions with the options that they need."""
    return {a["action"]: a["requires"] for a in run.document["data"]["actions"]}


def state(cloud: Cloud) -> tuple[int, int, bool, str]:
    """The units of the table and its index, its protection and its recovery."""
    client = cloud.client()
    table = client.describe_table(TableName=NAME)["Table"]
    backups = client.describe_continuous_backups(TableName=NAME)["ContinuousBackupsDescription"]
    return (
        table["ProvisionedThroughput"]["ReadCapacityUnits"],
        table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"],
        table["DeletionProtectionEnabled"],
        backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
    )


LIVE = (400, 200, True, "ENABLED")


@pytest.mark.parametrize(
    "words",
    [
        ("db.repair",),
        ("db.repair", "--yes"),
        ("db.repair", "--prune", "--replace-indexes", "--yes"),
        ("db.setup", "--repair"),
        ("db.setup",),
    ],
    ids=" ".join,
)
def test_nothing_is_lowered_or_turned_off(shop: Inv, cloud: Cloud, words: tuple[str, ...]) -> None:
    """No other option than its own lowers capacity; a described default turns nothing off."""
    run = shop(words[0], *PROD, *words[1:])

    assert (run.code, state(cloud)) == (1, LIVE), run.err
    assert cloud.server.of(*WRITES) == []


@pytest.mark.parametrize("where", ["invoke.yaml", "the table"])
def test_a_protection_that_is_declared_off_needs_its_option(
    shop: Inv, cloud: Cloud, tmp_path: Path, where: str
) -> None:
    """Whether the environment or the table itself says so: `--unprotect`, and no other option."""
    off = {"deletion_protection": False, "point_in_time_recovery": False}
    inv = configured(shop, tmp_path, ignore=SCALED, environments={"prod": off})
    if where == "the table":
        request = {key: DESCRIBED[key] for key in ("KeySchema", "AttributeDefinitions")}
        request |= {
            "TableName": "Orders",
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": FEW,
            "GlobalSecondaryIndexes": [{**INDEX, "ProvisionedThroughput": FEW}],
            "DeletionProtectionEnabled": False,
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False},
        }
        (tmp_path / "tables.json").write_text(json.dumps(request), encoding="utf-8")
        inv = configured(shop, tmp_path, ignore=SCALED)

    shown = inv("db.repair", *PROD, "--dry-run", "--json")
    verified = inv("db.verify", *PROD)
    others = ("--prune", "--replace-indexes", "--reduce", "--yes")
    kept = inv("db.repair", *PROD, *others)
    after = state(cloud)
    asked = inv("db.repair", *PROD, "--unprotect")
    done = inv("db.repair", *PROD, "--unprotect", "--yes")

    needed = {"set_deletion_protection": ["--unprotect"], "disable_pitr": ["--unprotect"]}
    assert actions(shown) == needed
    assert "--unprotect" in verified.out
    assert (kept.code, after, asked.code) == (1, LIVE, 1)
    assert (done.code, state(cloud)) == (0, (400, 200, False, "DISABLED")), done.err


def test_capacity_is_lowered_with_its_option_and_a_confirmation(shop: Inv, cloud: Cloud) -> None:
    """The plan names the option, the remedy too; with it and `--yes` it is done."""
    shown = shop("db.repair", *PROD, "--dry-run", "--json")
    lines = shop("db.repair", *PROD, "--dry-run")
    verified = shop("db.verify", *PROD)
    asked = shop("db.repair", *PROD, "--reduce")
    before = state(cloud)
    done = shop("db.repair", *PROD, "--reduce", "--yes")

    assert actions(shown) == {"update_throughput": ["--reduce"]}
    assert "needs --reduce" in lines.out
    assert "found 400 read, 90 write" in lines.out
    assert "--reduce" in verified.out
    assert (asked.code, before) == (1, LIVE)
    assert "CONFIRMATION_REQUIRED" in asked.err
    assert (done.code, state(cloud)) == (0, (5, 5, True, "ENABLED")), done.err


def test_what_is_ignored_is_listed_and_left(shop: Inv, cloud: Cloud, tmp_path: Path) -> None:
    """With `osem.ignore`: verified, not judged, and no option touches it."""
    inv = configured(shop, tmp_path, ignore=SCALED)
    everything = ("--prune", "--replace-indexes", "--reduce", "--unprotect", "--yes")

    verified = inv("db.verify", *PROD)
    document = inv("db.verify", *PROD, "--json").document
    repaired = inv("db.repair", *PROD, *everything)
    set_up = inv("db.setup", *PROD)

    assert (verified.code, repaired.code, set_up.code) == (0, 0, 0), verified.err
    assert "not judged here: read_capacity of 1 table (something else sets it)" in verified.out
    assert [fact["path"] for fact in document["data"]["checks"][0]["notJudged"]] == [
        "index[by-day].throughput",
        "read_capacity",
        "write_capacity",
    ]
    assert (state(cloud), cloud.server.of(*WRITES)) == (LIVE, [])


@pytest.mark.parametrize(
    "rules, said",
    [
        (["Order.tags"], "did you mean 'Orders'?"),
        ("*.read_capacty", "did you mean 'read_capacity'?"),
        (["Orders.index[by-dya].throughput"], "did you mean 'by-day'?"),
        ([3], "osem.ignore must be a list of strings"),
        ({"Orders": "tags"}, "osem.ignore"),
        (["tags"], "TABLE.FACT"),
    ],
    ids=str,
)
def test_a_wrong_rule_stops_before_anything(
    shop: Inv, cloud: Cloud, tmp_path: Path, rules: Any, said: str
) -> None:
    """An unknown table, fact or index is refused with the nearest known name."""
    run = configured(shop, tmp_path, ignore=rules)("db.repair", *PROD)

    assert (run.code, cloud.server.of(*WRITES)) == (1, [])
    assert "INVALID_CONFIGURATION" in run.err
    assert said in run.err
