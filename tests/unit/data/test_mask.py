"""Masking: which values a path leads to, what becomes of them, and that nothing else changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.data.mask import Masker
from osem_tasks.data.paths import Path
from osem_tasks.data.pseudonyms import Pseudonyms
from osem_tasks.data.rules import Rule, TableMask, read
from osem_tasks.tables import TableSet, table
from tests.support.items import ATTRIBUTES, VALUES

MADE = Pseudonyms(b"a key of the tests")
TABLES = TableSet(
    (
        table("Users", "userId S", {"email-index": "email S, at N"}),
        table("Orders", "userId S, orderId N"),
    )
)
SECRET = "Augustina Wimpole <wimpole@secret.example>"
S = {"S": SECRET}


def masker(*rules: tuple[str, str], keys: tuple[str, ...] = ("id",)) -> Masker:
    """A masker of these paths and rules."""
    parsed = tuple((Path.parse(path), Rule(rule)) for path, rule in rules)
    return Masker(TableMask("Users", parsed, frozenset(keys)), MADE)


def hashed(text: str = SECRET) -> dict[str, str]:
    """The hash of a text."""
    return {"S": MADE.text(text)}


H = hashed()
NESTED: dict[str, Any] = {"a": {"M": {"x": S, "y": S}}, "b": S}
CASES: list[Any] = [
    pytest.param("b", "hash", NESTED, {**NESTED, "b": H}, id="attribute"),
    pytest.param("a.x", "hash", NESTED, {**NESTED, "a": {"M": {"x": H, "y": S}}}, id="nested"),
    pytest.param("a", "hash", NESTED, {**NESTED, "a": {"M": {"x": H, "y": H}}}, id="leaf-by-leaf"),
    pytest.param("a.*", "hash", NESTED, {**NESTED, "a": {"M": {"x": H, "y": H}}}, id="any-key"),
    pytest.param(
        "*.x", "hash", NESTED, {**NESTED, "a": {"M": {"x": H, "y": S}}}, id="any-attribute"
    ),
    pytest.param("a.x", "drop", NESTED, {**NESTED, "a": {"M": {"y": S}}}, id="drop-nested"),
    pytest.param("a", "drop", NESTED, {"b": S}, id="drop"),
    pytest.param("a", "null", NESTED, {"a": {"NULL": True}, "b": S}, id="null"),
    pytest.param("z", "hash", NESTED, NESTED, id="not-there"),
    pytest.param("a.z", "hash", NESTED, NESTED, id="not-there-nested"),
    pytest.param("A.x", "hash", NESTED, NESTED, id="case-counts"),
    pytest.param('"a.x"', "hash", {"a.x": S, **NESTED}, {"a.x": H, **NESTED}, id="quoted"),
    pytest.param("l[0]", "hash", {"l": {"L": [S, S]}}, {"l": {"L": [H, S]}}, id="element"),
    pytest.param("l[5]", "hash", {"l": {"L": [S, S]}}, {"l": {"L": [S, S]}}, id="no-such-element"),
    pytest.param("l[*]", "hash", {"l": {"L": [S, S]}}, {"l": {"L": [H, H]}}, id="any-element"),
    pytest.param("l[0]", "drop", {"l": {"L": [S, S]}}, {"l": {"L": [S]}}, id="drop-element"),
    pytest.param("l[*]", "drop", {"l": {"L": [S, S]}}, {"l": {"L": []}}, id="drop-elements"),
    pytest.param(
        "l[*].x",
        "hash",
        {"l": {"L": [{"M": {"x": S}}, {"M": {"y": S}}]}},
        {"l": {"L": [{"M": {"x": H}}, {"M": {"y": S}}]}},
        id="within-elements",
    ),
    pytest.param("s", "hash", {"s": {"SS": [SECRET]}}, {"s": {"SS": [H["S"]]}}, id="set"),
    pytest.param(
        "s[*]", "hash", {"s": {"SS": [SECRET]}}, {"s": {"SS": [H["S"]]}}, id="set-members"
    ),
    pytest.param("s[*]", "drop", {"s": {"SS": [SECRET]}}, {}, id="no-empty-set"),
    pytest.param("s[0]", "hash", {"s": {"SS": [SECRET]}}, {"s": {"SS": [H["S"]]}}, id="no-order"),
    pytest.param("t", "hash", {"t": {"BOOL": True}}, {"t": {"BOOL": False}}, id="boolean"),
    pytest.param("t", "hash", {"t": {"NULL": True}}, {"t": {"NULL": True}}, id="null-stays"),
    pytest.param(
        "t", "fake name", {"t": {"N": "77"}}, {"t": {"N": MADE.number("77")}}, id="number"
    ),
    # The path goes on into a value that has no parts: better too much than too little.
    pytest.param("b.x", "hash", {"b": S}, {"b": H}, id="text-for-a-map"),
    pytest.param("b.x", "drop", {"b": S}, {}, id="text-for-a-map-dropped"),
    pytest.param("b[*].x", "hash", {"b": {"L": [S]}}, {"b": {"L": [H]}}, id="text-for-maps"),
    pytest.param("b.x", "hash", {"b": {"L": [S]}}, {"b": {"L": [H]}}, id="list-for-a-map"),
    pytest.param(
        "b[*]", "hash", {"b": {"M": {"x": S}}}, {"b": {"M": {"x": H}}}, id="map-for-a-list"
    ),
    pytest.param("b[*].x", "hash", {"b": {"SS": [SECRET]}}, {"b": {"SS": [H["S"]]}}, id="set"),
    pytest.param("m.*.x", "hash", {"m": {"M": {"k": S}}}, {"m": {"M": {"k": H}}}, id="any-text"),
    pytest.param("b.x", "hash", {"b": {"NULL": True}}, {"b": {"NULL": True}}, id="null-for-a-map"),
    pytest.param("*.x", "hash", {"id": S, "b": S}, {"id": S, "b": S}, id="other-attributes-stay"),
]


@pytest.mark.parametrize("path, rule, item, expected", CASES)
def test_rules(path: str, rule: str, item: dict[str, Any], expected: dict[str, Any]) -> None:
    """A path leads to values in maps, lists and sets; the rule says what becomes of them."""
    assert masker((path, rule)).masked(item) == expected


@pytest.mark.parametrize(
    "rules, expected",
    [
        pytest.param(
            [("a", "hash"), ("a.x", "fake email")],
            {"a": {"M": {"x": {"S": MADE.email(SECRET)}, "y": H}}, "b": S},
            id="longer-path",
        ),
        pytest.param(
            [("a.*", "drop"), ("a.x", "hash")],
            {"a": {"M": {"x": H}}, "b": S},
            id="name-over-wildcard",
        ),
        pytest.param(
            [("*.x", "drop"), ("a.*", "hash")],
            {"a": {"M": {"y": H}}, "b": S},
            id="last-step-first",
        ),
        pytest.param([("a", "drop"), ("a.x", "hash")], {"b": S}, id="a-dropped-map-is-gone"),
        pytest.param(
            [("b", "hash"), ("b.x", "drop")], {"a": NESTED["a"], "b": H}, id="own-rule-first"
        ),
    ],
)
def test_one_rule_counts(rules: list[tuple[str, str]], expected: dict[str, Any]) -> None:
    """Of several paths to a value the most particular one counts, in any order of writing."""
    assert masker(*rules).masked(NESTED) == expected
    assert masker(*reversed(rules)).masked(NESTED) == expected


def test_references_stay_whole() -> None:
    """The same value is the same in another table, another attribute, another depth, and a set."""
    masks = read(
        {
            "Users": [("userId", "hash"), ("email", "hash")],
            "Orders": [("userId", "hash"), ("watchers", "hash"), ("history[*].by", "hash")],
        },
        TABLES,
    )
    users, orders = (Masker(mask, MADE) for mask in masks.tables)

    user = users.masked({"userId": S, "email": {"S": "x"}, "at": {"N": "5"}})
    order = orders.masked(
        {
            "userId": S,
            "orderId": {"N": "1"},
            "watchers": {"SS": [SECRET, "other"]},
            "history": {"L": [{"M": {"by": S}}]},
        }
    )

    same = user["userId"]
    assert order["userId"] == same == order["history"]["L"][0]["M"]["by"]
    assert same["S"] in order["watchers"]["SS"]


def test_what_matched_is_known() -> None:
    """A path that met nothing is named; a value that did not fit is counted, and did not leak."""
    mask = masker(("a.x", "hash"), ("emial", "hash"), ("b.x", "hash"))

    mask.masked({**NESTED, "emial ": S})

    assert mask.unmatched == ["emial", "b.x"]
    assert mask.unfit == {"b.x": 1}


@given(ATTRIBUTES, st.sampled_from(["hash", "fake name", "fake email", "fake text"]))
def test_types_stay_and_nothing_of_a_masked_value_does(item: dict[str, Any], rule: str) -> None:
    """Every attribute named: same names, same types and shapes, and no value is what it was."""
    paths = [(json.dumps(name, ensure_ascii=False), rule) for name in item if _quotable(name)]
    item = {name: value for name, value in item.items() if _quotable(name)}
    before = json.dumps(item)

    masked = masker(*paths).masked(item)

    assert _shape(masked) == _shape(item)
    assert all(one != other for one, other in _pairs(item, masked))
    assert masked == masker(*paths).masked(item)
    assert json.dumps(item) == before, "the item itself is not changed"


@given(ATTRIBUTES, VALUES)
def test_what_no_path_names_stays(item: dict[str, Any], value: dict[str, Any]) -> None:
    """A mask changes nothing but what its paths lead to."""
    masked = masker(('"the one"', "hash")).masked({**item, "the one": value})
    masked.pop("the one")

    assert masked == {name: value for name, value in item.items() if name != "the one"}


def _quotable(name: str) -> bool:
    return str(Path.parse(json.dumps(name, ensure_ascii=False))) != "" if _plain(name) else False


def _plain(name: str) -> bool:
    # json.dumps escapes control characters, which paths have no escape for.
    return json.loads(json.dumps(name)) == name and json.dumps(name, ensure_ascii=False)[
        1:-1
    ] == name.replace("\\", "\\\\").replace('"', '\\"')


def _shape(value: Any) -> Any:
    """The names, types and lengths of a value or an item."""
    if isinstance(value, dict):
        return {
            kind: len(content)
            if kind in ("SS", "NS", "BS") and isinstance(content, list)
            else _shape(content)
            for kind, content in value.items()
        }
    if isinstance(value, list):
        return [_shape(part) for part in value]
    return type(value)


def _pairs(one: Any, other: Any) -> list[tuple[Any, Any]]:
    """The texts and numbers of two equally shaped values, in pairs; empty ones left out."""
    if isinstance(one, dict):
        return [
            pair
            for kind in one
            if kind not in ("BOOL", "NULL") or isinstance(one[kind], dict)
            for pair in _pairs(one[kind], other[kind])
        ]
    if isinstance(one, list):
        return (
            [pair for pair in zip(one, other, strict=True) if pair[0]]
            if one and not (isinstance(one[0], dict))
            else [pair for parts in zip(one, other, strict=True) for pair in _pairs(*parts)]
        )
    return [(one, other)] if one else []
