"""Write tables as a CloudFormation template."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations.export.names import resource_names
from osem_tasks.declarations.shape import TABLE_TYPE
from osem_tasks.schema.requests import document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.schema.model import Table

# CloudFormation's limit for a logical id.
_NAME_LIMIT = 255


def write_template(tables: Sequence[Table]) -> dict[str, Any]:
    """Return a template with one resource per table; ``read_template`` returns equal tables."""
    names = resource_names((table.name for table in tables), _logical_id, _NAME_LIMIT)
    resources = {
        names[table.name]: {
            "Type": TABLE_TYPE,
            # A deleted stack or a changed key must not delete the data.
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": _properties(document(table)),
        }
        for table in tables
    }
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def _properties(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a table where CloudFormation differs from CreateTable."""
    stream = properties.get("StreamSpecification")
    if stream and not stream.pop("StreamEnabled"):
        del properties["StreamSpecification"]
    encryption = properties.get("SSESpecification")
    if encryption:
        encryption["SSEEnabled"] = encryption.pop("Enabled")
    for holder in (properties, *properties.get("GlobalSecondaryIndexes", ())):
        _without_absent_limits(holder)
    return properties


def _without_absent_limits(holder: dict[str, Any]) -> None:
    """Remove the limits of on-demand throughput that are none: CloudFormation refuses -1."""
    limits = holder.pop("OnDemandThroughput", {})
    real = {name: units for name, units in limits.items() if units > 0}
    if real:
        holder["OnDemandThroughput"] = real


def _logical_id(name: str) -> str:
    """Return a resource name of letters and digits, as CloudFormation requires."""
    parts = re.split(r"[^A-Za-z0-9]+", name)
    return "".join(part[:1].upper() + part[1:] for part in parts) or "Table"
