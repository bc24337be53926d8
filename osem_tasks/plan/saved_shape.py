"""Checks a document that claims to be a saved plan, before anything in it is used. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osem_tasks.plan.saved import CHECKSUM, FORMAT, HELD_BACK, IMPOSSIBLE, MARK, RUNS, sealed
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from osem_tasks.plan.saved import Document

# A shape is a type, a tuple of alternatives, a list with the shape of its items, or a mapping with
# the shapes of its members.
_TEXT_OR_NONE = (str, None)
_ANY_FACT = (str, bool, dict, None)
_TARGET = ("environment", "account", "region", "endpoint", "tables", "engine")
_SHAPE: dict[str, Any] = {
    MARK: int,
    "task": str,
    "version": str,
    "written": str,
    "target": {**dict.fromkeys(_TARGET, _TEXT_OR_NONE), "environment": str, "tables": str},
    "options": [str],
    "narrowed": bool,
    "tables": [
        {
            "tableName": str,
            "tableId": _TEXT_OR_NONE,
            "declared": str,
            "live": str,
            "differences": [{"path": str, "expected": _ANY_FACT, "found": _ANY_FACT}],
        }
    ],
    "actions": [
        {
            "tableName": str,
            "action": str,
            "target": str,
            "risk": str,
            "reason": str,
            "requires": [str],
            "state": str,
            "index": (dict, None),
        }
    ],
    CHECKSUM: str,
}
_OPTIONAL = ("creates",)
_WORDS = {str: "a text", int: "a number", bool: "true or false", dict: "an object", None: "null"}
_STATES = (RUNS, HELD_BACK, IMPOSSIBLE)


def checked(content: object, version: str, tasks: Mapping[str, Sequence[str]]) -> Document:
    """Return ``content`` as the document of a plan that this version wrote.

    ``tasks`` are those that write plans, with the options that may be in one.
    Raises ValueError with one sentence for anything else.
    """
    if not isinstance(content, Mapping) or MARK not in content:
        raise ValueError(f"it is no plan of osem_tasks, but {_kind(content)}")
    if content[MARK] != FORMAT or isinstance(content[MARK], bool):
        raise ValueError(
            f"it is a plan of format {shown(content[MARK])}, and osem_tasks {version} reads format "
            f"{FORMAT}"
        )
    if content.get("version") != version and isinstance(content.get("version"), str):
        raise ValueError(
            f"osem_tasks {content['version']} wrote it, and this is osem_tasks {version}"
        )
    document = dict(content)
    if problem := next(_misfits(document, _SHAPE, ""), None):
        raise ValueError(problem)
    if sealed(document)[CHECKSUM] != document[CHECKSUM]:
        raise ValueError("it was changed after it was written: its checksum does not match")
    _check_words(document, tasks)
    return document


def _check_words(document: Document, tasks: Mapping[str, Sequence[str]]) -> None:
    task = document["task"]
    if task not in tasks:
        raise ValueError(f"task is {shown(task)}, and may be {' or '.join(tasks)}")
    for option in document["options"]:
        if option not in tasks[task]:
            raise ValueError(f"options has {shown(option)}, which {task} does not have")
    names = [table["tableName"] for table in document["tables"]]
    if len({*names}) < len(names):
        raise ValueError("tables names a table twice")
    for position, step in enumerate(document["actions"]):
        if step["tableName"] not in names:
            raise ValueError(f"actions[{position}] is about a table that tables does not name")
        if step["state"] not in _STATES:
            raise ValueError(f"actions[{position}].state is {shown(step['state'])}")


def _kind(content: object) -> str:
    if not isinstance(content, Mapping):
        return "a list" if isinstance(content, list) else shown(content)
    if "terraform_version" in content or "planned_values" in content:
        return "a plan or a state of Terraform"
    if "AWSTemplateFormatVersion" in content or "Resources" in content:
        return "a template of CloudFormation"
    names = ", ".join(map(shown, list(content)[:3]))
    return f"an object with {names}" if names else "an empty object"


def _misfits(value: object, shape: Any, path: str) -> Iterator[str]:
    """Yield a sentence for every part of ``value`` that is not of ``shape``."""
    where = path or "the document"
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            yield f"{where} must be an object, not {shown(value)}"
            return
        yield from _misfits_of_members(value, shape, path)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{where} must be a list, not {shown(value)}"
            return
        for position, item in enumerate(value):
            yield from _misfits(item, shape[0], f"{path}[{position}]")
    elif not _fits(value, shape if isinstance(shape, tuple) else (shape,)):
        kinds = shape if isinstance(shape, tuple) else (shape,)
        words = " or ".join(_WORDS[kind] for kind in kinds)
        yield f"{where} must be {words}, not {shown(value)}"


def _misfits_of_members(value: dict[str, Any], shape: dict[str, Any], path: str) -> Iterator[str]:
    before = f"{path}." if path else ""
    for name, part in shape.items():
        if name in value:
            yield from _misfits(value[name], part, f"{before}{name}")
        else:
            yield f"{before}{name} is missing: is the file cut?"
    for name in value:
        if name not in shape and not (path.startswith("actions") and name in _OPTIONAL):
            yield f"{before}{name} is not known in a plan"


def _fits(value: object, kinds: tuple[Any, ...]) -> bool:
    if value is None:
        return None in kinds
    # Python's bool is an int.
    return any(type(value) is kind for kind in kinds if kind)
