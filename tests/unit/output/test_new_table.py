"""A new table in a plan: a line for each fact, aligned, whatever the names and the numbers."""

from __future__ import annotations

import pytest
from hypothesis import given

from osem_tasks.output.new_table import new_table_lines
from osem_tasks.plan.created import NewFact, new_facts
from osem_tasks.schema.difference import display
from osem_tasks.schema.emulators import AWS, DYNAMODB_LOCAL
from osem_tasks.schema.model import Index, Key, Table, TimeToLive
from tests.support.examples import examples
from tests.support.strategies import tables

LONG = "x" * 200


def test_lines_are_aligned() -> None:
    """Labels, index names and index keys each begin in one column; a lost fact says why."""
    table = Table(
        name="Users",
        key=Key.parse("pk S"),
        global_indexes=(Index("by-day", Key.parse("day S, at N")), Index("one", Key.parse("b S"))),
        tags=(("team", "x"),),
        ttl=TimeToLive("endsAt"),
        point_in_time_recovery=True,
    )

    assert new_table_lines(new_facts(table, DYNAMODB_LOCAL)) == [
        "      key                     pk S",
        "      index                   by-day  day S, at N  ALL",
        "      index                   one     b S          ALL",
        "      billing                 PAY_PER_REQUEST",
        "      tags                    team=x  (DynamoDB Local does not keep it)",
        "      time to live            endsAt",
        "      point-in-time recovery  on  (DynamoDB Local does not keep it)",
    ]


def test_a_long_name_shifts_its_own_line_only() -> None:
    """Twenty indexes, one of them with a very long name: the others stay short and aligned."""
    names = [*(f"index-{number:02}" for number in range(19)), LONG]
    indexes = tuple(Index(name, Key.parse("a S")) for name in names)
    table = Table(name="Users", key=Key.parse("pk S"), global_indexes=indexes)

    lines = [line for line in new_table_lines(new_facts(table, AWS)) if " index " in line]

    assert len(lines) == 20
    assert {line.index("a S") for line in lines if LONG not in line} == {
        len("      index    index-00  ")
    }
    assert [line for line in lines if LONG in line] == [f"      index    {LONG}  a S  ALL"]


@given(tables())
@examples(150)
def test_every_fact_is_in_a_line(table: Table) -> None:
    """What JSON says is in the text, in the same words, next to its index's name."""
    facts = new_facts(table, DYNAMODB_LOCAL)

    lines = new_table_lines(facts)

    for fact in facts:
        assert [line for line in lines if _name(fact) in line and display(fact.value) in line]
        assert [line for line in lines if display(fact.value) in line and fact.reason in line]
    holders = {_name(fact) for fact in facts if _name(fact)}
    assert len(lines) == sum(not _name(fact) for fact in facts) + len(holders)


def _name(fact: NewFact) -> str:
    """The name of a fact's index."""
    return fact.path.partition("[")[2].rpartition("]")[0]


@pytest.mark.parametrize("facts", [(), (NewFact("key", "pk S"),)], ids=["none", "one"])
def test_few_facts(facts: tuple[NewFact, ...]) -> None:
    """An action that creates no table has no such lines."""
    assert len(new_table_lines(facts)) == len(facts)
