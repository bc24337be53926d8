"""The cells of a CSV file, whose texts become values by the type of their column. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from osem_tasks.data.attributes import TYPES
from osem_tasks.declarations import parsing
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table

_TITLE = re.compile(rf"(.+):({'|'.join(TYPES)})", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the attribute, and the type of its values."""

    name: str
    type: str

    @classmethod
    def of(cls, title: str, table: Table) -> Column:
        """Return the column of a header such as ``createdAt:N``.

        Without a type, a key attribute of the table or an index has its declared type, and
        everything else is text, as in AWS's own import.
        """
        title = title.strip()
        if typed := _TITLE.fullmatch(title):
            return cls(typed[1].strip(), typed[2])
        keys = (table.key, *(index.key for index in table.indexes))
        types = {attribute.name: attribute.type for key in keys for attribute in key.attributes}
        return cls(title, types.get(title, "S"))


def cell(column: Column, text: str) -> Any:
    """Return the value of a cell that is not empty. Raises ValueError for another type's text.

    Maps, lists and sets are written as JSON.
    """
    if column.type == "S":
        return text
    word = text.strip()
    value: Any = None
    if column.type == "N" and _NUMBER.fullmatch(word):
        return Decimal(word)
    if column.type == "BOOL" and (value := _BOOLEANS.get(word.lower())) is not None:
        return value
    if column.type == "NULL" and word.lower() == "true":
        return None
    if column.type == "B":
        return _bytes(column, word)
    if column.type in ("M", "L", "SS", "NS", "BS"):
        return _from_json(column, word)
    raise ValueError(f"{column.name}: {shown(text)} is no value of the type {column.type}")


def _bytes(column: Column, text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise ValueError(f"{column.name}: {shown(text)} is not base64") from None


def _from_json(column: Column, text: str) -> Any:
    try:
        [value] = parsing.parse(text, json_only=True, exact=True)
    except ValueError:
        raise ValueError(f"{column.name}: {shown(text)} is not JSON") from None
    kind: Any = Decimal if column.type == "NS" else str
    fits = isinstance(value, dict if column.type == "M" else list)
    if fits and column.type in ("M", "L"):
        return value
    if not fits or not value or not all(isinstance(element, kind) for element in value):
        raise ValueError(f"{column.name}: {shown(text)} is no value of the type {column.type}")
    elements = [_bytes(column, one) for one in value] if column.type == "BS" else value
    if len(set(elements)) < len(elements):
        raise ValueError(f"{column.name}: the set holds an element twice")
    return set(elements)
