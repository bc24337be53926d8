"""The permissions of ``db.policy`` are those that the tasks use: not one less, not one more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.aws.permissions import COUNT, GROUPS
from tests.faults.recorded import ACCOUNT, REGION, SITUATIONS, TABLE, Stage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv

# Actions that take away tables or items, none of which a group but the last may have.
HARMFUL = ("DeleteTable", "DeleteItem", "DeleteBackup", "RestoreTableFromBackup", "UpdateItem")


def policy_of(inv: Inv, env: str, *groups: str) -> dict[str, Any]:
    """What `db.policy` gives for the groups; it calls no AWS."""
    words = ("--account", ACCOUNT, "--region", REGION, "--group", ",".join(groups))
    run = inv("db.policy", "--env", env, *words, "--json")
    assert run.code == 0, run.err
    policy: dict[str, Any] = run.document["data"]["policy"]
    return policy


def allows(policy: dict[str, Any], action: str, resource: str) -> bool:
    """Whether IAM would allow an action on a resource: by one statement, with its wildcards."""
    action, counting, _ = action.partition(" (Select=COUNT)")
    counted = {"StringEquals": {"dynamodb:Select": "COUNT"}}
    return any(
        statement["Effect"] == "Allow"
        and statement.get("Condition") in ([None, counted] if counting else [None])
        and any(matches(pattern, action) for pattern in statement["Action"])
        and any(matches(pattern, resource) for pattern in statement["Resource"])
        for statement in policy["Statement"]
    )


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern of IAM, in which ``*`` is any text and ``?`` a character."""
    parts = {"*": ".*", "?": "."}
    expression = "".join(parts.get(sign) or re.escape(sign) for sign in pattern)
    return re.fullmatch(expression, text) is not None


@pytest.mark.parametrize("name", GROUPS)
def test_the_record_and_the_table_are_equal(
    cloud: Cloud, inv: Inv, tmp_path: Path, name: str
) -> None:
    """Every call of a group's tasks is in its permissions, and nothing is that none of them calls."""
    stage = Stage(cloud, inv, tmp_path)
    inv.patch.chdir(tmp_path)  # where no invoke.yaml names the tables

    SITUATIONS[name](stage)

    called = {action.partition(":")[2] for action, _ in stage.served["dev"]}
    called -= {COUNT} if "Scan" in called else set()  # whoever may read may count
    assert called == GROUPS[name].actions
    allowed = {env: policy_of(inv, env, name) for env in stage.served}
    refused = [
        (env, action, resource)
        for env, calls in stage.served.items()
        for action, resource in calls
        if not allows(allowed[env], action, resource)
    ]
    assert refused == []


@pytest.mark.parametrize("name", GROUPS)
def test_nothing_else_is_allowed(inv: Inv, name: str) -> None:
    """No group but destroy deletes, none touches another environment's or application's tables; few read items."""
    policy = policy_of(inv, "dev", name)
    own, others = f"{TABLE}/osem-dev-Users", (f"{TABLE}/osem-prod-Users", f"{TABLE}/Users")

    reads = allows(policy, "dynamodb:Scan", own)
    harmful = {action for action in HARMFUL if allows(policy, f"dynamodb:{action}", own)}
    beyond = {
        (action, other)
        for action in (*GROUPS["destroy"].actions, *GROUPS["data"].actions)
        for other in (*others, own.replace(ACCOUNT, "210987654321"), own.replace("-1:", "-2:"))
        if action not in ("ListTables", "ListBackups")
        and allows(policy, f"dynamodb:{action}", other)
    }

    assert harmful == ({"DeleteTable"} if name == "destroy" else set())
    assert beyond == set()
    assert reads == (name in ("dump", "data", "destroy"))
