"""Read the ``resources`` of a ``serverless.yml`` as a CloudFormation template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations.serverless_variables import UnresolvedError, Variables
from osem_tasks.errors import ModelError
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.declarations.context import Context

# What a file of the framework holds beside its resources.
_OTHERS = ("service", "provider", "functions", "plugins", "frameworkVersion", "custom")
_SECTIONS = ("Resources", "Parameters", "Conditions", "Mappings", "Outputs", "Transform")
PACKAGE = (
    "Let the framework resolve it: 'serverless package', then set osem.tables to "
    ".serverless/cloudformation-template-update-stack.json; or give it in osem.parameters"
)


def is_serverless(content: object) -> bool:
    """Return whether a parsed file is a ``serverless.yml``."""
    return (
        isinstance(content, Mapping)
        and "Resources" not in content
        and any(name in content for name in ("service", "provider"))
        and any(name in content for name in ("resources", *_OTHERS[2:]))
    )


def template(content: Mapping[str, Any], folder: Path, context: Context) -> dict[str, Any]:
    """Return the template that the file's ``resources`` make, without variables.

    ``folder`` is where the file is: ``${file(...)}`` is relative to it. Raises ModelError.
    """
    if content.get("resources") is None:
        raise ModelError(["it is a serverless.yml without 'resources', and so without tables"])
    variables = Variables(content, folder, context)
    try:
        resources = variables.resolved(content["resources"])
    except UnresolvedError as error:
        raise ModelError([f"resources: {error}. {PACKAGE}"]) from None
    parts = resources if isinstance(resources, list) else [resources]
    merged: dict[str, Any] = {}
    for part in parts:
        _merge(merged, part)
    return merged if "Resources" in merged else {**merged, "Resources": {}}


def _merge(merged: dict[str, Any], part: Any) -> None:
    """Add the sections of one mapping, as the framework merges a list of them."""
    if not isinstance(part, Mapping):
        raise ModelError([f"resources must be a mapping or a list of mappings, not {shown(part)}"])
    for name, section in part.items():
        held = merged.get(name) or {}
        if name in _SECTIONS and isinstance(section, Mapping) and isinstance(held, Mapping):
            twice = sorted(held.keys() & section.keys())
            if twice and name == "Resources":
                raise ModelError([f"resources: {shown(twice[0])} appears twice"])
            merged[name] = {**held, **section}
        elif section is not None:
            merged[name] = section
