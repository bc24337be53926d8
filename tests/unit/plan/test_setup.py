"""From differences to ordered steps: what setup creates, completes, and refuses to touch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from osem_tasks.plan.actions import Action, Kind, Risk
from osem_tasks.plan.setup import SetupPlan, setup_plan
from osem_tasks.schema.compare import compare_all
from osem_tasks.schema.emulators import AWS, DYNAMODB_LOCAL, MOTO
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Index, Key, Table, TableSet, TimeToLive, table
from tests.support.strategies import table_sets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.schema.emulators import Engine

TTL = TimeToLive("expiresAt")


def plans(**facts: Any) -> Table:
    """A small table with these facts."""
    return table("Plans", "planId S", **facts)


def live(found: Table, status: str = "ACTIVE", items: int = 0) -> LiveTable:
    """``found`` as an engine holds it, empty unless told otherwise."""
    return LiveTable(table=found, status=status, index_status={}, items=items)


def step(kind: Kind, target: str, reason: str = "CreateTable cannot carry it") -> Action:
    """A step on that table, and the fact that it mends."""
    path = {Kind.CREATE_TABLE: "table", Kind.ENABLE_TTL: "ttl"}.get(kind, "point_in_time_recovery")
    return Action("Plans", kind, target, Risk.SAFE, reason, mends=(path,))


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
            replace(
                table("Plans", "planId S, at N", {"a-index": "a S"}),
                local_indexes=(Index("l-index", Key.parse("planId S, b S")),),
            ),
            None,
            [create("key planId S, at N, 2 indexes")],
            False,
            id="missing-with-a-local-index",
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
        pytest.param(
            plans(),
            live(table("Plans", "planId S", {"a-index": "a S"})),
            [],
            False,
            id="an-index-that-is-not-declared",
        ),
        pytest.param(plans(), live(plans(), "CREATING"), [], True, id="not-active"),
        pytest.param(
            plans(ttl=TTL, tags=(("a", "1"),)),
            live(plans(ttl=TimeToLive(None), tags=())),
            [],  # a run stops here, so that a dry run shows no step either
            True,
            id="ttl-is-off-beside-real-drift",
        ),
    ],
)
def test_steps_of_one_table(
    declared: Table, found: LiveTable | None, steps: list[Action], drifts: bool
) -> None:
    """A missing table is created and completed; what is merely off is completed; more is drift."""
    decided = plan_of(TableSet((declared,)), {"Plans": found})

    assert tuple(steps) == decided.actions
    assert (drifts, drifts) == (bool(decided.drifted), bool(decided.blocking))


def plan_of(declared: TableSet, found: Mapping[str, LiveTable | None]) -> SetupPlan:
    """What a setup does."""
    return setup_plan(compare_all(declared, found))


@given(table_sets())
def test_steps_follow_the_models_order(declared: TableSet) -> None:
    """On an empty account, tables are created in the model's order, each completed in turn."""
    decided = plan_of(declared, {})
    tables = [action.table for action in decided.actions]

    assert declared.names == tuple(action.table for action in decided.creations)
    assert tables == sorted(tables, key=declared.names.index)


@given(table_sets())
def test_nothing_to_do_when_all_is_as_declared(declared: TableSet) -> None:
    """A set that is there as declared needs no step and has no drift: setup is idempotent."""
    decided = plan_of(declared, {table.name: live(table) for table in declared})

    assert decided.actions == ()
    assert (decided.drifted, decided.blocking) == ((), ())
    assert [diff.name for diff in decided.as_declared] == [*declared.names]


def test_missing_table_is_no_drift() -> None:
    """``drifted`` names existing tables only, in order."""
    found = {name: live(table(name, "id N")) for name in ("one", "two")}
    declared = TableSet(tuple(table(name, "id S") for name in ("one", "gone", "two")))

    assert [diff.name for diff in plan_of(declared, found).drifted] == ["one", "two"]


