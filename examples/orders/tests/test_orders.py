"""Every test writes the same keys: each has a database of its own, so none sees another's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

sys.path.insert(0, str(Path(__file__).parents[1]))

import shop


@pytest.mark.usefixtures("dynamodb_environ")
@pytest.mark.parametrize("count", range(1, 9))
def test_a_customers_orders_come_newest_first(dynamodb_tables: dict[str, str], count: int) -> None:
    """As many orders as this test has placed, and no other test's."""
    for number in range(count):
        shop.place(dynamodb_tables["Orders"], f"order-{number}", "ann", placed_at=number)

    found = [each["orderId"] for each in shop.orders_of(dynamodb_tables["Orders"], "ann")]

    assert found == [f"order-{number}" for number in reversed(range(count))]


def test_a_cart_starts_empty(
    dynamodb_tables: dict[str, str], dynamodb_resource: DynamoDBServiceResource
) -> None:
    """Nothing is in a fresh database."""
    assert dynamodb_resource.Table(dynamodb_tables["Carts"]).scan()["Count"] == 0
