"""The JSON Schemas (draft 2020-12) of what ``--json`` prints: one file for each command.

    schema("verify")     the schema of one document, with the definitions that it refers to
    schema()             the schema of any document: a line of what several tasks print

Only ``osem schema`` and programs that want a schema load this package; no other task does.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

# What all schemas share. It describes no document.
COMMON = "common"
_ANY = "document"
_ENDING = ".json"


def names() -> tuple[str, ...]:
    """Return the values of ``command`` that have a schema, sorted."""
    files = (file.name for file in resources.files(__name__).iterdir())
    found = (name.removesuffix(_ENDING) for name in files if name.endswith(_ENDING))
    return tuple(sorted(name for name in found if name != COMMON))


def schema(command: str | None = None) -> dict[str, Any]:
    """Return the schema of the document of ``command``; without one, that of any document.

    It is complete: what it refers to stands in its ``$defs``. Raises KeyError for a command that
    has no document.
    """
    if command is None:
        return _of_any()
    if command not in names():
        raise KeyError(command)
    return {**_read(command), "$defs": {COMMON: _read(COMMON)}}


def _of_any() -> dict[str, Any]:
    common = _read(COMMON)
    return {
        "$schema": common["$schema"],
        "$id": common["$id"].replace(COMMON, _ANY),
        "title": "Any document of osem_tasks",
        "description": "A line of what --json prints: `command` says which task it is of.",
        "anyOf": [{"$ref": f"{name}{_ENDING}"} for name in names()],
        "$defs": {name: _read(name) for name in (COMMON, *names())},
    }


def _read(name: str) -> dict[str, Any]:
    text = resources.files(__name__).joinpath(f"{name}{_ENDING}").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content
