"""States that do not end by themselves: every task names them at once and waits for none."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.cases.case import SIX
from tests.support.faulty_aws import Fault, Plane

if TYPE_CHECKING:
    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv

USERS = "osem-dev-Users"


@dataclass(frozen=True, kw_only=True)
class State:
    """Members of Users' description, and what is said of them: the state, and what to do."""

    members: dict[str, Any]
    says: str
    remedy: str


def _replica(status: str) -> dict[str, Any]:
    return {"Replicas": [{"RegionName": "eu-west-1", "ReplicaStatus": status}]}


INACCESSIBLE = "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
STATES = {
    "no key": State(
        members={"TableStatus": INACCESSIBLE}, says=f"is {INACCESSIBLE}", remedy="KMS key usable"
    ),
    "no key, still active": State(
        members={
            "SSEDescription": {
                "Status": "ENABLED",
                "SSEType": "KMS",
                "InaccessibleEncryptionDateTime": 1_700_000_000,
            }
        },
        says=f"key is {INACCESSIBLE}",
        remedy="KMS key usable",
    ),
    "archiving": State(members={"TableStatus": "ARCHIVING"}, says="ARCHIVING", remedy="backup"),
    "archived": State(members={"TableStatus": "ARCHIVED"}, says="ARCHIVED", remedy="backup"),
    "not authorized": State(
        members={"TableStatus": "REPLICATION_NOT_AUTHORIZED"},
        says="REPLICATION_NOT_AUTHORIZED",
        remedy="allow its replication",
    ),
    "failed replica": State(
        members=_replica("CREATION_FAILED"),
        says="replica eu-west-1 is CREATION_FAILED",
        remedy="remove the replica",
    ),
    "lost region": State(
        members=_replica("REGION_DISABLED"),
        says="replica eu-west-1 is REGION_DISABLED",
        remedy="enable the replica's region",
    ),
    "archived replica": State(
        members=_replica("ARCHIVED"), says="replica eu-west-1 is ARCHIVED", remedy="backup"
    ),
    "unknown": State(members={"TableStatus": "REPLICATING"}, says="REPLICATING", remedy="console"),
}
by_state = pytest.mark.parametrize("state", STATES.values(), ids=STATES)
FEW = ("no key, still active", "archived", "failed replica", "unknown")
by_few = pytest.mark.parametrize("state", [STATES[name] for name in FEW], ids=FEW)


def _shown(state: State, *, after: int = 0) -> Fault:
    return Fault(
        "DescribeTable", "with", message=json.dumps(state.members), table="Users", after=after
    )


def _looks(cloud: Cloud) -> int:
    return len([call for call in cloud.server.of("DescribeTable") if call.table == USERS])


@by_state
@pytest.mark.parametrize("words", [("db.setup",), ("db.repair", "--yes")], ids=" ".join)
def test_a_change_is_refused_before_anything_is_sent(
    cloud: Cloud, inv: Inv, state: State, words: tuple[str, ...]
) -> None:
    """The table, its state and what to do are told after one look; nothing was changed."""
    cloud.hold("dev", "Users")
    cloud.server.arm(_shown(state))

    run = inv(*words, "--env", "dev", "--json")

    error = run.document["error"]
    assert (run.code, run.error, error["details"]["tableName"]) == (
        1,
        "SCHEMA_VALIDATION_FAILED",
        USERS,
    )
    assert USERS in error["message"]
    assert (state.says in error["message"], state.remedy in error["remediation"]) == (True, True)
    assert (_looks(cloud), cloud.server.of("CreateTable", "UpdateTable")) == (1, [])


@by_few
def test_a_setup_counts_the_table_as_failed(cloud: Cloud, inv: Inv, state: State) -> None:
    """The account of a setup: one table failed, the rest was not attempted."""
    cloud.hold("dev", "Users")
    cloud.server.arm(_shown(state))

    run = inv("db.setup", "--env", "dev", "--json")

    assert run.account["Failed"] == ["Users"]
    assert run.account["NotAttempted"] == list(SIX[1:])


@by_state
def test_a_verification_tells_the_state_and_what_to_do(
    cloud: Cloud, inv: Inv, state: State
) -> None:
    """An issue of the kind TABLE_NOT_ACTIVE, with the state as found, and no advice to wait."""
    cloud.hold("dev", *SIX)
    cloud.server.arm(_shown(state))

    run = inv("db.verify", "--env", "dev", "--json")

    [check] = [check for check in run.document["data"]["checks"] if not check["passed"]]
    [issue] = [issue for issue in check["issues"] if issue["type"] == "TABLE_NOT_ACTIVE"]
    assert (run.code, check["tableName"], _looks(cloud)) == (1, USERS, 1)
    assert issue["found"] == state.says.rpartition(" ")[2]
    assert state.remedy in issue["remediation"]
    assert "wait until" not in issue["remediation"]


@by_few
def test_a_list_shows_the_table(cloud: Cloud, inv: Inv, state: State) -> None:
    """A list shows it like any other table, and waits for nothing."""
    cloud.hold("dev", *SIX)
    cloud.server.arm(_shown(state))

    run = inv("db.list", "--env", "dev")

    assert (run.code, "Users" in run.out) == (0, True)
    assert _looks(cloud) <= 2


@by_few
def test_a_table_in_such_a_state_can_be_deleted(cloud: Cloud, inv: Inv, state: State) -> None:
    """DynamoDB decides: where it accepts the request, the table goes."""
    cloud.hold("dev", "Users")
    cloud.server.arm(replace(_shown(state), times=1))

    run = inv("db.delete", "--env", "dev", "--yes", "--json")

    assert (run.code, run.error, cloud.names) == (0, None, [])


@by_few
def test_a_refused_deletion_names_the_state(cloud: Cloud, inv: Inv, state: State) -> None:
    """Where DynamoDB refuses it because of the state, nobody waits for another one."""
    cloud.hold("dev", "Users")
    cloud.server.arm(_shown(state), Fault("DeleteTable", code="ResourceInUseException"))

    run = inv("db.delete", "--env", "dev", "--yes", "--json")

    assert (run.code, run.error) == (1, "SCHEMA_VALIDATION_FAILED")
    assert state.says in run.document["error"]["message"]
    assert len(cloud.server.of("DeleteTable")) == 1
    assert cloud.names == ["Users"]


@by_few
def test_a_new_table_that_ends_so_is_told_and_the_others_are_awaited(
    cloud: Cloud, inv: Inv, state: State
) -> None:
    """The table was created, its state is told, and no further table is begun."""
    cloud.server.arm(_shown(state, after=1), plane=Plane(creating=0.3))

    run = inv("db.setup", "--env", "dev", "--json")

    assert (run.code, run.error) == (2, "SCHEMA_VALIDATION_FAILED")
    assert state.says in run.document["error"]["message"]
    assert "Users" in run.account["Created"]


@by_few
def test_a_change_whose_table_ends_so_is_told(cloud: Cloud, inv: Inv, state: State) -> None:
    """While a change is awaited, such a state ends the wait."""
    cloud.hold("dev", *SIX)
    cloud.drift("dev")
    cloud.server.arm(_shown(state, after=1))

    run = inv("db.repair", "--env", "dev", "--yes", "--json")

    assert run.error == "SCHEMA_VALIDATION_FAILED"
    assert state.says in run.document["error"]["message"]
    assert _looks(cloud) <= 3
