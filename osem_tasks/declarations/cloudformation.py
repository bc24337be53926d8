"""Read the tables of CloudFormation and SAM templates, and write tables as a template.

What the template, ``osem.parameters`` and the target tell is evaluated (``intrinsics``). A
value that only AWS knows is refused where a name or a key depends on it; elsewhere the
property is listed as not managed here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations.context import Context
from osem_tasks.declarations.global_table import GLOBAL_TABLE as GLOBAL_TABLE
from osem_tasks.declarations.resources import TABLE as TABLE
from osem_tasks.declarations.resources import read_resources
from osem_tasks.declarations.sam import SIMPLE_TABLE as SIMPLE_TABLE
from osem_tasks.schema.requests import document

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table

_NO_CONTEXT = Context()


def is_template(content: object) -> bool:
    """Return whether a parsed file is a template and not a list of tables."""
    return isinstance(content, Mapping) and "Resources" in content


def read_template(template: Mapping[str, Any], context: Context = _NO_CONTEXT) -> tuple[Table, ...]:
    """Return the tables of a template, in its order. Raises ModelError with every problem."""
    return tuple(read_resources(template, context).tables)


def write_template(tables: Sequence[Table]) -> dict[str, Any]:
    """Return a template with one resource per table; ``read_template`` returns equal tables."""
    resources = {}
    for table in tables:
        properties = document(table)
        stream = properties.get("StreamSpecification")
        if stream:
            if stream.pop("StreamEnabled"):
                properties["StreamSpecification"] = stream
            else:
                del properties["StreamSpecification"]
        encryption = properties.get("SSESpecification")
        if encryption:
            encryption["SSEEnabled"] = encryption.pop("Enabled")
        resources[_logical_id(table.name)] = {
            "Type": TABLE,
            # A deleted stack or a changed key must not delete the data.
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": properties,
        }
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def _logical_id(name: str) -> str:
    """Return a resource name of letters and digits, as CloudFormation requires."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))