def test_creations_and_changes_share_out_the_actions() -> None:
    """Tables are created first; what CreateTable cannot carry is a change of an existing table."""
    declared = TableSet((plans(ttl=TTL), table("Users", "id S", point_in_time_recovery=True)))
    found = {"Users": live(table("Users", "id S", point_in_time_recovery=False))}

    decided = plan_of(declared, found)

    assert [action.kind for action in decided.creations] == [Kind.CREATE_TABLE]
    assert [(action.table, action.kind) for action in decided.changes] == [
        ("Plans", Kind.ENABLE_TTL),
        ("Users", Kind.ENABLE_PITR),
    ]
    assert {*decided.actions} == {*decided.creations, *decided.changes}


@pytest.mark.parametrize(
    "declared, found, items, kinds, blocks",
    [
        pytest.param(
            plans(tags=(("a", "1"),)),
            plans(tags=()),
            0,
            [Kind.SET_TAGS],
            False,
            id="a-safe-repair",
        ),
        pytest.param(
            table("Plans", "planId S", {"a-index": "a S"}),
            plans(),
            5,
            [Kind.CREATE_INDEX],
            False,
            id="an-online-build",
        ),
        pytest.param(
            table("Plans", "planId S", {"a-index": "a S"}),
            table("Plans", "planId S", {"a-index": "b S"}),
            0,
            [Kind.DELETE_INDEX, Kind.CREATE_INDEX],
            True,
            id="needs-an-option",
        ),
        pytest.param(
            plans(),
            table("Plans", "planId S", {"a-index": "a S"}),
            0,
            [],
            False,
            id="an-index-that-is-not-declared",
        ),
        pytest.param(
            plans(tags=(("a", "1"),)),
            table("Plans", "planId S", {"a-index": "a S"}, tags=()),
            0,
            [Kind.SET_TAGS],
            False,
            id="drift-beside-an-index-that-is-not-declared",
        ),
        pytest.param(
            table("Plans", "planId S", {"a-index": "a N"}),
            table("Plans", "planId S", {"b-index": "a S"}),
            0,
            [Kind.CREATE_INDEX],
            True,
            id="an-index-that-an-undeclared-one-stops",
        ),
        pytest.param(plans(), table("Plans", "planId N"), 0, [Kind.NOT_IN_PLACE], True, id="key"),
        pytest.param(
            plans(ttl=TTL),
            plans(ttl=TimeToLive("other")),
            0,
            [Kind.DISABLE_TTL, Kind.ENABLE_TTL],
            True,
            id="would-let-items-expire",
        ),
        pytest.param(
            plans(ttl=TTL),
            plans(ttl=TimeToLive(None)),
            0,
            [Kind.ENABLE_TTL],
            False,
            id="completed-not-repaired",
        ),
    ],
)
def test_a_repairing_setup_mends_what_needs_no_option(
    declared: Table, found: Table, items: int, kinds: list[Kind], blocks: bool
) -> None:
    """With ``repairing``, a table blocks only where a repair of it is for db.repair alone."""
    comparison = compare_all(TableSet((declared,)), {"Plans": live(found, items=items)})

    decided = setup_plan(comparison, repairing=True)

    assert [action.kind for action in decided.actions] == kinds
    assert bool(decided.blocking) == blocks


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


@pytest.mark.parametrize("engine, possible", [(AWS, True), (MOTO, True), (DYNAMODB_LOCAL, False)])
def test_recovery_is_planned_where_the_engine_has_the_call(engine: Engine, possible: bool) -> None:
    """DynamoDB Local has no such call: the plan says so, and the run does not try."""
    declared = TableSet((plans(point_in_time_recovery=True, ttl=TTL),))

    decided = setup_plan(compare_all(declared, {}, engine))

    kinds = [action.kind for action in decided.changes]
    (recovery,) = [a for a in decided.actions if a.kind is Kind.ENABLE_PITR]
    assert kinds == [Kind.ENABLE_TTL, *([Kind.ENABLE_PITR] if possible else [])]
    assert recovery.possible is possible
    assert possible or recovery.reason == "DynamoDB Local has no such call"
