"""``Fn::ForEach``: one member of a mapping that stands for several."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from osem_tasks.declarations.values import (
    Budget,
    Place,
    RefusedError,
    Unknown,
    is_list,
    scalar_text,
)
from osem_tasks.schema.quoting import shown

FOR_EACH = "Fn::ForEach"
_NAME = re.compile(r"[A-Za-z0-9]{1,255}")
_UNKNOWN = "its collection is not known here: "
_TAKES = f"{FOR_EACH} takes [identifier, collection, {{key: value}}]"


def is_loop(key: object) -> bool:
    """Return whether a member of a mapping is a loop (``Fn::ForEach::Name``)."""
    return isinstance(key, str) and (key == FOR_EACH or key.startswith(FOR_EACH + "::"))


def expanded(
    mapping: Mapping[Any, Any],
    place: Place,
    resolve: Callable[[Any, Place], Any],
    budget: Budget,
) -> dict[Any, tuple[Any, Place]]:
    """Return the members of a mapping, each with its place in the file, loops carried out.

    Raises RefusedError for a malformed loop, and for a key that two members have.
    """
    members: dict[Any, tuple[Any, Place]] = {}
    for key, value in mapping.items():
        inner = place.at(key)
        found = _rounds(value, inner, resolve, budget) if is_loop(key) else [(key, value, inner)]
        for name, part, where in found:
            if name in members:
                raise inner.refused(f"{shown(name)} appears twice")
            members[name] = part, where
    return members


def _rounds(
    argument: Any, place: Place, resolve: Callable[[Any, Place], Any], budget: Budget
) -> list[tuple[Any, Any, Place]]:
    """Return the members that a loop stands for; a loop within it is carried out, too."""
    if not is_list(argument) or len(argument) != 3:  # noqa: PLR2004  see _TAKES
        raise place.refused(f"{_TAKES}, not {shown(argument)}")
    identifier, collection, output = argument
    if not isinstance(identifier, str) or not _NAME.fullmatch(identifier):
        raise place.refused(f"its identifier must be letters and digits, not {shown(identifier)}")
    if not isinstance(output, Mapping):
        raise place.refused(f"{_TAKES}, not {shown(argument)}")
    found: list[tuple[Any, Any, Place]] = []
    for item in _items(resolve(collection, place.at(1)), place):
        replaced = _replaced(output, identifier, item, place, budget)
        for key, (value, _) in expanded(replaced, place.at(2), resolve, budget).items():
            found.append((key, value, place))
    return found


def _items(collection: Any, place: Place) -> list[str]:
    if isinstance(collection, Unknown):
        raise RefusedError([place.unknown(collection, _UNKNOWN)])
    if not is_list(collection):
        raise place.refused(f"its collection must be a list, not {shown(collection)}")
    for item in collection:
        if isinstance(item, Unknown):
            raise RefusedError([place.unknown(item, _UNKNOWN)])
        if scalar_text(item) is None:
            raise place.refused(f"its collection must hold strings, not {shown(item)}")
    return [str(scalar_text(item)) for item in collection]


def _replaced(value: Any, identifier: str, item: str, place: Place, budget: Budget) -> Any:
    """Return a copy of a value with the loop's variable replaced, in keys as well."""
    budget.spend(place)
    if isinstance(value, Mapping):
        if value == {"Ref": identifier}:
            return item
        copy = {}
        for key, part in value.items():
            name = _replaced(key, identifier, item, place, budget)
            if name in copy:
                raise place.refused(f"{shown(name)} appears twice")
            copy[name] = _replaced(part, identifier, item, place, budget)
        return copy
    if is_list(value):
        return [_replaced(part, identifier, item, place, budget) for part in value]
    if isinstance(value, str):
        plain = re.sub("[^A-Za-z0-9]", "", item)
        for mark, text in ((f"${{{identifier}}}", item), (f"&{{{identifier}}}", plain)):
            if mark in value:
                budget.spend(place, len(value) + value.count(mark) * len(text))
                value = value.replace(mark, text)
    return value
