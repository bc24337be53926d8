"""What the documentation shows: rows, references, and what it refuses."""

from __future__ import annotations

import pytest

from osem_tasks.declarations.docs.data_model import Relation, data_model
from osem_tasks.declarations.osem import TABLES
from osem_tasks.errors import ModelError
from osem_tasks.schema.model import Table, TableSet, TimeToLive, table
from osem_tasks.schema.notes import Notes


def test_a_table_without_notes_has_what_its_keys_and_expiry_need() -> None:
    """The own key first, then what only an index or TTL knows, each once and with its type."""
    orders = table("Orders", "id S, at N", {"x-index": "owner S, at N"}, ttl=TimeToLive("until"))

    (entity,) = data_model(TableSet((orders,)), {}).entities

    assert [(row.name, row.type, row.role, row.text) for row in entity.rows] == [
        ("id", "S", "partition key", ""),
        ("at", "N", "sort key", ""),
        ("owner", "S", "", ""),
        ("until", "N", "", "expiry time"),
    ]


@pytest.mark.parametrize(
    "declared, relations",
    [
        pytest.param(
            (table("Orders", "orderId S"), table("Lines", "orderId S, number N")),
            [Relation("Lines", "orderId", "Orders")],
            id="the-first-part-of-a-key",
        ),
        pytest.param(
            (table("Orders", "orderId S"), table("Bills", "billId S", {"o-x": "orderId S"})),
            [Relation("Bills", "orderId", "Orders")],
            id="the-key-of-an-index",
        ),
        pytest.param(
            (table("Orders", "id S"), table("Carts", "id S", {"i-x": "id S"})), [], id="no-own-name"
        ),
        pytest.param(
            (table("Orders", "id S"), table("Lines", "id N, number N")), [], id="another-type"
        ),
        pytest.param((table("One", "pk S, sk S"), table("Two", "pk S, sk S")), [], id="sort-keys"),
        pytest.param(
            (table("Staff", "id S", notes={"attributes": {"head": "S -> Staff"}}),),
            [Relation("Staff", "head", "Staff")],
            id="itself",
        ),
    ],
)
def test_references(declared: tuple[Table, ...], relations: list[Relation]) -> None:
    """An attribute refers to the one table whose whole key has its name, or to the declared one."""
    assert list(data_model(TableSet(declared), {}).relations) == relations


@pytest.mark.parametrize(
    "notes, words",
    [
        ({"User": {}}, "osem.notes: 'User' is no declared table; did you mean 'Users'?"),
        (
            {"Teams": {"attributes": {"headId": "S -> User"}}},
            "attribute 'headId' refers to 'User', which is no declared table; did you mean 'Users'?",
        ),
        (
            {"Teams": {"patterns": {"by head": "managerID-index"}}},
            "there is no index 'managerID-index'; did you mean 'managerId-index'?",
        ),
        ({"Teams": {"attributes": {"teamId": "N"}}}, "attribute 'teamId' is N, and S in a key"),
    ],
)
def test_notes_about_what_is_not_there(notes: dict[str, object], words: str) -> None:
    """A misspelt table, index or reference is named, with the nearest one that there is."""
    with pytest.raises(ModelError) as caught:
        data_model(TABLES, {name: Notes.read(given) for name, given in notes.items()})

    assert words in "\n".join(caught.value.problems)
