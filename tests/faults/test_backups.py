"""Backups before harm on an AWS that fails: nothing is deleted without one, and each is told."""

from __future__ import annotations

import json
import multiprocessing
import os
import shlex
import signal
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.schema.requests import create_request
from tests.faults.conftest import ITEM, Cloud, tables_of
from tests.faults.processes import inv_as_process
from tests.support.faulty_aws import Fault, Plane
from tests.support.inv import finished, started

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext
    from pathlib import Path

    from tests.support.inv import Inv

USERS, TEAMS = "osem-dev-Users", "osem-dev-Teams"
RESET, DELETE = ("db.reset", "--env", "dev"), ("db.delete", "--env", "dev")
CHANGES = ("DeleteTable", "CreateTable", "UpdateTable", "TagResource")
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/osem-dev-Users/backup/01700000000000-abcdef01"
MOST = 60


def said(state: str) -> str:
    """What DescribeBackup answers about a backup in that state."""
    return json.dumps(
        {"BackupDescription": {"BackupDetails": {"BackupArn": ARN, "BackupStatus": state}}}
    )


def refused(operation: str, code: str, message: str = "its words", **more: Any) -> Fault:
    """Calls that are answered by ``code``."""
    return Fault(operation, code=code, message=message, **more)


def backups(cloud: Cloud) -> list[str]:
    """The names of the tables of which backups really exist, in the order of their making."""
    return [one["TableName"] for one in cloud.client().list_backups()["BackupSummaries"]]


@pytest.fixture
def held(cloud: Cloud) -> Cloud:
    """An account with an item in Users, and an empty Teams."""
    cloud.hold("dev", "Users", "Teams")
    return cloud


@pytest.mark.parametrize("argv", [RESET, DELETE], ids=["reset", "delete"])
def test_tables_with_items_are_backed_up_before_they_go(
    held: Cloud, inv: Inv, argv: tuple[str, ...]
) -> None:
    """The backup is AVAILABLE before the first DeleteTable; an empty table needs none."""
    run = inv(*argv, "--yes", "--json")

    (entry,) = run.document["data"]["backups"]
    operations = [call.operation for call in held.server.calls]
    assert (run.code, backups(held)) == (0, [USERS])
    assert (entry["tableName"], entry["state"], entry["items"]) == (USERS, "AVAILABLE", 1)
    assert operations.index("DescribeBackup") < operations.index("DeleteTable")
    # A killed task prints nothing later: the ARN is on stderr before anything is deleted.
    assert entry["backupArn"] in run.err


def test_no_table_is_deleted_while_its_backup_is_being_made(held: Cloud, inv: Inv) -> None:
    """AWS would refuse it: DeleteTable is sent once, when the backup is AVAILABLE."""
    held.server.arm(plane=Plane(backing_up=0.3))

    run = inv(*DELETE, "--yes", "--table", "Users")

    assert (run.code, backups(held), held.names) == (0, [USERS], ["Teams"])
    assert [call.outcome for call in held.server.of("DeleteTable")] == ["200"]


