"""Notes about a table: read from any structure, and checked against the table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.errors import ModelError
from osem_tasks.schema.model import Table, TimeToLive, table
from osem_tasks.schema.notes import TYPES, ItemAttribute, Notes, Pattern, problems
from tests.support.documents import DOCUMENTS


def teams(notes: object) -> Table:
    """A table with an index and these notes."""
    return table("Teams", "teamId S", {"managerId-index": "managerId S"}, notes=notes)


@pytest.mark.parametrize(
    "given, expected",
    [
        ("S", ItemAttribute("a", "S")),
        (" N? ", ItemAttribute("a", "N", optional=True)),
        ("SS -> Users", ItemAttribute("a", "SS", refers_to="Users")),
        ("S?->my.table-1_x: why: so", ItemAttribute("a", "S", True, "my.table-1_x", "why: so")),
        ("M: two\nlines", ItemAttribute("a", "M", text="two\nlines")),
    ],
)
def test_an_attribute_in_one_text(given: str, expected: ItemAttribute) -> None:
    """Type, whether it is optional, the table whose key it holds, and the meaning."""
    assert Notes.read({"attributes": {"a": given}}).attributes == (expected,)


def test_patterns_in_both_forms() -> None:
    """An index by its name alone, or with the way in which it answers; the own key has no name."""
    found = Notes.read(
        {"patterns": {"one": "primary key", "all": {"index": "x-index", "how": "newest first"}}}
    )

    assert found.patterns == (Pattern("one"), Pattern("all", "x-index", "newest first"))


@pytest.mark.parametrize(
    "notes, words",
    [
        ({"texts": ""}, "notes: 'texts' is not known; did you mean 'text'?"),
        ({"text": 5}, "notes.text must be a string, not 5"),
        ({1: ""}, "the name 1 must be a string"),
        ({"attributes": []}, "notes.attributes must be a mapping, not []"),
        ({"attributes": {"a": "s"}}, "has the type 's'; did you mean 'S'?"),
        ({"attributes": {"a": "S N"}}, "must be a type such as 'S'"),
        ({"attributes": {"a": None}}, "must be a type such as 'S'"),
        ({"attributes": {"teamId": "N"}}, "attribute 'teamId' is N, and S in a key"),
        ({"patterns": {"a": 5}}, "notes.patterns.a must be a mapping, not 5"),
        ({"patterns": {"a": {"idx": "x"}}}, "'idx' is not known; did you mean 'index'?"),
        ({"patterns": {"a": {}}}, "notes.patterns.a must name an index, or 'primary key'"),
        ({"patterns": {"a": "managerid-index"}}, "did you mean 'managerId-index'?"),
        (5, "notes must be a Notes, not 5"),
        (Notes(attributes=(ItemAttribute("a", "X"),)), "has the type 'X'; known are S, N"),
        (Notes(attributes=(ItemAttribute("a", "S"),) * 2), "attribute 'a' appears twice"),
        (Notes(patterns=(Pattern("a"),) * 2), "pattern 'a' appears twice"),
    ],
)
def test_what_is_wrong_is_named(notes: Any, words: str) -> None:
    """One sentence for each mistake, with the table, the place and the nearest known name."""
    with pytest.raises(ModelError) as caught:
        teams(notes)

    (problem,) = caught.value.problems
    assert words in problem
    assert problem.startswith("table 'Teams'")


def test_an_expiry_time_is_a_number() -> None:
    """DynamoDB deletes no item by a text, so that a note of one is a mistake."""
    with pytest.raises(ModelError, match="attribute 'until' is S, and an expiry time is N"):
        table("Carts", "id S", ttl=TimeToLive("until"), notes={"attributes": {"until": "S"}})

    carts = table("Carts", "id S", ttl=TimeToLive("until"), notes={"attributes": {"until": "N?"}})
    assert list(problems(carts)) == []


@given(
    DOCUMENTS | st.fixed_dictionaries({}, optional={"attributes": DOCUMENTS, "patterns": DOCUMENTS})
)
def test_any_structure_is_notes_or_refused(content: Any) -> None:
    """Whatever a file holds: notes, or a ModelError with its problems."""
    try:
        found = Notes.read(content)
    except ModelError as error:
        found = Notes(text=error.problems[0])

    assert {attribute.type for attribute in found.attributes} <= set(TYPES)


def test_a_table_may_be_changed_under_its_notes() -> None:
    """Without its index it is a table still; only db.docs has to show what is not there."""
    changed = replace(teams({"patterns": {"a": "managerId-index"}}), global_indexes=())

    assert len(list(problems(changed))) == 1


def test_notes_are_no_fact() -> None:
    """Two tables that differ in their notes alone are equal: nothing is compared by them."""
    assert teams({"text": "x"}) == teams({"text": "y"}) == teams(None)
