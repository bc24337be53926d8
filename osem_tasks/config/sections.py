"""Finds values in a configuration file or a variable that would crash Invoke. Pure.

Invoke shows a traceback for a value that it cannot merge or override by a variable. This
module describes each such value in one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from invoke.config import Config

from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "INVOKE_"
# Settings of Invoke that have no default and contain a name.
_NAMES = ("tasks.executor_class", "tasks.search_root")
_WORDS: dict[type, str] = {bool: "true or false", str: "a string", list: "a list"}


def defaults() -> dict[str, Any]:
    """Return the defaults of Invoke's own sections and of ours."""
    return {**Config.global_defaults(), "osem": DEFAULTS}


def problems(content: object) -> list[str]:
    """Return the problems of a file's content, by dotted keys; empty if Invoke can merge it."""
    if content is None:
        return []
    if not isinstance(content, Mapping):
        return ["it must be a mapping, of which 'osem' is one key"]
    return [*_key_problems(content), *_kind_problems(content, defaults())]


def variable_problems(merged: Mapping[str, Any], variables: Mapping[str, str]) -> list[str]:
    """Return problems of ``INVOKE_*`` variables that cannot override a ``merged`` value."""
    found: list[str] = []
    paths: dict[str, str] = {}
    for path, value in _leaves(merged):
        name = PREFIX + path.replace(".", "_").upper()
        if name in paths:
            found.append(
                f"'{paths[name]}' and '{path}' share the variable {name}; {_way_out(path)}"
            )
        paths[name] = path
        if name in variables:
            found += _cast_problems(name, path, value, variables[name])
    return found


def _way_out(path: str) -> str:
    # Attributes have the names that they have.
    masks = path.startswith("osem.mask.")
    return "write the table's rules as a list of mappings" if masks else "rename one"


def _key_problems(content: Mapping[Any, Any], before: str = "") -> Iterator[str]:
    for key, value in content.items():
        if not isinstance(key, str):
            where = f" in '{before.rstrip('.')}'" if before else ""
            yield f"the key {shown(key)}{where} must be a string; put it in quotes"
        if isinstance(value, Mapping):
            yield from _key_problems(value, f"{before}{key}.")


def _kind_problems(
    content: Mapping[str, Any], known: Mapping[str, Any], before: str = ""
) -> Iterator[str]:
    for key, default in known.items():
        if key not in content:
            continue
        value, path = content[key], before + key
        name = path if before else f"'{path}'"
        if path == "osem" and value is None:
            yield "the section 'osem' is empty; indent its settings below it, or leave it out"
        elif isinstance(default, Mapping) != isinstance(value, Mapping):
            no = "" if isinstance(default, Mapping) else "not "
            yield f"{name} must {no}be a mapping, not {shown(value)}"
        elif isinstance(default, Mapping):
            yield from _kind_problems(value, default, f"{path}.")
        elif not path.startswith("osem."):  # settings checks ours, with their ranges
            yield from _value_problems(path, value, default)


def _value_problems(path: str, value: Any, default: Any) -> Iterator[str]:
    expected = str if path in _NAMES and value is not None else type(default)
    if expected in _WORDS and not isinstance(value, expected):
        yield f"{path} must be {_WORDS[expected]}, not {shown(value)}"


def _leaves(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _cast_problems(name: str, path: str, value: Any, text: str) -> Iterator[str]:
    if value is None or isinstance(value, (str, bool, type)):
        return
    if not isinstance(value, (int, float)):
        yield f"{name} cannot replace {path}, which is no text but a {type(value).__name__}"
        return
    try:
        type(value)(text)
    except ValueError:
        yield f"{name} must be a number as {path} is, not {shown(text)}"
