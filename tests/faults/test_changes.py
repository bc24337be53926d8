"""A lost answer to a change of an existing table: whether it went through is read, not guessed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.waiting.policy import current
from tests.support.faulty_aws import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.mark import ParameterSet

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv, Run

NAME = "osem-dev-Orders"
OWN: Any = [{"Key": "Application", "Value": "osem-ladders"}, {"Key": "Environment", "Value": "dev"}]
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
MORE = {"ReadCapacityUnits": 9, "WriteCapacityUnits": 7}
INDEX = {
    "IndexName": "by-day",
    "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
DAY = {"AttributeName": "day", "AttributeType": "S"}
ID = {"AttributeName": "id", "AttributeType": "S"}
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
PLAIN: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [ID],
    "BillingMode": "PAY_PER_REQUEST",
}
INDEXED = {**PLAIN, "AttributeDefinitions": [ID, DAY], "GlobalSecondaryIndexes": [INDEX]}
PROVISIONED = {**PLAIN, "BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS}
TTL = {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ends"}}
BACKUPS = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change: the table as it is held and as it is declared, and the call that makes it.

    ``after`` are settings of the held table that CreateTable does not accept: a method of
    boto3's client and its arguments. ``prune``: only `db.repair --prune` makes it.
    """

    action: str
    operation: str = "UpdateTable"
    held: dict[str, Any] = field(default_factory=lambda: PLAIN)
    declared: dict[str, Any] = field(default_factory=lambda: PLAIN)
    after: tuple[tuple[str, dict[str, Any]], ...] = ()
    prune: bool = False

    def __str__(self) -> str:
        return self.action


CHANGES = [
    Change(action="create_index", declared=INDEXED),
    Change(action="delete_index", held=INDEXED, prune=True),
    Change(action="enable_stream", declared={**PLAIN, "StreamSpecification": STREAM}),
    Change(
        action="disable_stream",
        held={**PLAIN, "StreamSpecification": STREAM},
        declared={**PLAIN, "StreamSpecification": {"StreamEnabled": False}},
        prune=True,
    ),
    Change(action="update_billing", held=PROVISIONED),
    Change(
        action="update_throughput",
        held=PROVISIONED,
        declared={**PROVISIONED, "ProvisionedThroughput": MORE},
    ),
    Change(action="set_deletion_protection", declared={**PLAIN, "DeletionProtectionEnabled": True}),
    Change(
        action="set_tags",
        operation="TagResource",
        declared={**PLAIN, "Tags": [{"Key": "team", "Value": "shop"}]},
    ),
    Change(action="enable_ttl", operation="UpdateTimeToLive", declared={**PLAIN, **TTL}),
    Change(
        action="disable_ttl",
        operation="UpdateTimeToLive",
        after=(("update_time_to_live", TTL),),
        declared={**PLAIN, "TimeToLiveSpecification": {"Enabled": False, "AttributeName": "ends"}},
    ),
    Change(
        action="enable_pitr",
        operation="UpdateContinuousBackups",
        declared={**PLAIN, **BACKUPS},
    ),
]
PAGE = "<html><head><title>503 Service Unavailable</title></head></html>"
SERVER_FAULT = '{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":""}'
# The change was carried out, and nobody told so.
LOST = {
    "cut": Fault("", "lose"),
    "half": Fault("", "cut"),
    "short": Fault("", "short"),
    "late": Fault("", "hang after"),
    "500": Fault("", "say after", message=SERVER_FAULT, status=500),
    "503 page": Fault("", "say after", message=PAGE, status=503),
    "504 empty": Fault("", "say after", message="", status=504),
}
# The change never arrived, and nobody told so either.
DROPPED = {
    "reset": Fault("", "reset"),
    "hang": Fault("", "hang"),
    "502": Fault("", "say", message=PAGE, status=502),
}
COMMANDS = {
    "setup": ("db.setup", "--repair"),
    "repair": ("db.repair", "--yes"),
    "prune": ("db.repair", "--prune", "--yes"),
}


