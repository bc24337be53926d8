"""Indexes that can never be built on a table as it is: one type an attribute, one name an index."""

from __future__ import annotations

from dataclasses import replace

import pytest

from osem_tasks.plan.index_conflicts import blocked_indexes, types_conflict
from osem_tasks.schema.model import Index, Key, Table

FOUND = Table(
    name="Plans",
    key=Key.parse("pk S, sk S"),
    local_indexes=(Index("local", Key.parse("pk S, at N")),),
)


def index(name: str, key: str) -> Index:
    """An index in the words of a data sheet."""
    return Index(name, Key.parse(key))


@pytest.mark.parametrize(
    "one, other, expected",
    [
        pytest.param("a S", "a N", True, id="partition"),
        pytest.param("a S, b S", "c S, b N", True, id="sort"),
        pytest.param("a S, b S", "b N", True, id="another-part"),
        pytest.param("a S", "a S", False, id="same-type"),
        pytest.param("a S", "b N", False, id="other-attribute"),
    ],
)
def test_two_indexes_cannot_have_two_types_of_one_attribute(
    one: str, other: str, expected: bool
) -> None:
    """Wherever in their keys the attribute stands, and in either order."""
    first, second = index("one", one), index("two", other)

    assert (types_conflict(first, second), types_conflict(second, first)) == (expected, expected)


@pytest.mark.parametrize(
    "missing, blocked",
    [
        pytest.param([index("one", "a S")], [], id="free"),
        pytest.param([index("one", "sk N")], ["one"], id="type-of-the-key"),
        pytest.param([index("one", "at S")], ["one"], id="type-of-a-local-index"),
        pytest.param([index("local", "a S")], ["local"], id="name-of-a-local-index"),
        pytest.param([index("one", "sk N"), index("two", "a S")], ["one"], id="one-of-two"),
    ],
)
def test_what_the_table_fixes_for_ever(missing: list[Index], blocked: list[str]) -> None:
    """Keys and local indexes stay as long as the table does, and every blocked index has a reason."""
    found = blocked_indexes(FOUND, [], missing)

    assert list(found) == blocked
    assert all(found.values())


def test_what_cannot_be_replaced_stays_and_fixes_its_types_too() -> None:
    """The answer grows: an index is blocked by one that is itself blocked."""
    held = replace(FOUND, global_indexes=(index("one", "sk S, a N"), index("two", "b S")))
    replaced = [index("one", "sk N, a N"), index("two", "b N")]

    found = blocked_indexes(held, replaced, [index("three", "a S"), index("four", "b N")])

    assert set(found) == {"one", "three"}
