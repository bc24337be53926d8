"""Attribute values: Python values as DynamoDB JSON, and DynamoDB JSON checked. Pure.

An item is a dict of names to attribute values as the API sends them: ``{"userId": {"S": "1"}}``,
numbers as text, binary as base64 text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal, InvalidOperation
from typing import Any

from osem_tasks.schema.quoting import shown

Value = dict[str, Any]
Item = dict[str, Value]

# DynamoDB's limits for numbers and nesting.
MAX_DIGITS, HIGHEST, LOWEST = 38, 125, -130
# The levels of an attribute, its innermost scalar included.
MAX_DEPTH = 32
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
SETS = {"SS": "S", "NS": "N", "BS": "B"}
TYPES = ("S", "N", "B", "BOOL", "NULL", "M", "L", *SETS)
_HINTS = {
    "datetime": "use a number of milliseconds, or a text by isoformat()",
    "date": "use a text by isoformat()",
    "UUID": "use a text by str()",
}


def of_plain(value: object, path: str = "", depth: int = 0) -> Value:
    """Return a Python value as an attribute value.

    None, bool, str, int, Decimal, bytes, list, tuple, set, frozenset and mappings are known.
    Raises ValueError with the path of what DynamoDB cannot hold, a float included: it is inexact.
    """
    if type(value) is dict:  # first, because the abstract classes below are slow to ask
        return _map_of_plain(value, path, depth)
    if (scalar := _scalar_of_plain(value, path)) is not None:
        return scalar
    if isinstance(value, AbstractSet):
        return _set_of_plain(value, path)
    if isinstance(value, Mapping):
        return _map_of_plain(value, path, depth)
    if isinstance(value, (list, tuple)):
        _check_depth(path, depth)
        return {"L": [of_plain(v, f"{path}[{i}]", depth + 1) for i, v in enumerate(value)]}
    raise ValueError(f"{path}: {_unfit(value)}")


def _scalar_of_plain(value: object, path: str) -> Value | None:
    if isinstance(value, str):
        return {"S": _text(value, path)}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, Decimal)):
        return {"N": _number(value, path)}
    if (binary := _binary(value)) is not None:
        return {"B": base64.b64encode(binary).decode()}
    return {"NULL": True} if value is None else None


def _map_of_plain(value: Mapping[Any, object], path: str, depth: int) -> Value:
    _check_depth(path, depth)
    members = value.items()
    return {"M": {_name(k, path): of_plain(v, _below(path, k), depth + 1) for k, v in members}}


def of_typed(value: object, path: str = "", depth: int = 0) -> Value:
    """Return an attribute value that is written as DynamoDB JSON, checked.

    Raises ValueError with the path of what is none.
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        raise ValueError(f'{path}: {_shown(value)} is no DynamoDB JSON, such as {{"S": "text"}}')
    [(kind, content)] = value.items()
    if kind == "M" and isinstance(content, Mapping):
        _check_depth(path, depth)
        members = content.items()
        return {"M": {_name(k, path): of_typed(v, _below(path, k), depth + 1) for k, v in members}}
    if kind == "L" and isinstance(content, list):
        _check_depth(path, depth)
        return {"L": [of_typed(v, f"{path}[{i}]", depth + 1) for i, v in enumerate(content)]}
    if kind in SETS and isinstance(content, list):
        elements = [_scalar(SETS[kind], element, path) for element in content]
        return {kind: _checked_set(elements, SETS[kind], path)}
    return {str(kind): _scalar(kind, content, path)}


