"""Tables as values: one normal form, immutable, placed in an environment."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.errors import ModelError
from osem_tasks.schema.model import (
    Attribute,
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
from tests.support.strategies import reordered, table_sets, tables

SORTED = Key.parse("planId S, teamId S")


def declare(facts: dict[str, Any]) -> Table:
    """A sound table but for ``facts``."""
    return Table(**{"name": "Plans", "key": Key.parse("planId S"), **facts})


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("planId S", Key((Attribute("planId", "S"),)), id="partition"),
        pytest.param(
            "planId S, at N", Key((Attribute("planId", "S"),), (Attribute("at", "N"),)), id="sort"
        ),
        pytest.param(
            "a S + b N, c B",
            Key((Attribute("a", "S"), Attribute("b", "N")), (Attribute("c", "B"),)),
            id="several",
        ),
    ],
)
def test_key_reads_as_it_is_written(text: str, expected: Key) -> None:
    """``Key.parse`` and ``str`` are each other's inverse."""
    assert (expected, text) == (Key.parse(text), str(expected))


@pytest.mark.parametrize("text", ["", "planId", "plan Id S", "a S,", "a S, b S, c S", "a S +", "+"])
def test_key_of_another_shape_is_an_error(text: str) -> None:
    """What is not ``name TYPE[, name TYPE]`` raises ModelError."""
    with pytest.raises(ModelError):
        Key.parse(text)


@pytest.mark.parametrize(
    "value, attribute",
    [
        pytest.param(Attribute("a", "S"), "type", id="Attribute"),
        pytest.param(SORTED, "sort", id="Key"),
        pytest.param(Projection(), "kind", id="Projection"),
        pytest.param(Throughput(1, 1), "read", id="Throughput"),
        pytest.param(Index("a-index", SORTED), "key", id="Index"),
        pytest.param(TimeToLive("a"), "attribute", id="TimeToLive"),
        pytest.param(Stream(None), "view", id="Stream"),
        pytest.param(Encryption(), "kind", id="Encryption"),
        pytest.param(declare({}), "billing", id="Table"),
        pytest.param(TableSet((declare({}),)), "tables", id="TableSet"),
    ],
)
def test_values_cannot_be_changed(value: object, attribute: str) -> None:
    """Every class of the model is immutable and hashable."""
    with pytest.raises(FrozenInstanceError):
        setattr(value, attribute, None)

    assert len({value, value}) == 1


@given(st.data(), tables())
def test_order_has_no_meaning(data: st.DataObject, declared: Table) -> None:
    """The order of indexes, tags and included attributes makes no difference."""
    other = data.draw(reordered(declared))

    assert (declared, hash(declared)) == (other, hash(other))


@given(tables())
def test_attributes_are_defined_once(declared: Table) -> None:
    """``attributes`` holds each key attribute of the table and its indexes once, by name."""
    keys = [
        declared.key,
        *(index.key for index in (*declared.global_indexes, *declared.local_indexes)),
    ]
    expected = {attribute.name for key in keys for attribute in key.attributes}

    assert sorted(expected) == [attribute.name for attribute in declared.attributes]


def test_table_names_are_unique() -> None:
    """A set with one name twice raises ModelError."""
    with pytest.raises(ModelError) as caught:
        TableSet((declare({}), declare({"key": SORTED})))

    assert caught.value.problems == ("table name 'Plans' appears 2 times",)


@given(table_sets())
def test_table_set_keeps_its_order(declared: TableSet) -> None:
    """Iteration, names, length and access by name agree, in the order of declaration."""
    assert declared.tables == tuple(declared) == tuple(declared[name] for name in declared.names)
    assert len(declared.tables) == len(declared)


@pytest.mark.parametrize(
    "own, environment, expected",
    [
        pytest.param({}, {"tags": {"A": "1"}}, {"tags": (("A", "1"),)}, id="tags-of-environment"),
        pytest.param(
            {"tags": (("A", "own"), ("B", "2"))},
            {"tags": {"A": "1", "C": "3"}},
            {"tags": (("A", "own"), ("B", "2"), ("C", "3"))},
            id="own-tag-wins",
        ),
        *(
            pytest.param(
                {} if mine is None else {fact: mine},
                {fact: theirs, "tags": {}},
                {fact: expected},
                id=f"{fact.replace('_', '-')}-{mine}-{theirs}",
            )
            for fact in ("deletion_protection", "point_in_time_recovery")
            for mine, theirs, expected in (
                (None, None, None),
                (None, True, True),
                (True, False, True),
                (False, True, False),
                (False, None, False),
            )
        ),
    ],
)
def test_own_declaration_wins_over_the_environments(
    own: dict[str, Any], environment: dict[str, Any], expected: dict[str, Any]
) -> None:
    """``for_environment`` adds the environment's facts where the table has none of its own."""
    actual = TableSet((declare(own),)).for_environment("p-", **environment)["p-Plans"]

    assert expected == {name: getattr(actual, name) for name in expected}


@pytest.mark.parametrize("name", ["a", "Ms", "Orders"])
def test_a_prefix_makes_a_short_name_long_enough(name: str) -> None:
    """DynamoDB's least of three characters counts for the real name, not for the declared one."""
    declared = TableSet((Table(name=name, key=Key.parse("id S")),))

    assert declared.for_environment("shop-", tags={}).names == (f"shop-{name}",)
    assert declared.for_environment("", "-x", tags={}).names == (f"{name}-x",)


@pytest.mark.parametrize(
    "name, prefix, suffix",
    [("Ms", "", ""), ("a", "", "b"), ("O" * 250, "shop-d", ""), ("O" * 250, "shop", "-d")],
)
def test_a_real_name_that_dynamodb_refuses(name: str, prefix: str, suffix: str) -> None:
    """A real name of fewer than 3 or more than 255 characters is refused with both names."""
    declared = TableSet(
        (Table(name=name, key=Key.parse("id S")), Table(name="Sound", key=Key.parse("id S")))
    )
    real = f"{prefix}{name}{suffix}"

    with pytest.raises(ModelError) as caught:
        declared.for_environment(prefix, suffix, tags={})

    assert caught.value.problems == (
        (
            f"table {name!r}: its real name {real!r} has {len(real)} characters; it must be 3 to 255 "
            "characters of a-z, A-Z, 0-9, '_', '-' and '.'"
        ),
    )


@given(table_sets())
def test_placing_changes_nothing_else(declared: TableSet) -> None:
    """Without tags and protection, a placed table differs from its declaration by name only."""
    placed = declared.for_environment("p-", tags={})

    assert [
        replace(table, name=f"p-{table.name}", tags=table.tags or ()) for table in declared
    ] == list(placed)
