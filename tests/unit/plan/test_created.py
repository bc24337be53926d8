"""The facts of a table to create: all that is declared, nothing else, marked where it is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from osem_tasks.plan.actions import Kind
from osem_tasks.plan.created import NewFact, new_facts
from osem_tasks.plan.setup import setup_plan
from osem_tasks.schema.compare import compare, compare_all
from osem_tasks.schema.emulators import AWS, DYNAMODB_LOCAL, MOTO, Engine
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import (
    Encryption,
    Index,
    Key,
    Projection,
    Stream,
    Table,
    TableSet,
    Throughput,
    TimeToLive,
)
from osem_tasks.schema.warm import WarmThroughput
from tests.support.examples import examples
from tests.support.strategies import tables

PLAIN = Table(name="Users", key=Key.parse("pk S, sk N"))
UNITS = {"billing": "PROVISIONED", "throughput": Throughput(5, 6)}
INDEX = Index("one", Key.parse("a S"), Projection("INCLUDE", ("x", "y")))
LOST = "DynamoDB Local does not keep it"


def facts_of(engine: Engine = AWS, **declared: Any) -> dict[str, Any]:
    """What is planned beside key and billing for a table with those facts."""
    made = new_facts(Table(**{"name": "Users", "key": PLAIN.key, **declared}), engine)
    return {fact.path: fact.value for fact in made if fact.path not in ("key", "billing")}


@pytest.mark.parametrize(
    "declared, facts",
    [
        pytest.param({}, {}, id="nothing-else"),
        pytest.param(
            {"global_indexes": (INDEX,)},
            {"index[one].key": "a S", "index[one].projection": "INCLUDE x, y"},
            id="index",
        ),
        pytest.param(
            {"local_indexes": (Index("two", Key.parse("pk S, b N")),)},
            {"local_index[two].key": "pk S, b N", "local_index[two].projection": "ALL"},
            id="local-index",
        ),
        pytest.param(UNITS, {"throughput": "5 read, 6 write"}, id="units"),
        pytest.param(
            {"max_throughput": Throughput(7, 8)}, {"max_throughput": "7 read, 8 write"}, id="limits"
        ),
        pytest.param(
            {"warm_throughput": WarmThroughput(90_000, None)},
            {"warm_throughput": "90000 read"},
            id="warm",
        ),
        pytest.param(
            {"tags": (("team", "x"), ("Environment", "dev"))},
            {"tags": {"Environment": "dev", "team": "x"}},
            id="tags",
        ),
        pytest.param({"ttl": TimeToLive("endsAt")}, {"ttl": "endsAt"}, id="ttl"),
        pytest.param({"stream": Stream("NEW_IMAGE")}, {"stream": "NEW_IMAGE"}, id="stream"),
        pytest.param({"deletion_protection": True}, {"deletion_protection": True}, id="protected"),
        pytest.param({"deletion_protection": False}, {"deletion_protection": False}, id="open"),
        pytest.param(
            {"point_in_time_recovery": True, "recovery_period_in_days": 7},
            {"point_in_time_recovery": True, "recovery_period_in_days": "7 days"},
            id="recovery",
        ),
        pytest.param(
            {"encryption": Encryption("KMS", "alias/mine")},
            {"encryption": "KMS alias/mine"},
            id="encryption",
        ),
        pytest.param(
            {"table_class": "STANDARD_INFREQUENT_ACCESS"},
            {"table_class": "STANDARD_INFREQUENT_ACCESS"},
            id="class",
        ),
    ],
)
def test_every_declared_fact_is_planned(declared: dict[str, Any], facts: dict[str, Any]) -> None:
    """Key and billing mode of every table, and whatever else is declared, in its own words."""
    assert facts_of(**declared) == facts


def test_key_and_billing_are_always_told() -> None:
    """CreateTable always sends both, declared or by default."""
    assert new_facts(PLAIN, AWS) == (
        NewFact("key", "pk S, sk N"),
        NewFact("billing", "PAY_PER_REQUEST"),
    )


@pytest.mark.parametrize(
    "engine, marked",
    [
        (AWS, {}),
        (MOTO, {"table_class": "moto does not keep it"}),
        (
            DYNAMODB_LOCAL,
            {
                "tags": LOST,
                "point_in_time_recovery": LOST,
                "recovery_period_in_days": LOST,
                "encryption": LOST,
                "table_class": LOST,
                "warm_throughput": LOST,
            },
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Engine) else "",
)
def test_what_the_engine_loses_is_marked(engine: Engine, marked: dict[str, str]) -> None:
    """A fact that the engine does not keep says so; the others say nothing."""
    full = Table(
        name="Users",
        key=PLAIN.key,
        tags=(("a", "b"),),
        ttl=TimeToLive("endsAt"),
        stream=Stream("NEW_IMAGE"),
        point_in_time_recovery=True,
        recovery_period_in_days=7,
        encryption=Encryption("KMS"),
        table_class="STANDARD_INFREQUENT_ACCESS",
        warm_throughput=WarmThroughput(90_000, 90_000),
    )

    assert {f.path: f.reason for f in new_facts(full, engine) if f.reason} == marked


@given(tables())
@examples(200)
def test_a_plan_tells_what_a_verification_will_check(table: Table) -> None:
    """Every fact that db.verify compares on the new table is a fact of its plan."""
    live = LiveTable(table=table, status="ACTIVE", index_status={})
    planned = {_general(fact.path) for fact in new_facts(table, AWS)}

    compared = {_general(fact.path) for fact in compare(table, live).facts}

    assert {path for path in compared if not path.endswith("status")} <= planned


def _general(path: str) -> str:
    """The path without what a comparison divides further: the key, and units by their halves."""
    return "key" if path.startswith("key.") else path.replace("_capacity", "throughput")


def test_json_adds_the_facts_to_the_documented_keys() -> None:
    """An entry of data.actions keeps its keys; a table to create has `creates` beside them."""
    [action] = setup_plan(compare_all(TableSet((PLAIN,)), {}, AWS)).actions

    document = action.as_json()

    assert action.kind is Kind.CREATE_TABLE
    assert list(document) == [
        "tableName",
        "action",
        "target",
        "risk",
        "reason",
        "requires",
        "creates",
    ]
    assert document["creates"] == [
        {"path": "key", "value": "pk S, sk N", "notKept": None},
        {"path": "billing", "value": "PAY_PER_REQUEST", "notKept": None},
    ]
