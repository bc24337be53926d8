"""What only a new table can give: every task that meets it names the migration to type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.schema.requests import create_request
from tests.faults.conftest import Cloud, tables_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.inv import Inv


def with_another_key(cloud: Cloud, environment: str) -> None:
    """Have Teams with another key than the declared one."""
    (declared,) = [table for table in tables_of(environment) if table.name.endswith("-Teams")]
    request: Any = create_request(declared)
    request["KeySchema"][0]["AttributeName"] = "id"
    for definition in request["AttributeDefinitions"]:
        if definition["AttributeName"] == "teamId":
            definition["AttributeName"] = "id"
    cloud.client().create_table(**request)


MIGRATE = "db.migrate --env dev --table osem-dev-Teams"
RESET = "db.reset --env dev --table osem-dev-Teams"


@pytest.mark.parametrize(
    "task, reset",
    [
        pytest.param(("db.verify",), True, id="verify"),
        pytest.param(("db.repair", "--dry-run"), True, id="repair-dry-run"),
        pytest.param(("db.repair",), True, id="repair"),
        # A setup on AWS sends nobody to a reset.
        pytest.param(("db.setup",), False, id="setup"),
        pytest.param(("db.setup", "--dry-run"), False, id="setup-dry-run"),
        pytest.param(("db.setup", "--repair"), False, id="setup-repair"),
    ],
)
def test_the_migration_is_named(cloud: Cloud, inv: Inv, task: tuple[str, ...], reset: bool) -> None:
    """With the table; where the items can be discarded, a reset is the other way."""
    cloud.hold("dev", "Users")
    with_another_key(cloud, "dev")

    run = inv(task[0], "--env", "dev", *task[1:])

    assert MIGRATE in run.out + run.err
    assert (RESET in run.out + run.err) is reset


def test_a_protected_environment_fills_a_second_table(cloud: Cloud, inv: Inv) -> None:
    """No task deletes a table there: the command has a name for another one, and no reset."""
    with_another_key(cloud, "prod")

    run = inv("db.verify", "--env", "prod", "--force")

    command = "db.migrate --env prod --force --table osem-prod-Teams --to osem-prod-Teams-v2"
    assert command in run.out
    assert command in run.err
    assert "db.reset" not in run.out + run.err


def test_a_plan_names_the_migration(cloud: Cloud, inv: Inv, tmp_path: Path) -> None:
    """Beside the step that is impossible: in the text, and in its entry in JSON."""
    with_another_key(cloud, "dev")
    file = str(tmp_path / "plan.json")

    written = inv("db.repair", "--env", "dev", "--plan-out", file)
    applied = inv("db.repair", "--env", "dev", "--plan", file, "--json")
    planned = inv("db.repair", "--env", "dev", "--dry-run", "--json").document

    impossible = [a for a in planned["data"]["actions"] if a["risk"] == "impossible in place"]
    assert MIGRATE in written.out
    assert MIGRATE in applied.document["error"]["remediation"]
    assert impossible
    assert all(MIGRATE in action["remediation"] for action in impossible)


def test_a_comparison_names_the_migration_of_either_side(cloud: Cloud, inv: Inv) -> None:
    """Which side is not as declared, db.verify tells; only keys and local indexes need it."""
    cloud.hold("staging", "Teams", "Users")
    with_another_key(cloud, "dev")
    argv = ("db.compare", "--env", "dev", "--with", "staging")

    keys, others = inv(*argv, "--table", "Teams"), inv(*argv, "--table", "Users")

    assert MIGRATE in keys.err
    assert "db.migrate --env staging --table osem-staging-Teams" in keys.err
    assert others.code == 1
    assert "db.migrate" not in others.err
