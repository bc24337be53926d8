"""Read the ``resources`` of a ``serverless.yml`` as a CloudFormation template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations.serverless_variables import Variables
from osem_tasks.declarations.values import Place, RefusedError, Unknown
from osem_tasks.errors import ModelError
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.declarations.context import Context

# What a file of the framework holds beside its resources.
_OTHERS = ("service", "provider", "functions", "plugins", "frameworkVersion", "custom")
_SECTIONS = ("Resources", "Parameters", "Conditions", "Mappings", "Transform")
RESOURCES = "resources"
# What changes resources that the framework itself makes, none of which is a table.
_EXTENSIONS = "extensions"


def is_serverless(content: object) -> bool:
    """Return whether a parsed file is a ``serverless.yml``."""
    return (
        isinstance(content, Mapping)
        and "Resources" not in content
        and any(name in content for name in ("service", "provider"))
        and any(name in content for name in (RESOURCES, *_OTHERS[2:]))
    )


def template(
    content: Mapping[str, Any], folder: Path, context: Context
) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the template that the file's ``resources`` make, its variables resolved.

    A value that is not known here is Unknown. The second value are the names that the file asks
    of ``osem.parameters``. ``folder`` is where the file is: ``${file(...)}`` is relative to it. Raises ModelError.
    """
    if content.get(RESOURCES) is None:
        raise ModelError(["it is a serverless.yml without 'resources', and so without tables"])
    variables = Variables(content, folder, context)
    resources = variables.resolved(content[RESOURCES])
    parts = resources if isinstance(resources, list) else [resources]
    merged: dict[str, Any] = {}
    for part in parts:
        _merge(merged, part)
    return {"Resources": {}, **merged}, frozenset(variables.asked)


def _merge(merged: dict[str, Any], part: Any) -> None:
    """Add the sections of one mapping, as the framework merges a list of them."""
    if isinstance(part, Unknown):
        raise RefusedError([Place("", (), (RESOURCES,)).unknown(part)])
    if not isinstance(part, Mapping):
        raise ModelError([f"resources must be a mapping or a list of mappings, not {shown(part)}"])
    for name, section in part.items():
        if name in (_EXTENSIONS, "Outputs"):
            continue
        if isinstance(section, Unknown):
            raise RefusedError([Place("", (), (RESOURCES, name)).unknown(section)])
        held = merged.get(name) or {}
        if name in _SECTIONS and isinstance(section, Mapping) and isinstance(held, Mapping):
            twice = sorted(held.keys() & section.keys())
            if twice and name == "Resources":
                raise ModelError([f"resources: {shown(twice[0])} appears twice"])
            merged[name] = {**held, **section}
        elif section is not None:
            merged[name] = section
