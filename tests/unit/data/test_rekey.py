"""The default way to a new key, and what items lack of it or share."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.data.keys import KeyCheck
from osem_tasks.data.rekey import converted, rekeying
from osem_tasks.schema.model import Key
from osem_tasks.tables import Table, table

S, N = {"S": "t1"}, {"N": "7"}


def moved(
    old: str, new: Table, *items: dict[str, Any]
) -> tuple[list[list[Any]], tuple[str, ...], list[str]]:
    """What the default makes of items, its problems, and its moves in words."""
    present = Counter(key.name for item in items for key in new.key.attributes if key.name in item)
    found = rekeying(Key.parse(old), new, present)
    return [found(item) for item in items], found.problems, [str(move) for move in found.moves]


@pytest.mark.parametrize(
    "old, new, item, expected, words",
    [
        pytest.param(
            "teamId S", table("Teams", "id S"), {"teamId": S, "x": N}, {"id": S, "x": N},
            ["teamId becomes id"], id="renamed",
        ),
        pytest.param(
            "planId S", table("Plans", "teamId S, season S"),
            {"planId": S, "teamId": S, "season": S}, {"planId": S, "teamId": S, "season": S},
            ["teamId becomes S", "season becomes S"], id="other-attributes-become-the-key",
        ),
        pytest.param(
            "id N", table("T", "id S"), {"id": N}, {"id": {"S": "7"}},
            ["id becomes S"], id="re-typed",
        ),
        pytest.param(
            "id S", table("T", "id N"), {"id": {"S": "0042"}}, {"id": {"N": "0042"}},
            ["id becomes N"], id="text-to-number",
        ),
        pytest.param(
            "oldId N", table("T", "id S"), {"oldId": N}, {"id": {"S": "7"}},
            ["oldId becomes id"], id="renamed-and-re-typed",
        ),
        pytest.param(
            "a S, b N", table("T", "x S, y N"), {"a": S, "b": N}, {"x": S, "y": N},
            ["a becomes x", "b becomes y"], id="both-renamed",
        ),
        pytest.param(
            "a S, b S", table("T", "b S, a S"), {"a": S, "b": {"S": "z"}},
            {"a": S, "b": {"S": "z"}}, [], id="swapped",
        ),
        pytest.param(
            "a S, b S", table("T", "a S"), {"a": S, "b": S}, {"a": S, "b": S},
            [], id="without-sort-key",
        ),
        pytest.param(
            "teamId S", table("Teams", "id S", {"by-team": "teamId S"}), {"teamId": S},
            {"teamId": S, "id": S}, ["teamId becomes id; teamId stays, for an index"],
            id="an-index-needs-the-old-name",
        ),
    ],
)  # fmt: skip
def test_the_default(
    old: str, new: Table, item: dict[str, Any], expected: dict[str, Any], words: list[str]
) -> None:
    """An attribute takes a renamed one's place, or its own with another type; the rest stays."""
    assert moved(old, new, item) == ([[expected]], (), words)


@pytest.mark.parametrize(
    "old, new, item",
    [
        pytest.param("id S", table("T", "id S, at N"), {"id": S}, id="new-sort-key"),
        pytest.param("id S", table("T", "tenant S, id S"), {"id": S}, id="new-partition-key"),
    ],
)
def test_what_the_default_cannot_know(old: str, new: Table, item: dict[str, Any]) -> None:
    """A part of the key that no item has, and none had: only a function can make it."""
    _, problems, _ = moved(old, new, item)

    assert len(problems) == 1


def test_some_items_have_the_new_attribute_already() -> None:
    """``id`` in one item is data, so ``teamId`` is not renamed: the other item lacks its key."""
    items = ({"teamId": S, "id": S}, {"teamId": {"S": "t2"}})
    found, problems, _ = moved("teamId S", table("Teams", "id S"), *items)

    assert (found, problems) == ([[items[0]], [items[1]]], ())


