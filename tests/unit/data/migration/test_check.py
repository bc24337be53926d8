"""What a mapping makes of items, checked before anything is touched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.data import codec
from osem_tasks.data.migration.check import Findings, check, mapped, mapping_of, survey
from osem_tasks.data.migration.contents import Total, key_text
from osem_tasks.data.transform import Transform
from osem_tasks.schema.model import Key
from osem_tasks.tables import Table, table
from tests.support.items import VALUES

if TYPE_CHECKING:
    from collections.abc import Callable

OLD = Key.parse("planId S")
PLANS = table("Plans", "teamId S, season S", {"by-rank": "rank N"})


def checked(
    items: list[Any], function: Callable[[Any], Any] | None, new: Table = PLANS, old: Key = OLD
) -> Findings:
    """What was found for items."""
    transform = Transform("m:f", function, Path()) if function else None
    found = survey(items, new)
    return check(lambda: items, old, new, found, mapping_of(old, new, found, transform))


def split(item: dict[str, Any]) -> Any:
    """A function of a project."""
    team, _, season = item.pop("planId").partition("#")
    return {**item, "teamId": team, "season": season}


def plan(key: str, **more: Any) -> dict[str, Any]:
    """An item with the old key."""
    return {"planId": {"S": key}, **more}


def test_sound_items_have_a_total_before_and_after() -> None:
    """The totals are those of the items as they are and as they are to be."""
    items = [plan("a#1"), plan("b#1"), plan("a#2", rank={"N": "7"})]

    found = checked(items, split)

    after = Total()
    for _, one in mapped(items, Transform("m:f", split, Path())):
        after.add(one)
    assert found.sound
    assert (found.before.items, found.after) == (3, after)
    assert found.pairs[0] == ("planId=a#1", "teamId=a, season=1")
    assert found.words == ("each item becomes what m:f returns",)


@pytest.mark.parametrize(
    "items, fault",
    [
        ([plan("a")], "have an empty season"),
        ([plan("#1")], "have an empty teamId"),
        (
            [plan("a#1", rank={"S": "x"})],
            "have a rank that is not of the type N, a key of an index",
        ),
        ([plan("a#" + "s" * 1025)], "have a longer season than 1,024 bytes"),
        ([plan("a#1", text={"S": "x" * 410_000})], "become larger than DynamoDB's 409,600 bytes"),
    ],
)
def test_a_fault_is_counted_with_the_old_key(items: list[Any], fault: str) -> None:
    """The values of other attributes are never shown."""
    found = checked([*items, plan("good#1")], split)

    assert not found.sound
    assert dict(found.faults) == {fault: 1}
    assert found.examples[fault] == [key_text(items[0], OLD)]


def test_items_of_one_new_key_are_named_by_their_old_ones() -> None:
    """The count is that of the items, the examples are a few."""
    items = [plan(f"a#1{rest}") for rest in ("", "", "")]
    for number, item in enumerate(items):
        item["planId"]["S"] = f"x{number}"

    found = checked(items, lambda _: {"teamId": "a", "season": "1"})

    assert found.collisions == 3
    assert str(found.shared[0]) == ("teamId=a, season=1 (3 items: planId=x0; planId=x1; planId=x2)")


def test_numbers_that_are_one_collide() -> None:
    """1 and 1.0 are one key to DynamoDB."""
    items = [plan("a", n={"N": "1"}), plan("b", n={"N": "1.0"})]
    new = table("T", "n N")

    found = checked(items, None, new)

    assert found.collisions == 2


def test_a_function_must_give_the_same_again() -> None:
    """After an interrupt items are mapped again: a random key would double them."""
    numbers = iter(range(100))

    found = checked([plan("a")], lambda _: {"teamId": str(next(numbers)), "season": "1"})

    assert [text[:31] for text in found.faults] == ["become other items each time th"]


def test_an_empty_table_needs_no_mapping() -> None:
    """No item can lack the new key, so nothing stands in the way of replacing the table."""
    found = checked([], None)

    assert found.sound
    assert found.before.items == 0


def test_the_default_that_cannot_serve_says_which_attribute_is_missing() -> None:
    """Nothing is mapped then."""
    found = checked([plan("a")], None)

    assert found.problems == ("no item has season, and no attribute of the old key fits",)
    assert not found.sound


@pytest.mark.parametrize(
    "old, new, item, words",
    [
        ("planId S", "id S", {}, ("planId becomes id",)),
        ("planId S", "planId N", {}, ("planId becomes N",)),
        (
            "planId S",
            "teamId S",
            {"teamId": {"S": "t"}},
            ("teamId, which items have, becomes a key of the type S",),
        ),
        ("planId S", "planId S", {}, ("the items stay as they are",)),
    ],
)
def test_the_default_says_what_it_does(
    old: str, new: str, item: dict[str, Any], words: tuple[str, ...]
) -> None:
    """In words that somebody can check before anything is deleted."""
    found = checked([plan("1", **item)], None, table("Plans", new), Key.parse(old))

    assert found.words == words


def test_none_and_several() -> None:
    """What is dropped and what is split is counted."""
    found = checked(
        [plan("a"), plan("b"), plan("c")],
        lambda item: {
            "a": None,
            "b": [{"teamId": "b", "season": "1"}, {"teamId": "b", "season": "2"}],
            "c": {"teamId": "c", "season": "1"},
        }[item["planId"]],
    )

    assert (found.dropped, found.split, found.after.items, found.sound) == (1, 1, 3, True)


@given(
    items=st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), VALUES, max_size=9
    )
)
def test_any_items_under_a_renamed_key_are_sound(items: dict[str, Any]) -> None:
    """Different keys stay different, nothing but the name changes, and the count stays."""
    given_items = [{"planId": {"S": key}, "value": value} for key, value in items.items()]
    new = table("Plans", "id S")

    found = checked(given_items, None, new)

    after = Total()
    for key, value in items.items():
        after.add({"id": {"S": key}, "value": value})
    assert found.sound
    assert found.after == after


@given(values=st.lists(st.text(max_size=3), max_size=12))
def test_every_item_is_written_or_counted(values: list[str]) -> None:
    """An item whose new key is another one's, or none, never goes by unseen."""
    items = [plan(f"p{number}", v={"S": value}) for number, value in enumerate(values)]

    found = checked(items, lambda item: {"teamId": item["v"], "season": "1"})

    good = [value for value in values if value]
    alone = [value for value in good if good.count(value) == 1]
    assert found.collisions == len(good) - len(alone)
    assert sum(found.faults.values()) == len(values) - len(good)
    assert found.sound == (len(alone) == len(values))


def test_a_total_does_not_depend_on_the_order() -> None:
    """Nor on how a number is written."""
    items = [plan("a", n={"N": "1"}), plan("b", n={"N": "1.50"})]
    again = [plan("b", n={"N": "1.5"}), plan("a", n={"N": "1.0"})]
    totals = [Total(), Total()]
    for total, found in zip(totals, (items, again), strict=True):
        for item in found:
            total.add(item)

    assert totals[0] == totals[1]
    assert codec.digest(items[0]) != codec.digest(items[1])
