"""The application: it makes its own client, as applications do."""

from __future__ import annotations

from typing import Any

import boto3


def place(table: str, order_id: str, customer_id: str, placed_at: int) -> None:
    """Put an order."""
    boto3.resource("dynamodb").Table(table).put_item(
        Item={"orderId": order_id, "customerId": customer_id, "placedAt": placed_at}
    )


def orders_of(table: str, customer_id: str) -> list[dict[str, Any]]:
    """A customer's orders, the newest first."""
    answer = (
        boto3.resource("dynamodb")
        .Table(table)
        .query(
            IndexName="customerId-placedAt-index",
            KeyConditionExpression="customerId = :customer",
            ExpressionAttributeValues={":customer": customer_id},
            ScanIndexForward=False,
        )
    )
    return list(answer["Items"])
