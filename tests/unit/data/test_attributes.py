"""Python values become attribute values exactly, or are refused with their path."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from boto3.dynamodb.types import Binary
from hypothesis import given

from osem_tasks.data.attributes import of_plain, of_typed
from osem_tasks.data.sizes import size
from tests.unit.data.items import VALUES, wire


def nested(depth: int, innermost: Any) -> Any:
    """A value below that many lists."""
    for _ in range(depth):
        innermost = [innermost]
    return innermost


@pytest.mark.parametrize(
    "value, expected",
    [
        ("", {"S": ""}),
        (None, {"NULL": True}),
        (True, {"BOOL": True}),
        (0, {"N": "0"}),
        (Decimal("1.50"), {"N": "1.50"}),
        (10**37, {"N": "1" + "0" * 37}),
        (10**125, {"N": "1" + "0" * 125}),
        (b"\0", {"B": "AA=="}),
        (bytearray(b"\0"), {"B": "AA=="}),
        (Binary(b"\0"), {"B": "AA=="}),
        ({"b", "a"}, {"SS": ["a", "b"]}),
        (frozenset({1}), {"NS": ["1"]}),
        ({b"\0"}, {"BS": ["AA=="]}),
        (("a", 1), {"L": [{"S": "a"}, {"N": "1"}]}),
        ({}, {"M": {}}),
        ({"S": "x"}, {"M": {"S": {"S": "x"}}}),
    ],
)
def test_plain_values(value: object, expected: object) -> None:
    """Each Python type has its type of DynamoDB; a map that looks like DynamoDB JSON is a map."""
    assert of_plain(value) == expected


@pytest.mark.parametrize(
    "value, words",
    [
        (1.5, "a.b: 1.5 is a float, which is inexact"),
        (float("nan"), "a.b: nan is a float"),
        ([1, 1.5], "a.b[1]: 1.5 is a float"),
        ({"c": {"d": 1.5}}, "a.b.c.d: 1.5 is a float"),
        (set(), "a.b: the set is empty"),
        (frozenset(), "a.b: the set is empty"),
        ({1, "a"}, "a.b: a set holds texts, numbers or bytes, of one type"),
        ({True}, "a.b: a set holds"),
        ({None}, "a.b: a set holds"),
        ({(1, 2)}, "a.b: a set holds"),
        ({1: "x"}, "a.b: the name 1 must be a text"),
        ({"": "x"}, "a.b: the name '' must be a text"),
        (Decimal("Infinity"), "a.b: Infinity is not a number"),
        (Decimal("NaN"), "a.b: NaN is not a number"),
        (10**38 + 1, "a.b: the number has 39 digits"),
        ({"c": 10**5000 + 1}, "a.b.c: the number has 5001 digits"),
        (Decimal("1E126"), "is beyond"),
        (Decimal("9.9E-131"), "is beyond"),
        ("\ud800", "a.b: the text holds half a character"),
        (datetime.now(timezone.utc), "the type datetime cannot be kept in DynamoDB; use a number"),
        (UUID(int=0), "the type UUID cannot be kept in DynamoDB; use a text by str()"),
        (object(), "a.b: a value of the type object"),
        (nested(32, "x"), "nested more than 32 levels deep"),
        (nested(31, []), "nested more than 32 levels deep"),
    ],
)
def test_plain_values_that_are_refused(value: object, words: str) -> None:
    """What DynamoDB cannot keep, or not exactly, is named with its path."""
    with pytest.raises(ValueError, match=re.escape(words)):
        of_plain(value, "a.b")


def test_a_value_that_holds_itself_is_refused() -> None:
    """It is nested too deeply, and does not hang."""
    value: list[Any] = []
    value.append(value)

    with pytest.raises(ValueError, match="nested more than 32"):
        of_plain(value, "v")


@pytest.mark.parametrize(
    "value",
    [
        "x",
        {},
        {"S": "x", "N": "1"},
        {"S": 1},
        {"N": 1},
        {"N": "x"},
        {"N": ""},
        {"N": "\u0663"},
        {"N": "1_000"},
        {"N": " 1"},
        {"N": "Infinity"},
        {"N": "1E99999999999"},
        {"B": "not base64!"},
        {"B": "A"},
        {"BOOL": "true"},
        {"NULL": False},
        {"SS": []},
        {"SS": ["a", "a"]},
        {"SS": "a"},
        {"NS": ["1", "1.0"]},
        {"NS": [1]},
        {"BS": ["?"]},
        {"M": []},
        {"L": {}},
        {"M": {"a": "x"}},
        {"X": "x"},
        {1: "x"},
        {"M": {"": {"S": "x"}}},
    ],
)
def test_what_is_no_dynamodb_json(value: object) -> None:
    """Every value of another shape, and every content of another type, is refused."""
    with pytest.raises(ValueError, match=r"a\.b"):
        of_typed(value, "a.b")


@given(VALUES)
def test_plain_and_typed_are_one(value: Any) -> None:
    """A Python value, and what DynamoDB JSON writes for it, give the same attribute value."""
    expected = wire(value)

    assert (of_plain(value), of_typed(expected)) == (expected, expected)


@pytest.mark.parametrize(
    "value, expected",
    [
        ({"S": "äb"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"B": "AAEC"}, 3),
        ({"N": "0"}, 1),
        ({"N": "100"}, 2),
        ({"N": "123"}, 3),
        ({"N": "-123"}, 4),
        ({"N": "1.5"}, 3),
        ({"N": "0.1"}, 2),
        ({"N": "1" * 38}, 20),
        ({"SS": ["a", "bc"]}, 3),
        ({"L": []}, 3),
        ({"L": [{"S": "a"}]}, 5),
        ({"M": {"ab": {"S": "c"}}}, 7),
    ],
)
def test_sizes(value: dict[str, Any], expected: int) -> None:
    """The size is what DynamoDB counts; the integration tests hold the limit on an engine."""
    assert size(value) == expected
