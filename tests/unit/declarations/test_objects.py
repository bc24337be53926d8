"""Which Python objects declare tables."""

from __future__ import annotations

from typing import Any

import pytest
from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    IncludeProjection,
    LocalSecondaryIndex,
)
from pynamodb.models import Model

from osem_tasks.declarations.objects import read
from osem_tasks.errors import ModelError
from osem_tasks.schema.model import (
    Index,
    Key,
    Projection,
    Stream,
    Table,
    TableSet,
    Throughput,
    TimeToLive,
    table,
)
from osem_tasks.schema.notes import ItemAttribute, Notes

CARTS = table("Carts", "cartId S")
REQUEST = {
    "TableName": "Carts",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "cartId", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "cartId", "KeyType": "HASH"}],
}


class ByOwner(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]  # PynamoDB's stubs
    """An index of a model."""

    class Meta:
        """Its settings."""

        index_name = "by-owner"
        projection = AllProjection()
        read_capacity_units = 1
        write_capacity_units = 2

    owner = UnicodeAttribute(hash_key=True, attr_name="o")


class ByTotal(LocalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]  # PynamoDB's stubs
    """A local index of a model."""

    class Meta:
        """Its settings."""

        index_name = "by-total"
        projection = IncludeProjection(["o"])

    id = UnicodeAttribute(hash_key=True)
    total = NumberAttribute(range_key=True)


class Order(Model):
    """A model with everything that PynamoDB can declare."""

    class Meta:
        """Its settings."""

        table_name = "Orders"
        read_capacity_units = 3
        write_capacity_units = 4
        stream_view_type = "NEW_IMAGE"
        tags = {"Team": "shop"}  # noqa: RUF012  as PynamoDB has it

    id = UnicodeAttribute(hash_key=True)
    at = NumberAttribute(range_key=True)
    owner = UnicodeAttribute(attr_name="o")
    total = NumberAttribute()
    expires = TTLAttribute(attr_name="exp")
    by_owner = ByOwner()
    by_total = ByTotal()


class Cart(Model):
    """A model on demand."""

    class Meta:
        """Its settings."""

        table_name = "Carts"
        billing_mode = "PAY_PER_REQUEST"

    id = UnicodeAttribute(hash_key=True, attr_name="cartId")


class Nameless(Model):
    """A model without a table."""

    id = UnicodeAttribute(hash_key=True)


class Unset(Model):
    """A model whose table's name comes from a variable that is not set."""

    class Meta:
        """Its settings."""

        table_name = None

    id = UnicodeAttribute(hash_key=True)


class NoModel:
    """A class that only looks like a model."""

    class Meta:
        """Its settings."""

        table_name = "Carts"


@pytest.mark.parametrize(
    "found",
    [
        CARTS,
        [CARTS],
        (CARTS,),
        TableSet((CARTS,)),
        iter([CARTS]),
        REQUEST,
        [REQUEST],
        {"Carts": REQUEST},
        {"Carts": CARTS},
        {"Table": REQUEST},
        {"Tables": [REQUEST]},
        Cart,
        [Cart],
        lambda: [REQUEST],
        lambda: (entry for entry in [CARTS]),
        lambda: Cart,
    ],
)
def test_every_kind_of_object(found: Any) -> None:
    """One table, written in every way that a project may have it."""
    assert read(found) == (CARTS,)


def test_a_model_of_pynamodb_in_full() -> None:
    """Keys, indexes, capacity, stream, tags and time to live, under the table's names."""
    by_owner = Index("by-owner", Key.parse("o S"), throughput=Throughput(1, 2))
    by_total = Index("by-total", Key.parse("id S, total N"), Projection("INCLUDE", ("o",)))
    orders = Table(
        name="Orders",
        key=Key.parse("id S, at N"),
        global_indexes=(by_owner,),
        local_indexes=(by_total,),
        billing="PROVISIONED",
        throughput=Throughput(3, 4),
        stream=Stream("NEW_IMAGE"),
        tags=(("Team", "shop"),),
        ttl=TimeToLive("exp"),
    )

    assert read([Order, Cart]) == (orders, CARTS)


def test_a_model_of_pynamodb_says_what_its_items_have() -> None:
    """Attributes beside the keys and the first line about the model are notes of its table."""
    (orders,) = read(Order)

    assert orders.notes == Notes(
        "A model with everything that PynamoDB can declare.", (ItemAttribute("exp", "N"),)
    )


async def _asynchronous() -> list[Any]:
    return [REQUEST]


@pytest.mark.parametrize(
    "found, words",
    [
        (5, "it holds 5; wanted are Table values"),
        ("Carts", "it holds 'Carts'; wanted"),
        ([CARTS, None], "it holds None; wanted"),
        (NoModel, "NoModel"),
        (Nameless, "the model Nameless has no Meta.table_name"),
        (Unset, "Meta.table_name: it is None, perhaps from a variable that is not set"),
        ({"Carts": {"TableName": "Carts"}}, "KeySchema is missing"),
        (lambda: 5, "it holds 5; wanted"),
        (_asynchronous, "it is an async function; wanted"),
    ],
)
def test_objects_that_declare_nothing(found: Any, words: str) -> None:
    """The object is shown, and what is wanted."""
    with pytest.raises(ModelError) as caught:
        read(found)

    assert words in caught.value.problems[0]
