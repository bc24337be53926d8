"""Plans in files on real engines: set up by a plan, repaired by a plan, refused after a change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from osem_tasks.declarations.osem import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import Engine
    from tests.support.inv import Inv


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Where a plan is written."""
    return str(tmp_path / "plan.json")


def test_a_round_trip(engine: Engine, inv: Inv, prefix: str, file: str, tmp_path: Path) -> None:
    """Planned, applied, verified; the plan is refused afterwards, and so is one of a repair."""
    name = f"{prefix}Teams"
    client = engine.client()

    planned = inv("db.setup", "--plan-out", file, "--json")
    nothing = client.list_tables()["TableNames"]
    made = inv("db.setup", "--plan", file, "--json")
    stale = inv("db.setup", "--plan", file, "--json")
    verified = inv("db.verify")
    client.update_table(
        TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "managerId-index"}}]
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    inv("db.repair", "--plan-out", file)
    shown = inv("db.repair", "--plan", file, "--dry-run", "--json")
    mended = inv("db.repair", "--plan", file, "--json")
    again = inv("db.repair", "--plan", file, "--json")

    assert (planned.code, [table for table in nothing if table.startswith(prefix)]) == (0, [])
    assert (made.code, len(made.document["data"]["tablesCreated"])) == (0, len(TABLES)), made.err
    assert (stale.code, stale.error, verified.code) == (1, "SCHEMA_VALIDATION_FAILED", 0)
    assert (shown.code, mended.code, again.code) == (0, 0, 1), mended.err
    assert mended.document["data"]["applied"] == shown.document["data"]["actions"]
    assert f"{name}: index[managerId-index] was missing, and is as declared" in again.err
    assert json.loads((tmp_path / "plan.json").read_text("utf-8"))["task"] == "db.repair"


def test_a_plan_marks_what_the_engine_loses(inv: Inv, prefix: str) -> None:
    """Every fact is in text as in JSON; those marked are those that verify then cannot compare."""
    shown = inv("db.setup", "--dry-run")
    document = inv("db.setup", "--dry-run", "--json").document
    inv("db.setup")
    checks = inv("db.verify", "--json").document["data"]["checks"]

    creations = [a for a in document["data"]["actions"] if a["action"] == "create_table"]
    facts = [fact for action in creations for fact in action["creates"]]
    lost = {
        action["tableName"]: {fact["path"] for fact in action["creates"] if fact["notKept"]}
        for action in creations
    }
    assert [*lost] == [prefix + name for name in TABLES.names]
    assert lost == {
        check["tableName"]: {fact["path"] for fact in check["notComparable"]} for check in checks
    }
    assert {
        f["value"] for f in facts if isinstance(f["value"], str) and f["value"] not in shown.out
    } == set()
    assert {f["notKept"] for f in facts if f["notKept"] and f["notKept"] not in shown.out} == set()
