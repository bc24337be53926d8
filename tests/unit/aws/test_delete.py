"""The one door to DeleteTable: what is sent, what is waited for, what is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError

from osem_tasks.aws.delete import TableDeleter
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.progress import spinner_text
from osem_tasks.schema.model import table
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.policy import Pauses, Policy, using
from tests.support.fake_dynamodb import FakeDynamoDB, Killed, store
from tests.support.fake_dynamodb.shapes import IN_USE, LIMIT, MISSING, VALID, Refused
from tests.support.still_clock import StillClock, still_clock
from tests.unit.apply.runs import Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.fake_dynamodb.shapes import Json

TABLES = [table(name, "id S") for name in ("Users", "Teams", "Plans")]
PROTECTED = "Resource cannot be deleted as it is currently protected against deletion."


class DeletingDynamoDB(FakeDynamoDB):
    """The fake with DeleteTable: it takes ``delay`` describes, and never ends for ``stuck`` ones.

    ``busy`` tables are being changed by somebody else for so many requests.
    """

    def __init__(self, *, delay: int = 0, stuck: tuple[str, ...] = ()) -> None:
        super().__init__(delay=delay)
        self.stuck = stuck
        self.refusals: dict[str, tuple[str, str]] = {}
        self.unready: dict[str, int] = {}
        self.lost: dict[str, bool] = {}
        self.again: set[str] = set()
        self._going: dict[str, int] = {}

    def delete_table(self, **request: Any) -> Any:
        """DeleteTable."""
        return self._call("DeleteTable", request, self._delete)

    def _delete(self, request: Json) -> Json:
        held = self._find(request)
        if held.name in self.refusals:
            raise Refused(*self.refusals[held.name])
        if self.unready.get(held.name):
            raise Refused(IN_USE, f"Table is being updated: {held.name}")
        if self.lost.get(held.name) is False:
            raise ConnectionClosedError(endpoint_url="https://dynamodb")
        self._going[held.name] = self.delay
        held.status = "DELETING"
        if self.lost.get(held.name):
            raise ConnectionClosedError(endpoint_url="https://dynamodb")
        if held.name in self.again:
            del self._going[held.name]
            held.status = "ACTIVE"
        return {"TableDescription": self._shown(held)}

    def _describe(self, request: Json) -> Json:
        name = request["TableName"]
        if self._going.get(name) == 0 and name not in self.stuck:
            self._tables.pop(name, None)
        answer = super()._describe(request)
        answer["Table"]["TableId"] = "again" if name in self.again else "first"
        if name in self._going:
            self._going[name] = max(0, self._going[name] - 1)
            answer["Table"]["TableStatus"] = "DELETING"
        if self.unready.get(name):
            self.unready[name] -= 1
            answer["Table"]["TableStatus"] = "UPDATING"
        return answer


@dataclass
class Deletion:
    """One deletion and what came of it."""

    fake: DeletingDynamoDB
    seconds: float = 60.0
    deleted: list[str] = field(default_factory=list)
    told: Told = field(default_factory=Told)
    gone: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for declared in TABLES:
            self.fake.hold(declared)

    def run(self) -> None:
        """Delete all tables."""
        deleter = TableDeleter(
            store(self.fake), Deadline(self.seconds), self.told, self.gone.append
        )
        identities = dict.fromkeys((declared.name for declared in TABLES), "first")
        deleter.delete(TABLES, self.deleted, identities)

    @property
    def requested(self) -> list[str]:
        """The tables for which DeleteTable was sent, in order."""
        return [
            str(request["TableName"])
            for operation, request in self.fake.calls
            if operation == "DeleteTable"
        ]


@pytest.fixture(name="own", autouse=True)
def _own_clock() -> Iterator[StillClock]:
    """The clock of one test, with pauses of one second."""
    pauses = Pauses(1.0, 1.0)
    with still_clock() as own, using(Policy(poll=pauses, retry=pauses, calls_per_second={})):
        yield own


def test_tables_go_in_order_and_are_gone_afterwards() -> None:
    """DeleteTable is sent once a table, and the end waits until none is left."""
    deletion = Deletion(DeletingDynamoDB(delay=3))

    deletion.run()

    assert deletion.requested == deletion.deleted == ["Users", "Teams", "Plans"]
    assert deletion.fake.state() == {}
    assert deletion.gone == deletion.deleted
    assert [spinner_text(step) for step in deletion.told.steps] == ["waiting for 0 of 3, 3 s"]


def test_a_protection_is_turned_off_before_its_table_goes() -> None:
    """Of the tables that are named only, one call before DeleteTable."""
    deletion = Deletion(DeletingDynamoDB())
    fake = deletion.fake
    fake.update_table(TableName="Teams", DeletionProtectionEnabled=True)
    fake.forget()

    deleter = TableDeleter(store(fake), Deadline(60.0), deletion.told)
    deleter.delete(TABLES, deletion.deleted, protected=["Teams"])

    assert [(name, request["TableName"]) for name, request in fake.writes] == [
        ("DeleteTable", "Users"),
        ("UpdateTable", "Teams"),
        ("DeleteTable", "Teams"),
        ("DeleteTable", "Plans"),
    ]
    assert deletion.deleted == ["Users", "Teams", "Plans"]


def test_a_table_that_is_gone_already_is_no_failure() -> None:
    """Somebody else was quicker; the rest goes on."""
    deletion = Deletion(DeletingDynamoDB())
    deletion.fake.refusals["Users"] = (MISSING, "Requested resource not found")
    deletion.fake._tables.pop("Users")

    deletion.run()

    assert deletion.deleted == ["Users", "Teams", "Plans"]


def test_a_refusal_stops_and_is_not_counted() -> None:
    """What was refused is not said to be deleted; what went before stays told."""
    deletion = Deletion(DeletingDynamoDB())
    deletion.fake.refusals["Teams"] = (VALID, PROTECTED)

    with pytest.raises(OsemError) as caught:
        deletion.run()

    assert caught.value.code is ErrorCode.PROTECTED_ENVIRONMENT
    assert caught.value.table == "Teams"
    assert deletion.deleted == ["Users"]
    assert deletion.requested == ["Users", "Teams"]


def test_a_table_is_noted_before_its_request() -> None:
    """An interrupt in the middle of the call leaves the table among those that may be gone."""
    deletion = Deletion(DeletingDynamoDB())
    deletion.fake.kill(0, answered=True)

    with pytest.raises(Killed):
        deletion.run()

    assert deletion.deleted == ["Users"]


def test_a_table_in_motion_is_waited_for() -> None:
    """DynamoDB deletes only what is ACTIVE: another change is waited out."""
    deletion = Deletion(DeletingDynamoDB())
    deletion.fake.unready["Users"] = 3

    deletion.run()

    assert deletion.requested == ["Users"] * 4 + ["Teams", "Plans"]
    assert "waiting for Users (UPDATING) before it can be deleted" in deletion.told.texts


def test_a_table_that_is_at_rest_and_in_use_is_a_failure() -> None:
    """Where nothing is under way, waiting would change nothing."""
    deletion = Deletion(DeletingDynamoDB())
    deletion.fake.refusals["Users"] = (IN_USE, "it is in use")

    with pytest.raises(OsemError) as caught:
        deletion.run()

    assert caught.value.code is ErrorCode.TABLE_LIMIT_EXCEEDED
    assert (deletion.deleted, deletion.requested) == ([], ["Users"])


def test_a_limit_is_told_at_once() -> None:
    """A deletion is not repeated for what is no state of its table."""
    deletion = Deletion(DeletingDynamoDB())
    deletion.fake.refusals["Users"] = (LIMIT, "Too many operations")

    with pytest.raises(OsemError) as caught:
        deletion.run()

    assert caught.value.code is ErrorCode.TABLE_LIMIT_EXCEEDED
    assert deletion.requested == ["Users"]


@pytest.mark.parametrize("seconds", [0.5, 10.0, 45.0])
def test_a_deletion_that_never_ends_is_a_timeout(seconds: float) -> None:
    """At the deadline the tables that are left are named, after a bounded number of looks."""
    deletion = Deletion(DeletingDynamoDB(stuck=("Teams", "Plans")), seconds)

    with pytest.raises(OsemError) as caught:
        deletion.run()

    looks = [operation for operation, _ in deletion.fake.calls].count("DescribeTable")
    assert caught.value.code is ErrorCode.TIMEOUT
    assert "waiting for the deletion of Teams, Plans" in caught.value.message
    assert deletion.deleted == ["Users", "Teams", "Plans"]
    assert looks <= len(TABLES) * (seconds + 2)


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_deletion_whose_answer_was_lost_is_told(carried_out: bool) -> None:
    """The table is read again: gone is deleted; there is an error that counts it all the same."""
    deletion = Deletion(DeletingDynamoDB())
    deletion.fake.lost = {"Users": carried_out}

    if carried_out:
        deletion.run()
        assert deletion.deleted == ["Users", "Teams", "Plans"]
    else:
        with pytest.raises(OsemError) as caught:
            deletion.run()
        assert caught.value.code is ErrorCode.NETWORK_ERROR
        assert deletion.deleted == ["Users"]


def test_a_table_that_is_created_again_ends_the_deletion() -> None:
    """Another process creates it while it is deleted: that is told, and nobody waits for ever."""
    deletion = Deletion(DeletingDynamoDB())
    deletion.fake.again = {"Teams"}

    with pytest.raises(OsemError) as caught:
        deletion.run()

    looks = [operation for operation, _ in deletion.fake.calls].count("DescribeTable")
    assert caught.value.code is ErrorCode.TABLE_LIMIT_EXCEEDED
    assert "Teams was deleted, and something else has created it again" in caught.value.message
    assert "db.list" in caught.value.remediation
    assert deletion.deleted == ["Users", "Teams", "Plans"]
    assert looks <= 2 * len(TABLES)


def test_others_work_is_waited_for() -> None:
    """A limit on simultaneous work passes: the request is sent again."""
    deletion = Deletion(DeletingDynamoDB(), seconds=20)
    words = "Only 10 tables can be created, updated, or deleted simultaneously"
    deletion.fake.refusals["Users"] = (LIMIT, words)

    with pytest.raises(OsemError) as caught:
        deletion.run()

    assert caught.value.code is ErrorCode.TABLE_LIMIT_EXCEEDED
    assert (deletion.deleted, len(deletion.requested) > 10) == ([], True)


def test_a_table_created_again_after_a_lost_answer_is_left_alone() -> None:
    """The first request went through: what has the name by now is another table."""
    deletion = Deletion(DeletingDynamoDB())
    deletion.fake.lost = {"Users": False}
    deletion.fake.again = {"Users"}

    with pytest.raises(OsemError) as caught:
        deletion.run()

    assert "Users was deleted, and something else has created it again" in caught.value.message
    assert deletion.requested == ["Users"]


def test_a_state_that_never_ends_is_named() -> None:
    """Where DynamoDB refuses to delete an archived table, nobody waits for another state."""
    deletion = Deletion(DeletingDynamoDB())
    deletion.fake.refusals["Users"] = (IN_USE, "it is archived")
    deletion.fake._tables["Users"].status = "ARCHIVED"
    deletion.fake._tables["Users"].busy = 10**6

    with pytest.raises(OsemError) as caught:
        deletion.run()

    assert "Users is ARCHIVED" in caught.value.message
    assert (deletion.deleted, deletion.requested) == ([], ["Users"])


def test_after_the_deadline_no_further_deletion_is_sent() -> None:
    """`--timeout` bounds the requests as well as the waiting for them."""
    deletion = Deletion(DeletingDynamoDB(), seconds=1e-9)

    with pytest.raises(OsemError) as caught:
        deletion.run()

    assert caught.value.code is ErrorCode.TIMEOUT
    assert (deletion.deleted, deletion.requested) == ([], [])
