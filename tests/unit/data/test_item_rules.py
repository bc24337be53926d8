"""An item is recognized by its key, and checked by DynamoDB's rules."""

from __future__ import annotations

import re
from typing import Any

import pytest

from osem_tasks.data.codec import key_of
from osem_tasks.data.item_rules import MAX_ITEM, item_of, problems
from osem_tasks.schema.model import table

ORDERS = table("Orders", "id S", {"by-total": "total N", "by-name": "name S, at N"})
EVENTS = table("Events", "id S, at N")
ITEMS = table("Items", "Item S")
BINARY = table("Binary", "hash B")


@pytest.mark.parametrize(
    "of, value, expected",
    [
        pytest.param(ORDERS, {"id": "1", "n": 2}, {"id": {"S": "1"}, "n": {"N": "2"}}, id="plain"),
        pytest.param(ORDERS, {"id": {"S": "1"}}, {"id": {"S": "1"}}, id="typed"),
        pytest.param(ORDERS, {"Item": {"id": {"S": "1"}}}, {"id": {"S": "1"}}, id="export"),
        pytest.param(ORDERS, {"Item": {"id": "1"}}, {"id": {"S": "1"}}, id="export-plain"),
        pytest.param(
            ORDERS, {"PutRequest": {"Item": {"id": {"S": "1"}}}}, {"id": {"S": "1"}}, id="request"
        ),
        pytest.param(
            ORDERS,
            {"id": "1", "size": {"S": "large"}, "Item": {"S": "x"}},
            {
                "id": {"S": "1"},
                "size": {"M": {"S": {"S": "large"}}},
                "Item": {"M": {"S": {"S": "x"}}},
            },
            id="a plain item with attributes like DynamoDB JSON",
        ),
        pytest.param(ITEMS, {"Item": "1"}, {"Item": {"S": "1"}}, id="key named Item, plain"),
        pytest.param(ITEMS, {"Item": {"S": "1"}}, {"Item": {"S": "1"}}, id="key named Item, typed"),
        pytest.param(
            ITEMS, {"Item": {"Item": {"S": "1"}}}, {"Item": {"S": "1"}}, id="key named Item, export"
        ),
        pytest.param(BINARY, {"hash": b"\0"}, {"hash": {"B": "AA=="}}, id="binary key"),
    ],
)
def test_the_key_tells_plain_from_typed(of: Any, value: object, expected: object) -> None:
    """A key is never a map: only DynamoDB JSON writes it as one."""
    assert item_of(value, of) == expected


@pytest.mark.parametrize(
    "value, words",
    [
        ({"id": {"S": "1"}, "n": 2}, "n: 2 is no DynamoDB JSON"),
        ({"id": {"s": "1"}}, "id: 's' is no type of DynamoDB"),
        ({"id": {}}, "id: {} is no DynamoDB JSON"),
        ({"id": {"N": 1}}, "id: 1 is no content of the type N (a number is written as text)"),
        ([], "an item maps names to values, not []"),
        ("x", "an item maps names to values"),
        (None, "an item maps names to values"),
        ({"Item": None}, ""),
        ({"id": "1", "": 1}, "the name '' must be"),
        ({"id": "1", 5: 1}, "the name 5 must be"),
    ],
)
def test_what_is_no_item(value: object, words: str) -> None:
    """An item that mixes both, or is none, is refused in words."""
    if not words:
        assert list(problems(item_of(value, ORDERS), ORDERS)) == [
            "the key id is missing; known are Item"
        ]
        return
    with pytest.raises(ValueError, match=re.escape(words)):
        item_of(value, ORDERS)


@pytest.mark.parametrize(
    "of, value, expected",
    [
        (ORDERS, {"id": "1"}, []),
        (ORDERS, {"Id": "1"}, ["the key id is missing; did you mean 'Id'?"]),
        (ORDERS, {}, ["the key id is missing"]),
        (EVENTS, {"id": "1"}, ["the key at is missing; known are id"]),
        (ORDERS, {"id": 1}, ["the key id is of the type S, not N"]),
        (ORDERS, {"id": ""}, ["the key id is empty"]),
        (BINARY, {"hash": b""}, ["the key hash is empty"]),
        (BINARY, {"hash": "x"}, ["the key hash is of the type B, not S"]),
        (EVENTS, {"id": "1", "at": "2"}, ["the key at is of the type N, not S"]),
        (ORDERS, {"id": None}, ["the key id is of the type S, not NULL"]),
        (ORDERS, {"id": "1", "total": "9"}, ["the key of by-total, total is of the type N, not S"]),
        (ORDERS, {"id": "1", "name": ""}, ["the key of by-name, name is empty"]),
        (
            ORDERS,
            {"id": "1", "name": None},
            ["the key of by-name, name is of the type S, not NULL"],
        ),
        (ORDERS, {"id": "x" * 2048}, []),
        (ORDERS, {"id": "x" * 2049}, ["the key id has 2,049 bytes; DynamoDB allows 2,048"]),
        (ORDERS, {"id": "1", "a": "x" * (MAX_ITEM - 4)}, []),
        (
            ORDERS,
            {"id": "1", "a": "x" * (MAX_ITEM - 3)},
            ["the item has 409,601 bytes; DynamoDB allows 409,600"],
        ),
    ],
)
def test_what_dynamodb_would_refuse(of: Any, value: object, expected: list[str]) -> None:
    """Keys, the keys of indexes, and the size are judged before anything is sent."""
    assert list(problems(item_of(value, of), of)) == expected


def test_equal_keys() -> None:
    """DynamoDB takes 1 and 1.0 for one number, so they are one key."""
    one, other = ({"id": {"S": "a"}, "at": {"N": text}} for text in ("1", "1.0"))

    assert key_of(one, EVENTS.key) == key_of(other, EVENTS.key)
