"""Read the tables of CloudFormation and SAM templates.

What the template, ``osem.parameters`` and the target tell is evaluated (``intrinsics``). A
value that only AWS knows is refused where a name or a key depends on it; elsewhere the
property is listed as not managed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations.context import Context
from osem_tasks.declarations.resources import read_resources

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table

_NO_CONTEXT = Context()


def is_template(content: object) -> bool:
    """Return whether a parsed file is a template and not a list of tables."""
    return isinstance(content, Mapping) and "Resources" in content


def read_template(template: Mapping[str, Any], context: Context = _NO_CONTEXT) -> tuple[Table, ...]:
    """Return the tables of a template, in its order. Raises ModelError with every problem."""
    return tuple(read_resources(template, context).tables)
