"""Checks the field types of tables that are declared in Python.

A type checker finds the same mistakes, but not every project runs one.
"""

from __future__ import annotations

import functools
import types
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS: dict[Any, str] = {str: "a string", int: "a whole number", bool: "True or False"}


def field_problems(value: Any, where: str = "") -> Iterator[str]:
    """Yield the path of every dataclass field whose value does not match its annotation."""
    kind: Any = type(value)
    hints = _hints(kind)
    for field in fields(value):
        yield from _problems(getattr(value, field.name), hints[field.name], where + field.name)


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    # Only fields: before Python 3.11, ``get_type_hints`` rejects an InitVar.
    annotations = {field.name: field.type for field in fields(kind)}
    names = {"__annotations__": annotations, "__module__": kind.__module__}
    return get_type_hints(type(kind.__name__, (), names))


def _problems(value: Any, hint: Any, where: str) -> Iterator[str]:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        # The model's only unions are optional values.
        if value is not None:
            yield from _problems(value, inner[0], where)
    elif origin is tuple:
        yield from _tuple_problems(value, inner, where)
    elif origin is frozenset:
        yield from _set_problems(value, inner[0], where)
    elif isinstance(hint, type) and is_dataclass(hint):
        if isinstance(value, hint):
            yield from field_problems(value, f"{where}.")
        else:
            yield f"{where} must be {_article(hint.__name__)}, not {shown(value)}"
    else:
        yield from _scalar_problems(value, str if origin is Literal else hint, where)


def _tuple_problems(value: Any, inner: tuple[Any, ...], where: str) -> Iterator[str]:
    if not isinstance(value, (tuple, list)):
        yield f"{where} must be a tuple, not {shown(value)}"
        return
    endless = inner[-1] is Ellipsis
    if not endless and len(value) != len(inner):
        yield f"{where} must be a tuple of {len(inner)}, not {shown(value)}"
        return
    for position, part in enumerate(value):
        yield from _problems(part, inner[0 if endless else position], f"{where}[{position}]")


def _set_problems(value: Any, hint: Any, where: str) -> Iterator[str]:
    if not isinstance(value, (frozenset, set, tuple, list)):
        yield f"{where} must be a set, not {shown(value)}"
        return
    for part in value:
        yield from _problems(part, hint, where)


def _scalar_problems(value: Any, kind: Any, where: str) -> Iterator[str]:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        yield f"{where} must be {_WORDS[kind]}, not {shown(value)}"
    elif kind is str and not _is_writable(value):
        yield f"{where} {shown(value)} holds half a character (a lone surrogate)"


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"
