"""How many bytes DynamoDB counts for an item. Pure."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from osem_tasks.data.attributes import SETS, significant

if TYPE_CHECKING:
    from osem_tasks.data.attributes import Item, Value


def size_of(item: Item) -> int:
    """Return the bytes of an item: those of its names and its values."""
    return sum(len(name.encode()) + size(value) for name, value in item.items())


def size(value: Value) -> int:
    """Return the bytes of an attribute value, as DynamoDB counts them."""
    [(kind, content)] = value.items()
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + size(inner) for name, inner in content.items())
    if kind == "L":
        return 3 + sum(1 + size(inner) for inner in content)
    if kind in SETS:
        return sum(_scalar_size(SETS[kind], element) for element in content)
    return _scalar_size(kind, content)


def _scalar_size(kind: str, content: Any) -> int:
    if kind == "S":
        return len(content) if content.isascii() else len(content.encode())
    if kind == "N":
        return _number_size(Decimal(content))
    return len(base64.b64decode(content)) if kind == "B" else 1


def _number_size(number: Decimal) -> int:
    """Return the bytes of a number: two digits each from the decimal point on, and a sign."""
    if not number:
        return 1
    odd = int(number.as_tuple().exponent) + _trailing_zeros(number)
    return (significant(number) + odd % 2 + 1) // 2 + 1 + (number < 0)


def _trailing_zeros(number: Decimal) -> int:
    text = "".join(map(str, number.as_tuple().digits))
    return len(text) - len(text.rstrip("0"))
