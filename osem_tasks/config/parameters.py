"""Reads ``osem.parameters``: values for the parameters of a template, as strings."""

from __future__ import annotations

import re
from collections.abc import Mapping

from osem_tasks.schema.quoting import shown

ACCOUNT = "AWS::AccountId"
_WANTED = "a string, a number, true, false or a list of them"


def parameter_problems(given: object) -> list[str]:
    """Return what is wrong with a value of ``parameters``, as the ends of sentences."""
    if not isinstance(given, Mapping):
        return [f"parameters must map names to values, not {shown(given)}"]
    found = []
    for name, value in given.items():
        text = _text(value)
        if not isinstance(name, str):
            found.append(f"parameters: the name {shown(name)} must be a string")
        elif text is None:
            found.append(f"parameters.{name} must be {_WANTED}, not {shown(value)}")
        elif name == ACCOUNT and not re.fullmatch("[0-9]{12}", text):
            # YAML reads 012345670123 as a number.
            found.append(f"parameters.{name} must be 12 digits in quotes, not {shown(value)}")
    return found


def texts(given: Mapping[str, object]) -> dict[str, str]:
    """Return valid parameters as strings; a list is joined by commas."""
    return {name: text for name, value in given.items() if (text := _text(value)) is not None}


def of_environment(
    general: Mapping[str, str], own: Mapping[str, str], environment: str
) -> dict[str, str]:
    """Return the parameters of an environment; ``{env}`` stands for its name."""
    return {name: text.replace("{env}", environment) for name, text in {**general, **own}.items()}


def _text(value: object) -> str | None:
    from osem_tasks.declarations.values import is_list, scalar_text

    if not is_list(value):
        return scalar_text(value)
    parts = [scalar_text(part) for part in value]
    return None if None in parts else ",".join(map(str, parts))
