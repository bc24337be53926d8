"""Scalable targets: capacity that Application Auto Scaling moves is not judged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations.values import Place, Unknown
from osem_tasks.schema.ignored import READ, WRITE, index_fact
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osem_tasks.schema.model import Table

SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
_RESOURCE = re.compile(r"table/([^/]+)(?:/index/([^/]+))?")
_DIMENSION = re.compile(r"dynamodb:(table|index):(Read|Write)CapacityUnits")
_FACTS = {"Read": READ, "Write": WRITE}


def scaled_fact(properties: Mapping[str, Any], place: Place) -> tuple[str, str] | Unknown | None:
    """Return the table and the fact that a scalable target moves.

    None: it moves something else than DynamoDB's capacity. Unknown: only AWS knows which table
    it is. Raises RefusedError for a malformed one.
    """
    dimension, resource = properties.get("ScalableDimension"), properties.get("ResourceId")
    if isinstance(dimension, Unknown):
        return dimension
    found = _DIMENSION.fullmatch(str(dimension))
    if not found:
        if properties.get("ServiceNamespace") != "dynamodb":
            return None
        words = "must be dynamodb:table:ReadCapacityUnits or the like"
        raise place.at("ScalableDimension").refused(f"it {words}, not {shown(dimension)}")
    if isinstance(resource, Unknown):
        return resource
    named = _RESOURCE.fullmatch(str(resource))
    if not named or (named[2] is None) != (found[1] == "table"):
        words = "table/NAME/index/INDEX" if found[1] == "index" else "table/NAME"
        raise place.at("ResourceId").refused(f"it must be {words}, not {shown(resource)}")
    fact = _FACTS[found[2]]
    return named[1], fact if named[2] is None else index_fact(named[2], fact)


def is_fact_of(fact: str, table: Table) -> bool:
    """Return whether ``table`` has provisioned capacity of that name."""
    known: Sequence[str] = [READ, WRITE]
    indexes = [index_fact(index.name, f) for index in table.global_indexes for f in (READ, WRITE)]
    return table.billing == "PROVISIONED" and fact in (*known, *indexes)
