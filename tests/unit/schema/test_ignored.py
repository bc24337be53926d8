"""Facts that something else sets: named by rules, listed, never judged and never changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from osem_tasks.errors import ModelError
from osem_tasks.output.verify import verify_outcome
from osem_tasks.plan.calls import call_for
from osem_tasks.plan.repair import repair_actions
from osem_tasks.schema.compare import compare, compare_all
from osem_tasks.schema.compare_live import compare_live
from osem_tasks.schema.facts import SETTINGS
from osem_tasks.schema.ignored import TABLE_FACTS
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import (
    Encryption,
    Index,
    Key,
    Stream,
    Table,
    TableSet,
    Throughput,
    TimeToLive,
)
from osem_tasks.schema.warm import WarmThroughput

INDEX = Index("by-date", Key.parse("day S"), throughput=Throughput(5, 5))
ORDERS = Table(
    name="Orders",
    key=Key.parse("id S"),
    billing="PROVISIONED",
    throughput=Throughput(5, 5),
    global_indexes=(INDEX,),
)
SCALED = replace(
    ORDERS,
    throughput=Throughput(400, 90),
    global_indexes=(replace(INDEX, throughput=Throughput(200, 30)),),
)


def live(table: Table) -> LiveTable:
    """``table`` as AWS holds it."""
    states = {index.name: "ACTIVE" for index in table.global_indexes}
    return LiveTable(table=table, status="ACTIVE", index_status=states, arn="arn:aws:dynamodb:x")


def ignoring(table: Table, *rules: str) -> Table:
    """``table`` with these rules of ``osem.ignore``."""
    return TableSet((table,)).ignoring(rules)[table.name]


def planned(declared: Table, held: Table) -> list[dict[str, Any]]:
    """The arguments of every call that a repair plans."""
    found = compare_all(TableSet((declared,)), {declared.name: live(held)})
    return [call_for(a, declared, live(held)).arguments for a in repair_actions(found)]


def test_the_vocabulary_has_every_setting() -> None:
    """A setting that can differ can be ignored by the name that differences show."""
    assert {setting.field for setting in SETTINGS} <= {*TABLE_FACTS}


@pytest.mark.parametrize(
    "rules, ignored",
    [
        (("Orders.read_capacity",), {"read_capacity"}),
        (("*.tags", "Ord*.ttl"), {"tags", "ttl"}),
        (("Orders.index[by-date].write_capacity",), {"index[by-date].write_capacity"}),
        (("*.index[*].throughput",), {"index[by-date].throughput"}),
        ((), set()),
    ],
)
def test_rules_name_facts(rules: tuple[str, ...], ignored: set[str]) -> None:
    """A rule is a declared table, wildcards allowed, and a fact of it or of an index."""
    assert ignoring(ORDERS, *rules).ignored == ignored


def test_names_with_dots_are_told_apart() -> None:
    """Tables and indexes may have dots in their names."""
    held = Index("by.date", Key.parse("day S"))
    table = Table(name="my.shop.Orders", key=Key.parse("id S"), global_indexes=(held,))

    found = ignoring(table, "my.shop.Orders.tags", "my.shop.*.index[by.date].max_throughput")

    assert found.ignored == {"tags", "index[by.date].max_throughput"}


@pytest.mark.parametrize(
    "rule, said",
    [
        ("Order.tags", "there is no table 'Order'; did you mean 'Orders'?"),
        ("Orders.read_capacty", "did you mean 'read_capacity'?"),
        ("Orders.key", "'key' is not a known fact"),
        ("Orders.index[by-dat].throughput", "did you mean 'by-date'?"),
        ("Orders.index[by-date].tags", "'tags' is not a known fact"),
        ("Orders", "must be TABLE.FACT"),
        ("", "must be TABLE.FACT"),
        ("x*.index[*].throughput", "there is no table 'x*'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(rule: str, said: str) -> None:
    """A rule that matches nothing is an error that names what is near."""
    with pytest.raises(ModelError) as caught:
        ignoring(ORDERS, rule)

    assert said in str(caught.value)


@pytest.mark.parametrize("names", [{"nothing"}, {"index[by-dat].throughput"}, {3}, "tags"])
def test_a_table_refuses_what_is_no_fact(names: Any) -> None:
    """A declaration in Python is held to the same vocabulary."""
    with pytest.raises(ModelError):
        replace(ORDERS, ignored=names)


def test_scaled_capacity_is_listed_and_never_repaired() -> None:
    """Ignored capacity of a table and its index: no difference, no step, and it is listed."""
    declared = ignoring(
        ORDERS,
        "*.read_capacity",
        "*.write_capacity",
        "*.index[*].read_capacity",
        "*.index[*].write_capacity",
    )

    diff = compare(declared, live(SCALED))
    outcome = verify_outcome([diff], None)

    assert diff.issues == ()
    assert planned(declared, SCALED) == []
    assert [
        (fact["path"], fact["expected"], fact["found"])
        for fact in outcome.data["checks"][0]["notJudged"]
    ] == [
        ("index[by-date].read_capacity", "5", "200"),
        ("index[by-date].write_capacity", "5", "30"),
        ("read_capacity", "5", "400"),
        ("write_capacity", "5", "90"),
    ]
    texts = [line.text for line in outcome.lines]
    assert "not judged here: read_capacity of 1 table (something else sets it)" in texts


def test_the_other_half_is_judged_and_the_ignored_half_kept() -> None:
    """A change of the write units sends the read units that the table has now."""
    declared = ignoring(ORDERS, "Orders.read_capacity", "*.index[*].throughput")
    held = replace(SCALED, throughput=Throughput(400, 2))

    (arguments,) = planned(declared, held)

    assert arguments["ProvisionedThroughput"] == {"ReadCapacityUnits": 400, "WriteCapacityUnits": 5}


@pytest.mark.parametrize(
    "fact, mine, theirs",
    [
        ("tags", (("a", "1"),), (("a", "2"),)),
        ("ttl", TimeToLive("one"), TimeToLive(None)),
        ("stream", Stream("NEW_IMAGE"), Stream(None)),
        ("deletion_protection", False, True),
        ("point_in_time_recovery", False, True),
        ("encryption", Encryption(), Encryption("KMS")),
        ("table_class", "STANDARD", "STANDARD_INFREQUENT_ACCESS"),
        ("warm_throughput", WarmThroughput(20_000), WarmThroughput(5, 5)),
    ],
)
def test_every_setting_can_be_left_to_others(fact: str, mine: Any, theirs: Any) -> None:
    """An ignored setting that differs is listed, and no step changes it."""
    one: dict[str, Any] = {fact: mine}
    other: dict[str, Any] = {fact: theirs}
    declared = ignoring(replace(ORDERS, **one), f"Orders.{fact}")
    held = replace(ORDERS, **other)

    diff = compare(declared, live(held))

    assert diff.issues == ()
    assert [item.path for item in diff.not_judged] == [fact]
    assert planned(declared, held) == []


def test_two_environments_are_compared_without_what_is_ignored() -> None:
    """`db.compare` judges no fact that something else sets in either environment."""
    ignored = ignoring(ORDERS, "*.throughput", "*.index[*].throughput").ignored

    judged = compare_live(live(ORDERS), live(SCALED), "Orders", frozenset())
    diff = compare_live(live(ORDERS), live(SCALED), "Orders", frozenset(), ignored)
    bare = compare_live(
        live(replace(ORDERS, global_indexes=())), live(SCALED), "Orders", frozenset(), ignored
    )

    assert [fact.path for fact in judged.issues] == ["throughput", "index[by-date].throughput"]
    assert (diff.issues, len(diff.not_judged)) == ((), 2)
    assert [fact.path for fact in bare.issues] == ["index[by-date]"]


@pytest.mark.parametrize("switched", [False, True])
def test_an_ignored_billing_mode_stays(switched: bool) -> None:
    """Whichever mode the table has: no difference, and a new index fits the live mode."""
    on_demand = replace(
        ORDERS,
        billing="PAY_PER_REQUEST",
        throughput=None,
        global_indexes=(replace(INDEX, throughput=None),),
    )
    declared, held = (on_demand, ORDERS) if switched else (ORDERS, on_demand)

    declared = ignoring(declared, "Orders.billing")

    assert planned(declared, held) == []
    (arguments,) = planned(declared, replace(held, global_indexes=()))
    request = arguments["GlobalSecondaryIndexUpdates"][0]["Create"]
    assert ("ProvisionedThroughput" in request) == (held.billing == "PROVISIONED")


@pytest.mark.parametrize(
    "rule, paths",
    [
        ("recovery_period_in_days", ["recovery_period_in_days"]),
        ("point_in_time_recovery", ["point_in_time_recovery", "recovery_period_in_days"]),
    ],
)
def test_a_recovery_period_can_be_left_to_others(rule: str, paths: list[str]) -> None:
    """Whoever else sets recovery also sets its period: both are listed, and nothing is sent."""
    on = replace(ORDERS, point_in_time_recovery=True, recovery_period_in_days=7)
    declared = ignoring(on, f"Orders.{rule}")
    held = replace(on, recovery_period_in_days=35)

    diff = compare(declared, live(held))

    assert diff.issues == ()
    assert [item.path for item in diff.not_judged] == paths
    assert diff.not_judged[-1].expected == "7 days"
    assert planned(declared, held) == []


def test_the_warm_throughput_of_an_index_can_be_left_to_others() -> None:
    """An index's own fact is ignored by its path."""
    warm = replace(INDEX, warm_throughput=WarmThroughput(20_000, 5_000))
    declared = ignoring(replace(ORDERS, global_indexes=(warm,)), "*.index[*].warm_throughput")

    diff = compare(declared, live(ORDERS))

    assert (diff.issues, [item.path for item in diff.not_judged]) == (
        (),
        ["index[by-date].warm_throughput"],
    )
    assert planned(declared, ORDERS) == []
