"""Conditions of ``--where``: the expression that DynamoDB gets, and every mistake in words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.data.where import parse


def spelled(text: str) -> str:
    """The filter of a condition with its placeholders filled in, for reading."""
    found = parse(text)
    result = found.expression
    for placeholder, value in {**found.names, **found.values}.items():
        result = re.sub(rf"{re.escape(placeholder)}\b", lambda _, v=value: f"<{v}>", result)  # type: ignore[misc]
    return result


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a = 'x'", "<a> = <{'S': 'x'}>"),
        ('a = "x"', "<a> = <{'S': 'x'}>"),
        ("a <> 5", "<a> <> <{'N': '5'}>"),
        ("a<5", "<a> < <{'N': '5'}>"),
        ("a >= -1.5e3", "<a> >= <{'N': '-1.5e3'}>"),
        ("a = true", "<a> = <{'BOOL': True}>"),
        ("a = FALSE", "<a> = <{'BOOL': False}>"),
        ("a = null", "<a> = <{'NULL': True}>"),
        ("a = ''", "<a> = <{'S': ''}>"),
        ('a = ""', "<a> = <{'S': ''}>"),
        ("a = 'it''s'", "<a> = <{'S': \"it's\"}>"),
        ("a = '2024-01-01'", "<a> = <{'S': '2024-01-01'}>"),
        ("a.b[0].c = 1", "<a>.<b>[0].<c> = <{'N': '1'}>"),
        ('"a.b" = 1', "<a.b> = <{'N': '1'}>"),
        ('m."a b" = 1', "<m>.<a b> = <{'N': '1'}>"),
        ("size = 1", "<size> = <{'N': '1'}>"),
        ("x = 1 and y = 2", "<x> = <{'N': '1'}> AND <y> = <{'N': '2'}>"),
        ("x = 1 OR y = 2", "<x> = <{'N': '1'}> OR <y> = <{'N': '2'}>"),
        ("not x = 1", "NOT <x> = <{'N': '1'}>"),
        ("(x = 1 or y = 1) and z = 1",
         "(<x> = <{'N': '1'}> OR <y> = <{'N': '1'}>) AND <z> = <{'N': '1'}>"),
        ("a between 1 and 2 and b = 3",
         "<a> BETWEEN <{'N': '1'}> AND <{'N': '2'}> AND <b> = <{'N': '3'}>"),
        ("a in ('x', 'y')", "<a> IN (<{'S': 'x'}>, <{'S': 'y'}>)"),
        ("begins_with(a, 'x')", "begins_with(<a>, <{'S': 'x'}>)"),
        ("contains(tags, 'x')", "contains(<tags>, <{'S': 'x'}>)"),
        ("attribute_exists(a.b)", "attribute_exists(<a>.<b>)"),
        ("Attribute_Not_Exists ( a )", "attribute_not_exists(<a>)"),
        ("PK = 'USER#1'", "<PK> = <{'S': 'USER#1'}>"),
    ],
)  # fmt: skip
def test_conditions(text: str, expected: str) -> None:
    """Comparisons, tests, words in any case, and quoted names become DynamoDB's expression."""
    assert spelled(text) == expected


@pytest.mark.parametrize(
    "text, problem",
    [
        ("", "needs an attribute, and it ends there"),
        ("a", "needs one of <= >= <> = < >, between, or in (after the path) after 'a', and it ends"),
        ("a =", "needs a value after 'a =', and it ends there"),
        ("a = b", "needs a value (a text stands in quotes: 'b') after 'a =', and 'b' stands there"),
        ("a == 1", "and '==' stands there; did you mean '='?"),
        ("a != 1", "did you mean '<>'?"),
        ("a = 1 && b = 2", "did you mean 'and'?"),
        ("a = 1 || b = 2", "did you mean 'or'?"),
        ("!a = 1", "did you mean 'not'?"),
        ("a = 1 b = 2", "needs 'and', 'or', or the end after 'a = 1', and 'b' stands there"),
        ("(a = 1", "needs ')' after '( a = 1', and it ends there"),
        ("a = 1)", "needs 'and', 'or', or the end after 'a = 1', and ')' stands there"),
        ("5 = a", "needs an attribute, and '5' stands there"),
        ("a in ()", "needs a value after 'a in (', and ')' stands there"),
        ("a between 1", "needs 'and' after 'a between 1', and it ends there"),
        ("begins_with(a)", "needs ',' after 'begins_with ( a', and ')' stands there"),
        ("beginswith(a, 'x')", "has the unknown function 'beginswith'; did you mean 'begins_with'?"),
        ("size(a) > 1", "has the unknown function 'size'"),
        ("a = 'x", "cannot be read from \"'x\" on: its quotes do not end"),
        ("a = 1;", "cannot be read from ';' on: it is no path, value or operator"),
        ("a[*] = 1", "cannot be read from '[*] = 1' on"),
        ("a.* = 1", "cannot be read from '.* = 1' on"),
        ("a = :v0", "needs a value (a text stands in quotes: ':v0')"),
        ("a = 12x", "a value (a text stands in quotes: '12x')"),
        ("a = 'x' " * 1000, "is longer than 4,096 bytes"),
        ("(" * 60 + "a = 1" + ")" * 60, "is nested more than 50 levels deep"),
        ("not " * 60 + "a = 1", "is nested more than 50 levels deep"),
    ],
)  # fmt: skip
def test_mistakes(text: str, problem: str) -> None:
    """The message says what is needed, after what, and what was found instead."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        parse(text)


@given(st.text(max_size=30), st.text(max_size=30))
def test_values_and_names_never_reach_the_expression(name: str, value: str) -> None:
    """Whatever is quoted stays a name and a value: the expression has placeholders only."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    doubled = value.replace("'", "''")
    if not name:
        return

    found = parse(f"\"{quoted}\" = '{doubled}'")

    assert found.expression == "#n0 = :v0"
    assert (found.names, found.values) == ({"#n0": name}, {":v0": {"S": value}})


@given(st.text(alphabet="ab'\"=<>()., 10[]not&#:\\", max_size=30))
def test_any_text_is_a_condition_or_a_mistake_in_words(text: str) -> None:
    """A text is a filter of placeholders, or refused by ValueError."""
    try:
        found: Any = parse(text)
    except ValueError:
        return

    assert re.fullmatch(r"[\[\]A-Z a-z_#:0-9.,<>=()]+", found.expression)


def test_what_a_scan_gets() -> None:
    """Without values the map of values is left out, because DynamoDB refuses an empty one."""
    assert parse("attribute_exists(a)").as_options() == {
        "FilterExpression": "attribute_exists(#n0)",
        "ExpressionAttributeNames": {"#n0": "a"},
    }
    assert parse("a = 1").as_options()["ExpressionAttributeValues"] == {":v0": {"N": "1"}}
