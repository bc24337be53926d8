"""What AWS changes in a template before it reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osem_tasks.declarations.values import is_list

TRANSFORM = "Fn::Transform"
TRANSFORMED = f"{TRANSFORM} is carried out by AWS only: what it inserts is not known here"
LANGUAGE = "AWS::LanguageExtensions"


def transforms(template: Mapping[str, Any]) -> list[str]:
    """Return the names of a template's transforms."""
    given = template.get("Transform") or ()
    found = given if is_list(given) else [given]
    return [str(one.get("Name")) if isinstance(one, Mapping) else str(one) for one in found]