@pytest.mark.parametrize(
    "value, kind, expected",
    [
        ({"N": "1.50"}, "S", {"S": "1.5"}),
        ({"N": "1E+3"}, "S", {"S": "1000"}),
        ({"N": "-0"}, "S", {"S": "0"}),
        ({"N": "100"}, "S", {"S": "100"}),
        ({"S": "-1.5"}, "N", {"N": "-1.5"}),
        ({"S": "12a"}, "N", {"S": "12a"}),
        ({"S": " 12"}, "N", {"S": " 12"}),
        ({"S": "1e5"}, "N", {"S": "1e5"}),
        ({"S": "1" * 39}, "N", {"S": "1" * 39}),
        ({"S": ""}, "N", {"S": ""}),
        ({"S": "é"}, "B", {"B": "w6k="}),
        ({"B": "w6k="}, "S", {"S": "é"}),
        ({"B": "/w=="}, "S", {"B": "/w=="}),
        ({"N": "1"}, "B", {"N": "1"}),
        ({"BOOL": True}, "S", {"BOOL": True}),
        ({"SS": ["a"]}, "S", {"SS": ["a"]}),
        ({"M": {}}, "S", {"M": {}}),
    ],
)
def test_types(value: dict[str, Any], kind: str, expected: dict[str, Any]) -> None:
    """What has one exact counterpart is converted; everything else is left for the check."""
    assert converted(value, kind) == expected


TABLE = table("T", "id S, at N", {"by-x": "x S"})


@pytest.mark.parametrize(
    "item, counted",
    [
        pytest.param({"id": S, "at": N}, (0, 0, 0), id="fits"),
        pytest.param({"id": S, "at": N, "x": S}, (0, 0, 0), id="with-index"),
        pytest.param({"id": S}, (1, 0, 0), id="missing"),
        pytest.param({"at": N, "x": S}, (1, 0, 0), id="missing-partition"),
        pytest.param({"id": N, "at": N}, (0, 1, 0), id="type"),
        pytest.param({"id": {"S": ""}, "at": N}, (0, 0, 1), id="empty"),
        pytest.param({"id": S, "at": N, "x": N}, (0, 1, 0), id="index-type"),
        pytest.param({"id": S, "at": N, "x": {"NULL": True}}, (0, 1, 0), id="index-null"),
        pytest.param({"id": S, "at": N, "x": {"S": ""}}, (0, 0, 1), id="index-empty"),
        pytest.param({}, (2, 0, 0), id="nothing"),
    ],
)
def test_what_items_lack(item: dict[str, Any], counted: tuple[int, int, int]) -> None:
    """Missing, of another type, empty: what DynamoDB refuses is counted, for index keys too."""
    check = KeyCheck(TABLE)
    check.add(item)

    found = (check.missing.total(), check.mistyped.total(), check.empty.total())
    assert (found, check.sound) == (counted, counted == (0, 0, 0))
    assert check.examples == ([] if check.sound else [item])


def test_collisions() -> None:
    """Items of equal keys are counted and shown, however their numbers are written."""
    items = [
        {"id": S, "at": {"N": "1"}, "v": {"S": "a"}},
        {"id": S, "at": {"N": "1.0"}, "v": {"S": "b"}},
        {"id": S, "at": {"N": "2"}},
        {"id": {"S": "t2"}, "at": {"N": "1"}},
        {"id": S},
    ]
    check = KeyCheck(TABLE)
    for item in items:
        check.add(item)

    (collision,) = check.collisions(lambda: items)

    assert (collision.count, collision.items) == (2, tuple(items[:2]))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=20))
def test_every_collision_is_found(keys: list[tuple[str, int]]) -> None:
    """The collisions are those of the keys, for any items."""
    items = [{"id": {"S": text}, "at": {"N": str(number)}} for text, number in keys]
    check = KeyCheck(TABLE)
    for item in items:
        check.add(item)

    found = check.collisions(lambda: items)

    repeated = {key: count for key, count in Counter(keys).items() if count > 1}
    assert sorted(collision.count for collision in found) == sorted(repeated.values())
