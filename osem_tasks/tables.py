"""The public names for tables declared in Python.

::

    # shop/tables.py, named by osem.tables as ``shop.tables:TABLES``
    from osem_tasks.tables import TableSet, TimeToLive, table

    TABLES = TableSet(
        (
            table("Orders", "orderId S", {"customerId-index": "customerId S, placedAt N"}),
            table("Carts", "cartId S", ttl=TimeToLive("expiresAt")),
        )
    )
"""

from __future__ import annotations

from osem_tasks.errors import ModelError
from osem_tasks.schema.model import (
    Attribute,
    Encryption,
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
from osem_tasks.schema.notes import ItemAttribute, Notes, Pattern
from osem_tasks.schema.warm import WarmThroughput

__all__ = [
    "Attribute",
    "Encryption",
    "Index",
    "ItemAttribute",
    "Key",
    "ModelError",
    "Notes",
    "Pattern",
    "Projection",
    "Stream",
    "Table",
    "TableSet",
    "Throughput",
    "TimeToLive",
    "WarmThroughput",
    "table",
]
