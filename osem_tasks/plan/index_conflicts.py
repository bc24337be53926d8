"""Finds indexes that cannot be built on a table: DynamoDB allows one type per attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from osem_tasks.schema.model import Attribute, Index, Table


def types_conflict(one: Index, other: Index) -> bool:
    """Return whether both use an attribute of the same name with different types."""
    return bool(_conflicting(one, _types(other.key.attributes)))


def blocked_indexes(
    found: Table, replaced: Sequence[Index], missing: Sequence[Index]
) -> dict[str, str]:
    """Return the declared indexes that cannot be built on the table ``found``, with the reasons.

    ``replaced`` are existing indexes that differ from their declaration. One that cannot be
    replaced keeps the types of its attributes, which may block others: so the loop repeats
    until it finds no more.
    """
    theirs = {index.name: index for index in found.global_indexes}
    keys = (found.key, *(index.key for index in found.local_indexes))
    fixed = _types(attribute for key in keys for attribute in key.attributes)
    local = {index.name for index in found.local_indexes}
    blocked: dict[str, str] = {}
    waiting = [*replaced, *missing]
    while newly := {i.name: why for i in waiting if (why := _reason(i, local, fixed))}:
        blocked |= newly
        waiting = [index for index in waiting if index.name not in blocked]
        for index in replaced:
            if index.name in newly:
                fixed |= _types(theirs[index.name].key.attributes)
    return blocked


def _reason(index: Index, local: set[str], fixed: dict[str, str]) -> str:
    if index.name in local:
        return "a local index has that name for as long as the table exists"
    names = _conflicting(index, fixed)
    if names:
        return f"{names[0]} has another type in the table's own key or an index that stays"
    return ""


def _types(attributes: Iterable[Attribute]) -> dict[str, str]:
    return {attribute.name: attribute.type for attribute in attributes}


def _conflicting(index: Index, types: dict[str, str]) -> list[str]:
    return [
        attribute.name
        for attribute in index.key.attributes
        if types.get(attribute.name, attribute.type) != attribute.type
    ]