@pytest.mark.parametrize(
    "argv, into", [(RESET, f"{USERS}-restored"), (DELETE, USERS)], ids=["reset", "delete"]
)
def test_the_printed_command_restores_the_items(
    held: Cloud, inv: Inv, argv: tuple[str, ...], into: str
) -> None:
    """Its words are those of RestoreTableFromBackup, and the name is free after the task."""
    run = inv(*argv, "--yes")

    (line,) = [line for line in run.out.splitlines() if "restore-table-from-backup" in line]
    words = shlex.split(line.partition(": ")[2])
    assert words[:4] == ["aws", "dynamodb", "restore-table-from-backup", "--target-table-name"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert options["--endpoint-url"] == held.server.url
    client = held.client(options["--region"])
    client.restore_table_from_backup(
        TargetTableName=options["--target-table-name"], BackupArn=options["--backup-arn"]
    )
    key = {"userId": ITEM["userId"]}
    assert client.get_item(TableName=into, Key=key)["Item"] == ITEM


PASSING = [
    pytest.param(refused("CreateBackup", "ThrottlingException", times=1), id="throttled"),
    pytest.param(
        refused("CreateBackup", "ContinuousBackupsUnavailableException", times=2), id="too-early"
    ),
    pytest.param(refused("CreateBackup", "BackupInUseException", times=1), id="another-backup"),
    pytest.param(refused("CreateBackup", "TableInUseException", times=1), id="in-use"),
    pytest.param(
        refused(
            "CreateBackup",
            "LimitExceededException",
            "Only 50 backups can be created simultaneously",
            times=1,
        ),
        id="simultaneous",
    ),
    pytest.param(Fault("CreateBackup", "lose", times=1), id="lost"),
    pytest.param(Fault("CreateBackup", "reset", times=1), id="dropped"),
    pytest.param(Fault("CreateBackup", "empty", times=1), id="empty"),
    pytest.param(Fault("CreateBackup", "cut", times=1), id="cut"),
    pytest.param(Fault("CreateBackup", "hang after", times=1), id="hung"),
    pytest.param(refused("DescribeBackup", "ThrottlingException", times=1), id="look-throttled"),
    pytest.param(refused("DescribeBackup", "BackupNotFoundException", times=1), id="look-early"),
    pytest.param(
        Fault("DescribeBackup", "say", message=said("CREATING"), status=200, times=2),
        id="being-made",
    ),
    pytest.param(Fault("DescribeBackup", "empty", times=1), id="look-empty"),
    pytest.param(refused("DeleteTable", "BackupInUseException", times=2), id="scheduled-backup"),
    pytest.param(
        refused("DeleteTable", "ResourceInUseException", "The table is being backed up", times=2),
        id="scheduled-backup-by-words",
    ),
    pytest.param(refused("Scan", "ThrottlingException", times=4), id="look-for-items-throttled"),
]


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_waited_for(held: Cloud, inv: Inv, fault: Fault) -> None:
    """One backup is made, and then the tables go."""
    held.server.arm(fault)

    run = inv(*DELETE, "--yes", "--json")

    assert (run.code, run.error, held.names) == (0, None, [])
    assert backups(held) == [USERS]
    assert [entry["state"] for entry in run.document["data"]["backups"]] == ["AVAILABLE"]


NO_BACKUP = "db.delete --env dev --no-backup"
LASTING = [
    pytest.param(
        (
            refused(
                "CreateBackup", "AccessDeniedException", "not authorized: dynamodb:CreateBackup"
            ),
        ),
        "AWS_PERMISSIONS_DENIED",
        "dynamodb:CreateBackup and dynamodb:DescribeBackup",
        [],
        id="denied",
    ),
    pytest.param(
        (refused("DescribeBackup", "AccessDeniedException"),),
        "AWS_PERMISSIONS_DENIED",
        "dynamodb:CreateBackup and dynamodb:DescribeBackup",
        ["CREATING"],
        id="look-denied",
    ),
    pytest.param(
        (refused("CreateBackup", "LimitExceededException", "The quota of the account is reached"),),
        "TABLE_LIMIT_EXCEEDED",
        "quota",
        [],
        id="quota",
    ),
    pytest.param(
        (refused("CreateBackup", "UnknownOperationException"),),
        "INVALID_CONFIGURATION",
        "makes no backups",
        [],
        id="no-such-call",
    ),
    pytest.param(
        (refused("CreateBackup", "ContinuousBackupsUnavailableException"),),
        "THROTTLED",
        "Wait a minute",
        [],
        id="unavailable-for-long",
    ),
    pytest.param(
        (refused("CreateBackup", "BackupInUseException"),),
        "TABLE_LIMIT_EXCEEDED",
        "Wait until it has ended",
        [],
        id="another-backup-for-long",
    ),
    pytest.param(
        (Fault("CreateBackup", "lose"), refused("ListBackups", "AccessDeniedException")),
        "NETWORK_ERROR",
        "",
        ["UNKNOWN"],
        id="all-answers-lost",
    ),
    pytest.param(
        (refused("CreateBackup", "InternalServerError", status=500),),
        "NETWORK_ERROR",
        "",
        ["UNKNOWN"],
        id="server-fault",
    ),
    pytest.param(
        (Fault("DescribeBackup", "say", message=said("CREATING"), status=200),),
        "TIMEOUT",
        "--timeout",
        ["CREATING"],
        id="never-available",
    ),
    pytest.param(
        (Fault("DescribeBackup", "say", message=said("DELETED"), status=200),),
        "TABLE_LIMIT_EXCEEDED",
        "what deletes it",
        [],
        id="deleted-meanwhile",
    ),
    pytest.param(
        (refused("DescribeBackup", "BackupNotFoundException"),),
        "TABLE_LIMIT_EXCEEDED",
        "what deletes it",
        [],
        id="never-visible",
    ),
]


@pytest.mark.parametrize(
    "faults, expected",
    [(row.values[0], row.values[1:]) for row in LASTING],
    ids=[row.id for row in LASTING],
)
def test_without_its_backup_no_table_goes(
    held: Cloud, inv: Inv, faults: tuple[Fault, ...], expected: tuple[str, str, list[str]]
) -> None:
    """Exit code 1, nothing changed, the way without a backup, and what may have been made."""
    code, remedy, states = expected
    held.server.arm(*faults)

    run = inv(*DELETE, "--yes", "--json", "--timeout", "3")

    error = run.document["error"]
    assert (run.code, error["code"]) == (1, code)
    assert "Nothing was deleted or changed." in error["message"]
    assert remedy in error["remediation"]
    assert NO_BACKUP in error["remediation"]
    assert [entry["state"] for entry in run.document["data"]["backups"]] == states
    assert all(
        bool(entry["restoreCommand"]) is (entry["state"] != "UNKNOWN")
        for entry in run.document["data"]["backups"]
    )
    assert held.server.of(*CHANGES) == []
    assert held.item("dev") == ITEM


def test_an_unknown_backup_is_told_with_the_command_that_lists_it(held: Cloud, inv: Inv) -> None:
    """Its answer was lost: nobody knows its ARN, and its name is enough to find it."""
    held.server.arm(Fault("CreateBackup", "lose"), refused("ListBackups", "AccessDeniedException"))

    run = inv(*DELETE, "--yes")

    assert run.code == 1
    assert f"aws dynamodb list-backups --table-name {USERS} --region us-east-1" in run.out
    assert "may exist" in run.out


def test_one_missing_backup_keeps_every_table(held: Cloud, inv: Inv) -> None:
    """The backups that were made are told; no table is deleted, not even those with a backup."""
    held.client().put_item(TableName=TEAMS, Item={"teamId": {"S": "t-1"}})
    held.server.arm(refused("CreateBackup", "AccessDeniedException", table=TEAMS))

    run = inv(*RESET, "--yes", "--json")

    assert (run.code, held.names) == (1, ["Teams", "Users"])
    assert TEAMS in run.document["error"]["message"]
    assert {entry["tableName"] for entry in run.document["data"]["backups"]} <= {USERS}
    assert held.server.of(*CHANGES) == []


def test_no_backup_makes_none(held: Cloud, inv: Inv) -> None:
    """--no-backup asks AWS for nothing of backups, not even which tables have items."""
    run = inv(*DELETE, "--yes", "--no-backup")

    assert (run.code, held.names, backups(held)) == (0, [], [])
    assert held.server.of("Scan", "CreateBackup", "DescribeBackup") == []


def test_a_count_of_none_is_not_believed(held: Cloud, inv: Inv) -> None:
    """AWS's count is up to six hours old: a look decides, and where it is denied, the doubt."""
    for fault in ((), (refused("Scan", "AccessDeniedException"),)):
        held.server.arm(Fault("DescribeTable", "with", message='{"ItemCount": 0}'), *fault)
        planned = inv(*DELETE, "--dry-run", "--json").names("backups")
        assert planned == (["Users", "Teams"] if fault else ["Users"])


def test_only_the_tables_of_the_task_are_backed_up(held: Cloud, inv: Inv) -> None:
    """--table narrows the backups, and the command without them."""
    held.client().put_item(TableName=TEAMS, Item={"teamId": {"S": "t-1"}})
    held.server.arm(refused("CreateBackup", "AccessDeniedException", times=1))

    refusal = inv(*DELETE, "--yes", "--table", "Teams")
    run = inv(*DELETE, "--yes", "--table", "Teams")

    assert f"db.delete --env dev --table {TEAMS} --no-backup" in refusal.err
    assert (run.code, held.names, backups(held)) == (0, ["Users"], [TEAMS])


@pytest.mark.parametrize("argv", [RESET, DELETE], ids=["reset", "delete"])
def test_a_dry_run_says_what_would_be_backed_up(
    held: Cloud, inv: Inv, argv: tuple[str, ...]
) -> None:
    """Nothing is sent that changes anything; a reset also says what it sets up again."""
    shown, document = inv(*argv, "--dry-run"), inv(*argv, "--dry-run", "--json").document

    assert f"- {USERS}  1 item   0 B  backed up first" in shown.out
    assert f"- {TEAMS}  0 items  0 B  no backup" in shown.out
    assert document["data"]["backups"] == [{"tableName": USERS, "state": "PLANNED"}]
    actions = [action["action"] for action in document["data"]["actions"]]
    again = ["create_table"] * 6 if argv is RESET else []
    assert actions == ["delete_table"] * 2 + again
    assert ("then set up:" in shown.out) is (argv is RESET)
    assert held.server.of(*CHANGES, "CreateBackup") == []


def test_the_confirmation_shows_the_backups(held: Cloud, inv: Inv) -> None:
    """Whoever confirms knows what is kept."""
    run = inv(*RESET)

    assert run.code == 1
    assert f"- {USERS}  1 item   0 B  backed up first" in run.err
    assert "This would back up 1 table, then delete 2 tables" in run.err
    assert held.server.of(*CHANGES, "CreateBackup") == []


@pytest.mark.parametrize("argv", [RESET, DELETE], ids=["reset", "delete"])
def test_a_local_engine_needs_no_backup(cloud: Cloud, inv: Inv, argv: tuple[str, ...]) -> None:
    """Where the engine proves to be local, nobody is asked for backups, and none is told."""
    cloud.hold("dev", "Users")
    cloud.server.role = "moto"

    run = inv(*argv, "--endpoint", cloud.server.url)

    assert (run.code, backups(cloud)) == (0, [])
    assert "backup" not in run.out + run.err


@pytest.mark.usefixtures("inv")
def test_an_interrupt_names_the_backup_under_way(held: Cloud) -> None:
    """Ctrl-C while a backup is made: the backup and how to restore it stand in the report."""
    held.server.arm(Fault("DescribeBackup", "say", message=said("CREATING"), status=200))
    process = started(*DELETE, "--yes", "--json")
    try:
        held.server.await_calls(1, "DescribeBackup")
        process.send_signal(signal.SIGINT)
        run = finished(process)
    finally:
        process.kill()

    (entry,) = run.document["data"]["backups"]
    assert (run.code, run.error, entry["state"]) == (130, "INTERRUPTED", "CREATING")
    assert "restore-table-from-backup" in entry["restoreCommand"]
    assert held.item("dev") == ITEM


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    """Processes that begin with everything imported, forked of one without threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "boto3", "osem_tasks.aws.session", "invoke.program"])
    return context


@pytest.mark.parametrize("argv", [RESET, DELETE], ids=["reset", "delete"])
def test_a_kill_at_any_call_loses_nothing(
    forks: ForkServerContext, cloud: Cloud, inv: Inv, argv: tuple[str, ...]
) -> None:
    """After every call in turn the item is in its table or in a backup; the next run ends well."""
    call = 1
    while _killed_after(forks, cloud, argv, call):
        kept = backups(cloud)
        in_table = "Users" in cloud.names and cloud.item("dev") == ITEM
        assert in_table or USERS in kept, call
        cloud.server.arm()
        run = inv(*argv, "--yes", "--json")
        assert run.code == 0, (call, run.err)
        # What a killed run made stays; a table that still has items gets a backup of its own.
        assert backups(cloud) == kept + ([USERS] if in_table else [])
        call += 1
        assert call < MOST

    assert call > len(("STS", "DescribeTable", "ListTagsOfResource", "CreateBackup"))


def _killed_after(forks: ForkServerContext, cloud: Cloud, argv: tuple[str, ...], call: int) -> bool:
    cloud.clear()
    cloud.hold("dev", "Users")
    cloud.server.arm(Fault("*", "kill", after=call - 1, times=1), plane=Plane(deleting=0.02))
    words = ["inv", *argv, "--table", "Users", "--yes"]
    process = forks.Process(target=inv_as_process, args=(dict(os.environ), words))
    process.start()
    assert process.pid
    cloud.server.victim.set_result(process.pid)
    process.join()
    code = process.exitcode
    process.close()
    assert code in (0, -signal.SIGKILL)
    return code == -signal.SIGKILL


@pytest.fixture
def wrong_index(cloud: Cloud) -> Cloud:
    """An account where the index of Teams has another key; Teams has an item."""
    (declared,) = [table for table in tables_of("dev") if table.name == TEAMS]
    request: Any = create_request(declared)
    request["GlobalSecondaryIndexes"][0]["KeySchema"][0]["AttributeName"] = "leadId"
    for definition in request["AttributeDefinitions"]:
        if definition["AttributeName"] == "managerId":
            definition["AttributeName"] = "leadId"
    cloud.client().create_table(**request)
    cloud.client().put_item(TableName=TEAMS, Item={"teamId": {"S": "t-1"}})
    return cloud


REPAIR = ("db.repair", "--env", "dev", "--table", "Teams")
REPLACE = (*REPAIR, "--replace-indexes")


def changes(cloud: Cloud) -> list[str]:
    """The calls that change the account, in order."""
    return [call.operation for call in cloud.server.of(*CHANGES, "CreateBackup")]


def test_an_index_is_replaced_after_a_backup(wrong_index: Cloud, inv: Inv) -> None:
    """The backup comes first, and stands in the report with the command that restores it."""
    shown = inv(*REPLACE, "--dry-run")
    run = inv(*REPLACE, "--yes", "--json")

    (entry,) = run.document["data"]["backups"]
    assert "1 table would be backed up first: osem-dev-Teams" in shown.out
    assert (run.code, backups(wrong_index)) == (0, [TEAMS])
    assert f"--target-table-name {TEAMS}-restored" in entry["restoreCommand"]
    assert changes(wrong_index)[0] == "CreateBackup"


def test_a_repair_that_replaces_nothing_needs_no_backup(wrong_index: Cloud, inv: Inv) -> None:
    """Only --replace-indexes takes an index away whose items are in use."""
    inv(*REPAIR, "--yes")
    without = inv(*REPLACE, "--yes", "--no-backup", "--json")

    assert (without.code, without.document["data"]["backups"]) == (0, [])
    assert backups(wrong_index) == []


def test_no_index_is_replaced_without_its_backup(wrong_index: Cloud, inv: Inv) -> None:
    """Nothing is changed, and the same repair without a backup is named."""
    wrong_index.server.arm(refused("CreateBackup", "AccessDeniedException"))

    run = inv(*REPLACE, "--yes")

    assert run.code == 1
    assert f"db.repair --env dev --table {TEAMS} --replace-indexes --no-backup" in run.err
    assert changes(wrong_index) == ["CreateBackup"]


def test_a_saved_plan_is_applied_after_a_backup(
    wrong_index: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """Writing it says what will be backed up; the backup is made when it is applied."""
    file = str(tmp_path / "plan.json")
    written = inv(*REPLACE, "--plan-out", file)
    apply = ("db.repair", "--env", "dev", "--plan", file, "--yes")
    wrong_index.server.arm(refused("CreateBackup", "AccessDeniedException", times=1))

    refusal, run = inv(*apply), inv(*apply)

    assert (written.code, refusal.code, run.code) == (0, 1, 0), run.err
    assert "would be backed up first: osem-dev-Teams" in written.out
    assert f"db.repair --env dev --table {TEAMS} --plan {file} --no-backup" in refusal.err
    assert backups(wrong_index) == [TEAMS]
    assert changes(wrong_index)[:2] == ["CreateBackup", "CreateBackup"]
