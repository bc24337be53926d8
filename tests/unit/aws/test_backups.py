"""On-demand backups: what is sent, what is waited for, and what every failure leaves to read."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.aws.backups import (
    Backup,
    BackupMaker,
    State,
    backup_name,
    list_command,
    restore_command,
)
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.clock import Deadline
from tests.support.canned_aws import Answer, CannedAws, Json, Refusal
from tests.support.patience import Clock, no_waiting
from tests.unit.apply.runs import Told
from tests.unit.aws.described import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = ("Plans", "Teams", "Users")
WITHOUT = "inv db.reset --env dev --no-backup"
LOST = ConnectionClosedError(endpoint_url="https://dynamodb")
UNSENT = EndpointConnectionError(endpoint_url="https://dynamodb")
NAMES = st.text("abcABC019_.-", min_size=3, max_size=255)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keys as a shell holds them, and a clock on which waiting takes no time."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOWNKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own-secret")
    with no_waiting(Clock()):
        yield


@dataclass
class BackingUp:
    """AWS with backups: each takes ``looks`` DescribeBackup calls, or never ends (None).

    ``refusals`` are given to the next calls of an operation in order, ``lost`` CreateBackup calls
    are carried out and their answers lost, ``unseen`` looks do not find a new backup yet.
    ``listed`` says whether ListBackups is allowed. ``ends`` is the last state.
    """

    looks: int | None = 1
    refusals: dict[str, list[Answer]] = field(default_factory=dict)
    lost: int = 0
    unseen: int = 0
    listed: bool = True
    ends: str = "AVAILABLE"
    backups: dict[str, Json] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    def __call__(self, operation: str, request: Json) -> Answer:
        """Answer one call."""
        if waiting := self.refusals.get(operation):
            return waiting.pop(0)
        by_operation = {
            "CreateBackup": self._create,
            "DescribeBackup": self._describe,
            "ListBackups": self._list,
        }
        return by_operation[operation](request)

    def _create(self, request: Json) -> Answer:
        arn = (
            f"arn:aws:dynamodb:us-east-1:1:table/{request['TableName']}/backup/{len(self.backups)}"
        )
        self.backups[arn] = {
            "BackupArn": arn,
            "BackupName": request["BackupName"],
            "BackupStatus": "CREATING",
            "BackupSizeBytes": 0,
            "BackupType": "USER",
            "BackupCreationDateTime": 1.0,
        }
        if self.lost:
            self.lost -= 1
            return LOST
        return {"BackupDetails": self.backups[arn]}

    def _describe(self, request: Json) -> Answer:
        arn = request["BackupArn"]
        self.seen[arn] += 1
        if self.seen[arn] <= self.unseen:
            return Refusal("BackupNotFoundException")
        details = dict(self.backups[arn], BackupSizeBytes=34)
        if self.looks is not None and self.seen[arn] > self.looks:
            details["BackupStatus"] = self.ends
        return {
            "BackupDescription": {"BackupDetails": details, "SourceTableDetails": {"ItemCount": 12}}
        }

    def _list(self, request: Json) -> Answer:
        if not self.listed:
            return Refusal("AccessDeniedException")
        middle = f":table/{request['TableName']}/backup/"
        return {"BackupSummaries": [one for arn, one in self.backups.items() if middle in arn]}


def maker(
    answer: BackingUp, seconds: float = 60.0
) -> tuple[BackupMaker, dict[str, Backup], CannedAws]:
    """A maker of backups on that AWS, what it has made, and what was asked."""
    canned = CannedAws(answer)
    made: dict[str, Backup] = {}
    told = Told()
    return (
        BackupMaker(opened(canned), Deadline(seconds), told, made=made, without=WITHOUT),
        made,
        canned,
    )


def test_backups_are_made_side_by_side_and_awaited() -> None:
    """Every table is requested before the first one is awaited; all are AVAILABLE in the end."""
    mine, made, canned = maker(BackingUp(looks=2))

    mine.make(TABLES)

    assert [made[table].state for table in TABLES] == [State.AVAILABLE] * 3
    assert {(made[table].items, made[table].size) for table in TABLES} == {(12, 34)}
    assert canned.operations[:3] == ["CreateBackup"] * 3
    assert canned.operations.count("CreateBackup") == 3


def test_no_table_needs_no_call() -> None:
    """Nothing to back up: nothing is sent."""
    mine, made, canned = maker(BackingUp())

    mine.make(())

    assert (made, canned.operations) == ({}, [])


def test_sixty_tables_are_backed_up_once_each() -> None:
    """Side by side, in more calls than run at a time; each table has its own backup."""
    names = [f"Table{number}" for number in range(60)]
    mine, made, canned = maker(BackingUp())

    mine.make(names)

    assert made.keys() == set(names)
    assert len({backup.arn for backup in made.values()}) == 60
    assert canned.operations.count("CreateBackup") == 60


PASSING = [
    pytest.param("CreateBackup", Refusal("ThrottlingException"), id="throttled"),
    pytest.param("CreateBackup", Refusal("ContinuousBackupsUnavailableException"), id="too-early"),
    pytest.param("CreateBackup", Refusal("BackupInUseException"), id="another-backup"),
    pytest.param("CreateBackup", Refusal("TableInUseException"), id="table-in-use"),
    pytest.param(
        "CreateBackup",
        Refusal("LimitExceededException", "Too many operations for a given subscriber"),
        id="limit",
    ),
    pytest.param("CreateBackup", UNSENT, id="never-sent"),
    pytest.param("DescribeBackup", Refusal("ThrottlingException"), id="look-throttled"),
    pytest.param("DescribeBackup", LOST, id="look-lost"),
    pytest.param("DescribeBackup", {"BackupDescription": {}}, id="look-truncated"),
]


@pytest.mark.parametrize("operation, refusal", PASSING)
def test_what_passes_is_waited_for(operation: str, refusal: Answer) -> None:
    """A refusal that ends by itself is no failure: one backup is made."""
    world = BackingUp(refusals={operation: [refusal]})
    mine, made, _ = maker(world)

    mine.make(["Plans"])

    assert made["Plans"].state is State.AVAILABLE
    assert len(world.backups) == 1


LASTING = [
    pytest.param(
        Refusal("AccessDeniedException", "not authorized to perform: dynamodb:CreateBackup"),
        ErrorCode.AWS_PERMISSIONS_DENIED,
        "dynamodb:CreateBackup and dynamodb:DescribeBackup",
        id="denied",
    ),
    pytest.param(
        Refusal("LimitExceededException", "The account has a limit of 50 backups per table"),
        ErrorCode.TABLE_LIMIT_EXCEEDED,
        "servicequotas",
        id="quota",
    ),
    pytest.param(
        Refusal("UnknownOperationException"),
        ErrorCode.INVALID_CONFIGURATION,
        "This server makes no backups",
        id="no-such-call",
    ),
    pytest.param(
        Refusal("ValidationException", "Backups cannot be made of this table"),
        ErrorCode.INVALID_CONFIGURATION,
        "without a backup",
        id="validation",
    ),
    pytest.param(
        Refusal("TableNotFoundException"), ErrorCode.TABLE_NOT_FOUND, "db.list", id="gone"
    ),
]


@pytest.mark.parametrize("refusal, code, remedy", LASTING)
def test_a_lasting_refusal_names_the_way_without(
    refusal: Answer, code: ErrorCode, remedy: str
) -> None:
    """The failure says that nothing was deleted, and which command needs no backup."""
    mine, made, _ = maker(BackingUp(refusals={"CreateBackup": [refusal]}))

    with pytest.raises(OsemError) as caught:
        mine.make(["Plans"])

    error = caught.value
    assert (error.code, error.table) == (code, "Plans")
    assert "Plans" in error.message
    assert error.message.endswith("Nothing was deleted or changed.")
    assert remedy in error.remediation
    assert (WITHOUT in error.remediation) is (code is not ErrorCode.TABLE_NOT_FOUND)
    assert made == {}


def test_what_may_not_be_read_is_told_with_its_backup() -> None:
    """DescribeBackup is denied: the permission is named, and the backup under way is known."""
    mine, made, _ = maker(BackingUp(refusals={"DescribeBackup": [Refusal("AccessDenied")]}))

    with pytest.raises(OsemError) as caught:
        mine.make(["Plans"])

    assert "dynamodb:DescribeBackup" in caught.value.remediation
    assert made["Plans"].state is State.CREATING
    assert made["Plans"].arn


def test_a_lost_answer_is_looked_up() -> None:
    """CreateBackup was carried out and its answer lost: that backup is taken, and no second."""
    world = BackingUp(lost=1)
    mine, made, _ = maker(world)

    mine.make(["Plans"])

    assert list(world.backups) == [made["Plans"].arn]


def test_a_lost_answer_costs_a_second_backup_at_most() -> None:
    """Where backups may not be listed, the table gets another one by the same name."""
    world = BackingUp(lost=1, listed=False)
    mine, made, _ = maker(world)

    mine.make(["Plans"])

    assert made["Plans"].state is State.AVAILABLE
    assert {one["BackupName"] for one in world.backups.values()} == {made["Plans"].name}


def test_a_backup_whose_answers_are_all_lost_is_unknown() -> None:
    """Nothing tells of it: its name is kept, so that it can be looked for."""
    mine, made, _ = maker(BackingUp(lost=9, listed=False))

    with pytest.raises(OsemError) as caught:
        mine.make(["Plans"])

    assert caught.value.code is ErrorCode.NETWORK_ERROR
    assert (made["Plans"].state, made["Plans"].arn) == (State.UNKNOWN, "")
    assert made["Plans"].name.startswith("osem-Plans-")


@pytest.mark.parametrize("content", [{}, {"BackupDetails": {}}, {"BackupDetails": None}])
def test_an_answer_without_content_is_a_lost_one(content: Json) -> None:
    """A truncated answer says nothing of the backup: it is looked for before it is repeated."""
    world = BackingUp(refusals={"CreateBackup": [content]})
    mine, made, canned = maker(world)

    mine.make(["Plans"])

    assert made["Plans"].state is State.AVAILABLE
    assert canned.operations[:3] == ["CreateBackup", "ListBackups", "CreateBackup"]


def test_a_new_backup_may_be_invisible_for_a_while() -> None:
    """DescribeBackup is eventually consistent."""
    mine, made, _ = maker(BackingUp(unseen=3, looks=4))

    mine.make(["Plans"])

    assert made["Plans"].state is State.AVAILABLE


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(BackingUp(ends="DELETED"), id="deleted"),
        pytest.param(BackingUp(unseen=10_000), id="never-seen"),
    ],
)
def test_a_backup_that_somebody_deletes_is_none(world: BackingUp) -> None:
    """A backup that is gone before it is complete is a failure, and is not listed."""
    mine, made, _ = maker(replace(world, backups={}, seen=Counter()))

    with pytest.raises(OsemError) as caught:
        mine.make(["Plans"])

    assert "was deleted before it was complete" in caught.value.message
    assert made == {}


def test_a_backup_that_does_not_end_times_out() -> None:
    """The table and the way without a backup are named; the backup stays known."""
    mine, made, _ = maker(BackingUp(looks=None), seconds=5.0)

    with pytest.raises(OsemError) as caught:
        mine.make(["Plans"])

    assert caught.value.code is ErrorCode.TIMEOUT
    assert "the backup of Plans" in caught.value.message
    assert WITHOUT in caught.value.remediation
    assert made["Plans"].state is State.CREATING


def test_one_failure_keeps_the_others() -> None:
    """Backups that were requested before the failure stay known."""
    denied: dict[str, list[Answer]] = {"DescribeBackup": [Refusal("AccessDenied")]}
    mine, made, _ = maker(BackingUp(refusals=denied))

    with pytest.raises(OsemError):
        mine.make(TABLES)

    assert made.keys() == set(TABLES)


@given(NAMES, st.datetimes(timezones=st.just(timezone(timedelta(hours=5)))))
def test_a_name_is_valid_new_and_telling(table: str, now: datetime) -> None:
    """3 to 255 letters, digits and ``_.-``, with the table and the UTC time; no two are equal."""
    now = now.replace(year=2026)
    first, second = backup_name(table, now), backup_name(table, now)

    assert re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", first)
    assert first.startswith(f"osem-{table[:200]}")
    assert f"{now.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}" in first
    assert first != second


BACKUP = Backup(table="Plans", name="n", arn="arn:aws:dynamodb:us-east-1:1:table/Plans/backup/0")


@pytest.mark.parametrize(
    "options, variables, more",
    [
        pytest.param({}, {}, [], id="plain"),
        pytest.param({"profile": "my team"}, {}, ["--profile", "my team"], id="profile"),
        pytest.param({}, {"AWS_PROFILE": "it's"}, ["--profile", "it's"], id="variable"),
        pytest.param(
            {"endpoint": "https://vpce-1.dynamodb.us-east-1.vpce.amazonaws.com"},
            {},
            ["--endpoint-url", "https://vpce-1.dynamodb.us-east-1.vpce.amazonaws.com"],
            id="endpoint",
        ),
    ],
)
def test_the_restore_command_reaches_the_same_place(
    options: dict[str, Any], variables: dict[str, str], more: list[str]
) -> None:
    """A shell reads the words as they are meant, whatever they contain."""
    target = resolve(BUILT_IN["dev"], TargetOptions(**options), variables)
    where = ["--region", "eu-west-1", *more]
    aws = ["aws", "dynamodb"]

    restored = restore_command(BACKUP, target, "eu-west-1", into="Plans-restored")
    listed = list_command("Plans", target, "eu-west-1")

    restore = ["restore-table-from-backup", "--target-table-name", "Plans-restored"]
    assert shlex.split(restored) == [*aws, *restore, "--backup-arn", BACKUP.arn, *where]
    assert shlex.split(listed) == [*aws, "list-backups", "--table-name", "Plans", *where]


def test_a_table_is_restored_under_its_name() -> None:
    """Unless another name is given."""
    target = resolve(BUILT_IN["dev"], TargetOptions(), {})

    assert "--target-table-name Plans " in restore_command(BACKUP, target, "us-east-1")


def test_json_has_no_arn_that_is_unknown() -> None:
    """An unknown ARN is null, not an empty text."""
    assert Backup(table="Plans", name="n").as_json() == {
        "tableName": "Plans",
        "backupName": "n",
        "backupArn": None,
        "state": "UNKNOWN",
        "sizeBytes": 0,
        "items": 0,
    }