def _commands(change: Change) -> list[str]:
    return ["prune"] if change.prune else ["setup", "repair"]


CASES = [
    pytest.param(change, command, id=f"{change}-{command}")
    for change in CHANGES
    for command in _commands(change)
]


def _with(faults: dict[str, Fault], few: str) -> list[ParameterSet]:
    """Every case with the faults; `db.setup`, which does the same work, only with ``few``."""
    return [
        pytest.param(
            change,
            command,
            replace(fault, operation=change.operation, times=1),
            id=f"{change}-{command}-{name}",
        )
        for change in CHANGES
        for command in _commands(change)
        for name, fault in faults.items()
        if command != "setup" or name == few
    ]


def _done(run: Run) -> list[str]:
    """The steps that the document tells as done."""
    data = run.document["data"]
    return [step["action"] for step in data.get("applied", data.get("actionsCompleted"))]


@dataclass(frozen=True)
class Shop:
    """An account that holds one table, and a file that declares it."""

    cloud: Cloud
    inv: Inv
    file: Path

    def run(self, change: Change, command: str, fault: Fault) -> Run:
        """The command while the fault holds."""
        client = self.cloud.client()
        client.create_table(TableName=NAME, Tags=OWN, **change.held)
        for method, arguments in change.after:
            getattr(client, method)(TableName=NAME, **arguments)
        self.cloud.server.arm(fault)
        self.file.write_text(json.dumps({"TableName": "Orders", **change.declared}))
        # Where no invoke.yaml says otherwise.
        self.inv.patch.chdir(self.file.parent)
        configured = replace(self.inv, configuration={"tables": str(self.file)})
        return configured(*COMMANDS[command], "--env", "dev", "--json")


@pytest.fixture
def shop(cloud: Cloud, inv: Inv, tmp_path: Path) -> Shop:
    """An account of the test's own."""
    return Shop(cloud, inv, tmp_path / "orders.json")


@pytest.mark.parametrize("change, command, fault", _with(LOST, "500"))
def test_a_change_with_a_lost_answer_is_sent_once_and_told_as_done(
    shop: Shop, change: Change, command: str, fault: Fault
) -> None:
    """The table is read before anything is sent again; the step counts as done."""
    run = shop.run(change, command, fault)

    assert (run.code, run.document["error"], _done(run)) == (0, None, [change.action])
    assert len(shop.cloud.server.of(change.operation)) == 1


@pytest.mark.parametrize("change, command, fault", _with(DROPPED, "reset"))
def test_a_change_that_did_not_arrive_is_sent_again_after_a_reading(
    shop: Shop, change: Change, command: str, fault: Fault
) -> None:
    """Between two requests for the same change the table is read; the step counts as done."""
    run = shop.run(change, command, fault)

    calls = [call.operation for call in shop.cloud.server.calls]
    first = calls.index(change.operation)
    second = calls.index(change.operation, first + 1)
    assert (run.code, run.document["error"], _done(run)) == (0, None, [change.action])
    assert calls.count(change.operation) == 2
    assert "DescribeTable" in calls[first:second]


@pytest.mark.parametrize("change, command", CASES)
def test_a_change_that_never_arrives_is_told_as_failed(
    shop: Shop, change: Change, command: str
) -> None:
    """Bounded tries, then the cause; nothing counts as done, and the outcome as unknown."""
    run = shop.run(change, command, Fault(change.operation, "reset"))

    assert (run.code, run.error, _done(run)) == (2, "NETWORK_ERROR", [])
    assert NAME in run.document["error"]["message"]
    assert len(shop.cloud.server.of(change.operation)) == current().max_ambiguous


@pytest.mark.parametrize("change, command", CASES)
def test_a_change_whose_every_answer_is_lost_is_told_as_done(
    shop: Shop, change: Change, command: str
) -> None:
    """An endpoint that never answers a change does not hide that it went through."""
    run = shop.run(change, command, Fault(change.operation, "lose"))

    assert (run.code, run.document["error"], _done(run)) == (0, None, [change.action])
    assert len(shop.cloud.server.of(change.operation)) == 1
