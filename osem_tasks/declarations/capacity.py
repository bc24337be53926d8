"""Settle billing and capacity that only AWS knows: no table can be created without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from osem_tasks.declarations.values import Unknown
from osem_tasks.schema.ignored import READ, WRITE, index_fact

_BILLING = "BillingMode"
_UNITS = "ProvisionedThroughput"
_HALVES = {"ReadCapacityUnits": READ, "WriteCapacityUnits": WRITE}


@dataclass(frozen=True, slots=True)
class Settled:
    """Properties of a table whose billing and capacity are known.

    ``ignored`` names the facts whose value was chosen here and is never judged; ``unmanaged``
    are the properties that were not known, with the reason.
    """

    properties: dict[str, Any]
    ignored: set[str] = field(default_factory=set)
    unmanaged: list[tuple[str, str]] = field(default_factory=list)


def settled(properties: Mapping[str, Any]) -> Settled:
    """Choose on-demand billing, or 1 unit, where the value is known to AWS only."""
    found = Settled(dict(properties))
    mode = found.properties.get(_BILLING)
    if isinstance(mode, Unknown):
        found.properties[_BILLING] = "PAY_PER_REQUEST"
        found.ignored.add("billing")
        found.unmanaged.append((_BILLING, mode.reason))
    on_demand = found.properties.get(_BILLING) == "PAY_PER_REQUEST"
    for path, index, holder in _holders(found.properties):
        units = holder.get(_UNITS)
        if isinstance(mode, Unknown):
            # A mode that is not known explains why there are units.
            holder.pop(_UNITS, None)
        elif isinstance(units, Unknown):
            found.unmanaged.append((path, units.reason))
            holder.pop(_UNITS)
            if not on_demand:
                holder[_UNITS] = dict.fromkeys(_HALVES, 1)
                found.ignored.add(_fact(index, "throughput"))
        elif isinstance(units, Mapping):
            holder[_UNITS] = {**units, **_known_halves(units, path, index, found)}
    return found


def _holders(properties: dict[str, Any]) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    """Yield what has capacity, as copies: the path of its units, its index's name, itself."""
    yield _UNITS, None, properties
    indexes = properties.get("GlobalSecondaryIndexes")
    if not isinstance(indexes, list):
        return
    copies = [dict(index) if isinstance(index, Mapping) else index for index in indexes]
    properties["GlobalSecondaryIndexes"] = copies
    for copy in copies:
        if isinstance(copy, dict) and isinstance(name := copy.get("IndexName"), str):
            yield f"GlobalSecondaryIndexes[{name}].{_UNITS}", name, copy


def _known_halves(
    units: Mapping[str, Any], path: str, index: str | None, found: Settled
) -> dict[str, Any]:
    """Return 1 unit for each half that is not known."""
    chosen = {}
    for half, fact in _HALVES.items():
        value = units.get(half)
        if isinstance(value, Unknown):
            chosen[half] = 1
            found.ignored.add(_fact(index, fact))
            found.unmanaged.append((f"{path}.{half}", value.reason))
    return chosen


def _fact(index: str | None, fact: str) -> str:
    return fact if index is None else index_fact(index, fact)
