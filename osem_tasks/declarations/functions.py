"""CloudFormation's intrinsic functions on values that are already evaluated. Pure.

Each function takes its arguments and the place of its call, and returns a value. A part that
only AWS knows makes the result unknown. A wrong argument raises RefusedError.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from osem_tasks.declarations.limits import MAX_TEXT
from osem_tasks.declarations.values import (
    Place,
    Problem,
    RefusedError,
    Unknown,
    is_list,
    scalar_text,
)
from osem_tasks.schema.quoting import nearest, shown

# The most keys of a mapping that a message names.
MAX_NAMED = 20
# The length is limited: otherwise every "${" in a text causes a search to the end.
VARIABLE = re.compile(r"\$\{([^}!]{1,256})\}")


def pair(argument: Any) -> tuple[Any, Any]:
    """Return the two parts of an argument; two Nones if it is not a pair."""
    return tuple(argument) if is_list(argument) and len(argument) == 2 else (None, None)  # noqa: PLR2004  a pair


def substitute(text: str, value_of: Callable[[str], Any], place: Place) -> Any:
    """Replace every ``${name}`` of a text; ``${!name}`` stands for the text ``${name}``."""
    values: list[Any] = []
    problems: list[Problem] = []
    for position, piece in enumerate(VARIABLE.split(text)):
        # The pieces at odd positions are the names of variables.
        try:
            values.append(value_of(piece.strip()) if position % 2 else piece.replace("${!", "${"))
        except RefusedError as error:
            problems += error.found
    if problems:
        raise RefusedError(problems)
    return join("", values, place)


def join(separator: Any, parts: Sequence[Any], place: Place) -> Any:
    """Join scalars to a text."""
    if unknown := first_unknown((separator, *parts)):
        return unknown
    texts = [_part(part, place) for part in parts]
    length = sum(map(len, texts)) + len(separator) * max(0, len(texts) - 1)
    if length > MAX_TEXT:
        raise place.refused(f"it would be {length:,} characters long")
    return str(separator).join(texts)


def select(argument: Any, place: Place) -> Any:
    """Return the element of a list at a position, which may be text."""
    position, values = pair(argument)
    for part in (argument, position, values):
        if isinstance(part, Unknown):  # another element of the list may be unknown
            return part
    text = scalar_text(position) or ""
    if not is_list(values) or not re.fullmatch("[0-9]{1,6}", text):
        raise place.refused(f"Fn::Select takes [position, list], not {shown(argument)}")
    if int(text) >= len(values):
        raise place.refused(f"Fn::Select asks for element {text} of a list of {len(values)}")
    return values[int(text)]


def split(argument: Any, place: Place) -> Any:
    """Split a text at every delimiter."""
    delimiter, text = pair(argument)
    if unknown := first_unknown((argument, delimiter, text)):
        return unknown
    text = scalar_text(text)
    if not isinstance(delimiter, str) or not delimiter or text is None:
        raise place.refused(f"Fn::Split takes [delimiter, string], not {shown(argument)}")
    return _limited(text, place).split(delimiter)


def length(argument: Any, place: Place) -> Any:
    """Return the number of a list's elements."""
    if isinstance(argument, Unknown):
        return argument
    if not is_list(argument):
        raise place.refused(f"Fn::Length takes a list, not {shown(argument)}")
    return len(argument)


def to_json(argument: Any, place: Place) -> Any:
    """Return a list or a mapping as JSON text."""
    if unknown := first_unknown((argument,)):
        return unknown
    if not is_list(argument) and not isinstance(argument, Mapping):
        raise place.refused(f"Fn::ToJsonString takes a list or a mapping, not {shown(argument)}")
    return _limited(json.dumps(argument, separators=(",", ":"), default=scalar_text), place)


def base64_text(argument: Any, place: Place) -> Any:
    """Return a text in Base64."""
    if isinstance(argument, Unknown):
        return argument
    text = _limited(_part(argument, place), place)
    return base64.b64encode(text.encode()).decode()


def find_in_map(mappings: Mapping[str, Any], keys: Any, default: Any, place: Place) -> Any:
    """Return the value at three keys; ``default`` is a tuple with the value to take otherwise."""
    if isinstance(keys, Unknown):
        return keys
    if not is_list(keys) or len(keys) != 3:  # noqa: PLR2004  map, first key, second key
        raise place.refused(f"Fn::FindInMap takes a list of three keys, not {shown(keys)}")
    if unknown := first_unknown(keys):
        return unknown
    found: Any = mappings
    for key in keys:
        # YAML reads a key like 111111111111 as a number.
        members = found.items() if isinstance(found, Mapping) else ()
        named = {scalar_text(name): value for name, value in members}
        if scalar_text(key) is None or scalar_text(key) not in named:
            if default:
                return default[0]
            known = nearest(scalar_text(key), list(filter(None, named))[:MAX_NAMED])
            raise place.refused(f"Mappings has no {shown(keys)}{known}")
        found = named[scalar_text(key)]
    return found


def first_unknown(values: Any) -> Unknown | None:
    """Return the first unknown value in nested lists and mappings; None if all are known."""
    for value in values:
        if isinstance(value, Unknown):
            return value
        inner = value.values() if isinstance(value, Mapping) else value if is_list(value) else ()
        if found := first_unknown(inner):
            return found
    return None


def _part(value: Any, place: Place) -> str:
    text = scalar_text(value)
    if text is None:
        raise place.refused(f"{shown(value)} cannot be a part of a string")
    return text


def _limited(text: str, place: Place) -> str:
    if len(text) > MAX_TEXT:
        raise place.refused(f"it would be {len(text):,} characters long")
    return text
