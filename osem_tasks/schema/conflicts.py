"""Which indexes can never be built on a table as it is: DynamoDB knows one type an attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from osem_tasks.schema.model import Attribute, Index, Table


def clash(one: Index, other: Index) -> bool:
    """Whether both use an attribute of the same name with different types."""
    return bool(_clashing(one, _types(other.key.attributes)))


def stuck(found: Table, replaced: Sequence[Index], missing: Sequence[Index]) -> dict[str, str]:
    """The declared indexes that cannot be built while ``found`` stays, by name, and why.

    ``replaced`` exist otherwise than declared. One that cannot be replaced stays, and the
    types of its attributes stay with it: so the answer grows until nothing is added.
    """
    theirs = {each.name: each for each in found.indexes}
    held = (found.key, *(each.key for each in found.local_indexes))
    fixed = _types(attribute for key in held for attribute in key.attributes)
    local = {each.name for each in found.local_indexes}
    reasons: dict[str, str] = {}
    while True:
        waiting = [each for each in (*replaced, *missing) if each.name not in reasons]
        new = {each.name: why for each in waiting if (why := _reason(each, local, fixed))}
        if not new:
            return reasons
        reasons |= new
        for each in replaced:
            if each.name in new:
                fixed |= _types(theirs[each.name].key.attributes)


def _reason(index: Index, local: set[str], fixed: dict[str, str]) -> str:
    if index.name in local:
        return "a local index has that name for as long as the table exists"
    names = _clashing(index, fixed)
    if names:
        return f"{names[0]} has another type in the table's own key or an index that stays"
    return ""


def _types(attributes: Iterable[Attribute]) -> dict[str, str]:
    return {each.name: each.type for each in attributes}


def _clashing(index: Index, types: dict[str, str]) -> list[str]:
    attributes = index.key.attributes
    return [each.name for each in attributes if types.get(each.name, each.type) != each.type]
