"""A time to live takes items away: it is switched on without being asked only on an empty table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from osem_tasks.apply.read import inspect_when_stable
from osem_tasks.apply.setup import setup
from osem_tasks.apply.update import Updater
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.plan.actions import PRUNE, Kind, Plan
from osem_tasks.plan.repair import repair_actions
from osem_tasks.plan.setup import setup_plan
from osem_tasks.schema.model import TableSet, TimeToLive, table
from tests.support.scripted_dynamodb import ScriptedDynamoDB, refused
from tests.unit.apply.runs import new_run

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table
    from tests.support.fake_dynamodb.shapes import Json
    from tests.support.scripted_dynamodb import Fault

TABLE = table("Sessions", "id S", ttl=TimeToLive("expiresAt"))
OFF = replace(TABLE, ttl=TimeToLive(None))
OTHER = replace(TABLE, ttl=TimeToLive("endsAt"))
DENIED = "AccessDeniedException"


class StaleDynamoDB(ScriptedDynamoDB):
    """Its number of items is hours old: it is 0 whatever a table holds."""

    def _describe(self, request: Json) -> Json:
        answer = super()._describe(request)
        answer["Table"]["ItemCount"] = 0
        return answer


@pytest.mark.parametrize("held", [OFF, OTHER], ids=["off", "another-attribute"])
@pytest.mark.parametrize(
    "items, faults, asks",
    [
        pytest.param(0, (), False, id="empty"),
        pytest.param(1, (), True, id="one-item"),
        pytest.param(0, (refused("Scan", DENIED, times=None),), True, id="looking-is-not-allowed"),
    ],
)
def test_a_repair_needs_its_option_where_items_could_expire(
    held: Table, items: int, faults: tuple[Fault, ...], asks: bool
) -> None:
    """DynamoDB's own number is up to six hours old: a look decides, or the option is needed."""
    fake = StaleDynamoDB(*faults)
    fake.hold(held, items)
    run, _ = new_run(fake, TableSet((TABLE,)))

    plan = Plan(repair_actions(inspect_when_stable(run)))

    assert bool(plan.held_back) == asks
    assert all(action.requires == ((PRUNE,) if asks else ()) for action in plan.actions)


@pytest.mark.parametrize("items", [0, 1])
def test_a_setup_looks_first(items: int) -> None:
    """An empty table gets its time to live; one with an item stops the setup, untouched."""
    fake = StaleDynamoDB()
    fake.hold(OFF, items)
    run, _ = new_run(fake, TableSet((TABLE,)))

    if items:
        with pytest.raises(OsemError) as caught:
            setup(run)
        assert caught.value.code is ErrorCode.SCHEMA_VALIDATION_FAILED
        assert fake.writes == []
    else:
        setup(run)
        assert [operation for operation, _ in fake.writes] == ["UpdateTimeToLive"]


def test_items_that_came_after_the_plan_are_seen() -> None:
    """The look is repeated right before the change."""
    fake = StaleDynamoDB()
    fake.hold(OFF)
    run, _ = new_run(fake, TableSet((TABLE,)))
    plan = setup_plan(inspect_when_stable(run))
    fake.put("Sessions", {"id": {"S": "1"}, "expiresAt": {"N": "1"}})

    with pytest.raises(OsemError) as caught:
        Updater(run).apply(plan.changes)

    assert [action.kind for action in plan.changes] == [Kind.ENABLE_TTL]
    assert caught.value.remediation.endswith("db.repair --env dev --dry-run")
    assert (fake.writes, run.journal.changed) == ([], False)


def test_a_new_table_needs_no_look() -> None:
    """A table that the run created itself is empty: no permission to Scan is needed."""
    fake = StaleDynamoDB(refused("Scan", DENIED, times=None))
    run, _ = new_run(fake, TableSet((TABLE,)))

    setup(run)

    assert fake.state()["Sessions"]["ttl"] == "expiresAt"
    assert "Scan" not in [operation for operation, _ in fake.calls]


def test_a_look_counts_and_reads_consistently() -> None:
    """One item at most, none of it returned, and no stale replica."""
    fake = StaleDynamoDB()
    fake.hold(OFF)
    run, _ = new_run(fake, TableSet((TABLE,)))

    inspect_when_stable(run)

    assert [request for operation, request in fake.calls if operation == "Scan"] == [
        {"TableName": "Sessions", "Limit": 1, "ConsistentRead": True, "Select": "COUNT"}
    ]


def test_a_time_to_live_that_cannot_move_stays_as_it_is() -> None:
    """Items that came after the plan are seen before the old one is switched off."""
    fake = StaleDynamoDB()
    fake.hold(OTHER)
    run, _ = new_run(fake, TableSet((TABLE,)))
    plan = Plan(repair_actions(inspect_when_stable(run)))
    fake.put("Sessions", {"id": {"S": "1"}, "expiresAt": {"N": "1"}})

    with pytest.raises(OsemError, match="expiresAt would let items expire") as caught:
        Updater(run).apply(plan.runnable)

    assert caught.value.code is ErrorCode.SCHEMA_VALIDATION_FAILED
    assert fake.writes == []