def _scalar(kind: object, content: object, path: str) -> Any:
    """Return the content of a scalar, checked. Raises ValueError."""
    if kind == "S" and isinstance(content, str):
        return _text(content, path)
    if kind == "N" and isinstance(content, str):
        return _number(content, path)
    if kind == "B" and isinstance(content, str):
        return _base64(content, path)
    if (kind == "BOOL" and isinstance(content, bool)) or (kind == "NULL" and content is True):
        return content
    if kind not in TYPES:
        raise ValueError(f"{path}: {_shown(kind)} is no type of DynamoDB: {', '.join(TYPES)}")
    hint = " (a number is written as text)" if kind in ("N", "NS") else ""
    raise ValueError(f"{path}: {_shown(content)} is no content of the type {kind}{hint}")


def _check_depth(path: str, depth: int) -> None:
    if depth + 1 >= MAX_DEPTH:
        short = path if len(path) <= 60 else f"{path[:60]}…"  # noqa: PLR2004
        raise ValueError(f"{short}: it is nested more than {MAX_DEPTH} levels deep")


def _below(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _name(name: object, path: str) -> str:
    if not isinstance(name, str) or not name:
        place = f"{path}: " if path else ""
        raise ValueError(f"{place}the name {_shown(name)} must be a text that is not empty")
    return _text(name, path)


def _text(text: str, path: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{path}: the text holds half a character (a lone surrogate)") from None
    return text


def _number(value: int | Decimal | str, path: str) -> str:
    """Return the text of a number that DynamoDB keeps exactly. Raises ValueError."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError(f"{path}: {_shown(value)} is not a number")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{path}: {_shown(value)} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{path}: {number} is not a number that DynamoDB knows")
    digits = significant(number)
    if digits > MAX_DIGITS:
        raise ValueError(f"{path}: the number has {digits} digits; DynamoDB keeps {MAX_DIGITS}")
    if number and not LOWEST <= number.adjusted() <= HIGHEST:
        raise ValueError(f"{path}: {number} is beyond 1E{LOWEST} to 9.9E+{HIGHEST}")
    return value if isinstance(value, str) else str(number)


def significant(number: Decimal) -> int:
    """Return how many digits are significant."""
    text = str(number).lstrip("-").partition("E")[0].replace(".", "")
    return len(text.strip("0"))


def _binary(value: object) -> bytes | None:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    # boto3's own class around bytes.
    inner = getattr(value, "value", None) if type(value).__name__ == "Binary" else None
    return bytes(inner) if isinstance(inner, (bytes, bytearray)) else None


def _base64(text: str, path: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{path}: {_shown(text)} is not base64") from None
    return text


def _set_of_plain(value: AbstractSet[Any], path: str) -> Value:
    found = [of_plain(element, path) for element in value]
    kinds = sorted({kind for one in found for kind in one})
    if len(kinds) > 1 or (kinds and kinds[0] not in SETS.values()):
        raise ValueError(
            f"{path}: a set holds texts, numbers or bytes, of one type, not {_shown(value)}"
        )
    kind = kinds[0] if kinds else "S"
    # Sorted: the order of a Python set differs from run to run.
    elements = sorted(content for one in found for content in one.values())
    return {f"{kind}S": _checked_set(elements, kind, path)}


def _checked_set(elements: list[str], kind: str, path: str) -> list[str]:
    if not elements:
        raise ValueError(f"{path}: the set is empty, and DynamoDB has no empty sets")
    if len({canonical(kind, element) for element in elements}) < len(elements):
        raise ValueError(f"{path}: the set holds an element twice")
    return elements


def _shown(value: object) -> str:
    return str(value) if isinstance(value, Decimal) else shown(value)


def _unfit(value: object) -> str:
    kind = type(value).__name__
    if isinstance(value, float):
        return f"{value!r} is a float, which is inexact; use an int or a Decimal"
    hint = f"; {_HINTS[kind]}" if kind in _HINTS else ""
    return f"a value of the type {kind} cannot be kept in DynamoDB{hint}"


def canonical(kind: str, content: str) -> object:
    """Return what is equal for contents that DynamoDB takes for one: 1 and 1.0 are one number."""
    if kind == "N":
        return Decimal(content)
    return base64.b64decode(content) if kind == "B" else content
