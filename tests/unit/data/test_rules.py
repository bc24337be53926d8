"""``osem.mask`` against the declared tables: what would leak or break is refused in words."""

from __future__ import annotations

import re

import pytest

from osem_tasks.data.rules import read
from osem_tasks.tables import Index, Key, Table, TableSet, table

TABLES = TableSet(
    (
        table("Users", "userId S", {"email-index": "email S, at N"}),
        Table(
            name="Orders",
            key=Key.parse("userId S, orderId N"),
            local_indexes=(Index("by-day", Key.parse("userId S, day S")),),
        ),
    )
)


@pytest.mark.parametrize(
    "name, path, rule, problem",
    [
        ("users", "email", "hash", "there is no table 'users'; did you mean 'Users'?"),
        ("Items", "a", "hash", "there is no table 'Items'; known are Users, Orders"),
        ("Users", "a..b", "hash", "a..b: a name is missing before '.b'"),
        ("Users", "a", "hsah", "drop, not 'hsah'; did you mean 'hash'?"),
        ("Users", "a", "fake", "fake text, null, drop, not 'fake'"),
        ("Users", "a", "fake-name", "did you mean 'fake name'?"),
        ("Users", "userId", "drop", "'userId' is the table's key and needs a value; use hash"),
        ("Users", "userId", "null", "'userId' is the table's key and needs a value; use hash"),
        ("Users", "userId", "fake name", "two items could get the same value; use hash"),
        ("Users", "email", "null", "'email' is the key of index email-index and needs a value"),
        ("Users", "at", "drop", "'at' is the key of index email-index and needs a value"),
        ("Orders", "day", "null", "'day' is the key of index by-day and needs a value"),
        ("Orders", "orderId", "drop", "'orderId' is the table's key and needs a value"),
        ("Orders", "orderId.x", "hash", "'orderId' is the table's key, a single value: nothing is"),
        ("Users", "email[*]", "hash", "'email' is the key of index email-index, a single value"),
        ("Users", "*", "hash", "it names every attribute, the key as well"),
    ],
)  # fmt: skip
def test_a_mask_that_would_break_or_miss(name: str, path: str, rule: str, problem: str) -> None:
    """Unknown tables and rules, wrong paths, and rules that take the value of a key."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        read({name: [(path, rule)]}, TABLES)


@pytest.mark.parametrize(
    "name, path, rule",
    [
        ("Users", "userId", "hash"),
        ("Users", "email", "fake email"),
        ("Users", "at", "hash"),
        ("Orders", "day", "hash"),
        ("Users", "*.email", "drop"),
        ("Users", "profile", "null"),
        ("Users", "a", " fake   name "),
    ],
)
def test_masks_that_are_allowed(name: str, path: str, rule: str) -> None:
    """Keys may be hashed, index keys also faked, everything else anything."""
    assert read({name: [(path, rule)]}, TABLES).as_json() == {name: {path: " ".join(rule.split())}}


def test_one_path_has_one_rule() -> None:
    """A path that stands twice, in whatever spelling, is refused: one of the rules would be lost."""
    with pytest.raises(ValueError, match=r"Users: a\.b is named twice"):
        read({"Users": [("a.b", "hash"), ('"a"."b"', "drop")]}, TABLES)


def test_all_problems_at_once() -> None:
    """Nobody corrects a configuration one run at a time."""
    with pytest.raises(ValueError, match=r"^there is no .*\nUsers: b: .*\nUsers: userId: .*$"):
        read({"Nope": [("a", "hash")], "Users": [("b", "x"), ("userId", "drop")]}, TABLES)


def test_what_changes_keys_is_known() -> None:
    """A mask of a key gives items other keys; one of an index key does not."""
    masks = read({"Users": [("email", "hash")], "Orders": [("userId", "hash")]}, TABLES)

    assert [mask.changes_keys for mask in masks.tables] == [False, True]
    assert masks.of("Users") == masks.tables[0]
    assert (masks.of("Carts"), bool(read({}, TABLES))) == (None, False)
