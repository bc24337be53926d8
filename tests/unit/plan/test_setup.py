"""From differences to ordered steps: what setup creates, completes, and refuses to touch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from osem_tasks.plan.actions import Action, Kind, Risk, drift, setup_plan
from osem_tasks.schema.compare import compare
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Table, TableSet, TimeToLive, table
from tests.support.strategies import table_sets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.schema.difference import TableDiff

TTL = TimeToLive("expiresAt")


def plans(**facts: Any) -> Table:
    """A small table with these facts."""
    return table("Plans", "planId S", **facts)


def live(found: Table, status: str = "ACTIVE", items: int = 0) -> LiveTable:
    """``found`` as an engine holds it, empty unless told otherwise."""
    return LiveTable(table=found, status=status, index_status={}, items=items)


def step(kind: Kind, target: str, reason: str = "CreateTable cannot carry it") -> Action:
    """A step on that table."""
    return Action("Plans", kind, target, Risk.SAFE, reason)


def create(target: str) -> Action:
    """The step that makes the table."""
    return step(Kind.CREATE_TABLE, target, "the table does not exist")


ENABLE_TTL = step(Kind.ENABLE_TTL, "expiresAt")
ENABLE_PITR = step(Kind.ENABLE_PITR, "continuous backups")


@pytest.mark.parametrize(
    "declared, found, steps, drifts",
    [
        pytest.param(plans(), None, [create("key planId S")], False, id="missing"),
        pytest.param(
            table("Plans", "planId S", {"a-index": "a S"}),
            None,
            [create("key planId S, 1 index")],
            False,
            id="missing-with-one-index",
        ),
        pytest.param(
            table("Plans", "planId S", {"a-index": "a S", "b-index": "b S"}),
            None,
            [create("key planId S, 2 indexes")],
            False,
            id="missing-with-two-indexes",
        ),
        pytest.param(
            plans(ttl=TTL, point_in_time_recovery=True),
            None,
            [create("key planId S"), ENABLE_TTL, ENABLE_PITR],
            False,
            id="missing-with-what-createtable-cannot-carry",
        ),
        pytest.param(
            plans(ttl=TimeToLive(None), point_in_time_recovery=False),
            None,
            [create("key planId S")],
            False,
            id="missing-with-both-declared-off",
        ),
        pytest.param(plans(), live(plans()), [], False, id="as-declared"),
        pytest.param(
            plans(ttl=TTL), live(plans(ttl=TimeToLive(None))), [ENABLE_TTL], False, id="ttl-is-off"
        ),
        pytest.param(
            plans(ttl=TTL),
            live(plans(ttl=TimeToLive(None)), items=1),
            [],
            True,
            id="ttl-is-off-and-would-take-items",
        ),
        pytest.param(
            plans(point_in_time_recovery=True),
            live(plans(point_in_time_recovery=False), items=1),
            [ENABLE_PITR],
            False,
            id="backups-are-off",
        ),
        pytest.param(
            plans(ttl=TTL, point_in_time_recovery=True),
            live(plans(ttl=TimeToLive(None), point_in_time_recovery=False)),
            [ENABLE_TTL, ENABLE_PITR],
            False,
            id="both-are-off",
        ),
        pytest.param(
            plans(ttl=TTL), live(plans(ttl=TimeToLive("other"))), [], True, id="ttl-by-other"
        ),
        pytest.param(
            plans(ttl=TimeToLive(None)), live(plans(ttl=TTL)), [], True, id="ttl-should-be-off"
        ),
        pytest.param(
            plans(point_in_time_recovery=False),
            live(plans(point_in_time_recovery=True)),
            [],
            True,
            id="backups-should-be-off",
        ),
        pytest.param(
            plans(deletion_protection=True),
            live(plans(deletion_protection=False)),
            [],
            True,
            id="protection-is-off",
        ),
        pytest.param(plans(), live(table("Plans", "planId N")), [], True, id="wrong-key-type"),
        pytest.param(plans(), live(plans(), "CREATING"), [], True, id="not-active"),
        pytest.param(
            plans(ttl=TTL, tags=(("a", "1"),)),
            live(plans(ttl=TimeToLive(None), tags=())),
            [ENABLE_TTL],
            True,
            id="ttl-is-off-beside-real-drift",
        ),
    ],
)
def test_steps_of_one_table(
    declared: Table, found: LiveTable | None, steps: list[Action], drifts: bool
) -> None:
    """A missing table is created and completed; what is merely off is completed; more is drift."""
    diff, engine = compare(declared, found), {"Plans": found}

    assert tuple(steps) == setup_plan(TableSet((declared,)), [diff], engine)
    assert drifts == bool(drift([diff], engine))


def found_as(declared: TableSet, found: Mapping[str, LiveTable | None]) -> list[TableDiff]:
    """The differences of the whole set."""
    return [compare(each, found.get(each.name)) for each in declared]


@given(table_sets())
def test_steps_follow_the_models_order(declared: TableSet) -> None:
    """On an empty account, tables are created in the model's order, each completed in turn."""
    steps = setup_plan(declared, found_as(declared, {}), {})
    created = [each.table for each in steps if each.kind is Kind.CREATE_TABLE]

    assert declared.names == tuple(created)
    assert [each.table for each in steps] == sorted(
        (each.table for each in steps), key=declared.names.index
    )


@given(table_sets())
def test_nothing_to_do_when_all_is_as_declared(declared: TableSet) -> None:
    """A set that is there as declared needs no step and has no drift: setup is idempotent."""
    found = {each.name: live(each) for each in declared}
    diffs = found_as(declared, found)

    assert setup_plan(declared, diffs, found) == ()
    assert drift(diffs, found) == ()


def test_missing_table_is_no_drift() -> None:
    """``drift`` names existing tables only, in order."""
    found = {name: live(table(name, "id N")) for name in ("one", "two")}
    declared = TableSet(tuple(table(name, "id S") for name in ("one", "gone", "two")))

    assert [each.name for each in drift(found_as(declared, found), found)] == ["one", "two"]


def test_step_as_json() -> None:
    """A step has the keys of ``data.actions``."""
    expected = {
        "tableName": "Plans",
        "action": "enable_ttl",
        "target": "expiresAt",
        "risk": "safe",
        "reason": "CreateTable cannot carry it",
        "requires": [],
    }

    assert expected == ENABLE_TTL.as_json()
