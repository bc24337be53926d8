"""Items as lines of a file: ``{"Item": {...}}``, exact for every type. Pure.

An item in memory is DynamoDB JSON as the wire has it: ``{"name": {"S": "x"}}``, numbers as text,
binary as base64 text. Nothing becomes a Python number, so that 38 digits stay 38 digits.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

    from osem_tasks.schema.model import Key

Value = dict[str, Any]
Item = dict[str, Value]
# AWS allows 32 levels below an attribute.
MAX_DEPTH = 32
# An item of 400 KB is longer as JSON: a list of NULLs has 13 times its size. No request to
# DynamoDB may be longer than this.
MAX_LINE = 16 * 1024 * 1024
# A sum of digests is one of 128 bits.
DIGEST_BITS = 128
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_EXACT = Context(prec=64)


class CodecError(ValueError):
    """A text that is no item; the message says why, as the end of a sentence."""


def encode(item: Item) -> str:
    """Return the line of ``item``, with its end of line."""
    return f'{{"Item":{encode_item(item)}}}\n'


def encode_item(item: Item) -> str:
    """Return ``item`` as JSON text without the word Item around it; UTF-8 can hold it."""
    text = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
    try:
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:
        # An emulator may hold half a surrogate pair: it stays as it is, escaped.
        return json.dumps(item, separators=(",", ":"))
    return text


def decode(line: bytes | str) -> Item:
    """Return the item of a line. Raises CodecError.

    What DynamoDB would refuse without naming the line is refused here: unknown types, numbers
    that are none, binary that is not base64, empty sets, text that UTF-8 cannot hold.
    """
    if len(line) > MAX_LINE:
        raise CodecError(f"is longer than {MAX_LINE:,} bytes")
    try:
        found = json.loads(line, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise CodecError("is not UTF-8") from error
    except RecursionError as error:
        raise CodecError("is nested too deeply") from error
    except ValueError as error:
        raise CodecError("is no JSON") from error
    if not isinstance(found, dict) or not isinstance(found.get("Item"), dict):
        raise CodecError('has no item: {"Item": {...}}')
    item: Item = found["Item"]
    check(item)
    return item


def check(item: Item) -> None:
    """Raise CodecError unless ``item`` is a map of attribute values."""
    for name, value in item.items():
        problem = _problem(value, 0) or _text_problem(name)
        if problem:
            shown = name if len(name) <= MAX_DEPTH else f"{name[:MAX_DEPTH]}..."
            raise CodecError(f"has an attribute {shown!r} that {problem}")


def key_of(item: Item, key: Key) -> str:
    """Return the key of ``item`` as a text that equal keys share.

    Raises CodecError if an attribute of ``key`` is missing, of another type, or empty.
    """
    parts = []
    for attribute in key.attributes:
        value = item.get(attribute.name)
        if value is None:
            raise CodecError(f"has no key attribute {attribute.name}")
        if attribute.type not in value:
            found = next(iter(value), "nothing")
            raise CodecError(
                f"has a key attribute {attribute.name} of type {found}, not {attribute.type}"
            )
        if not value[attribute.type]:
            raise CodecError(f"has an empty key attribute {attribute.name}")
        parts.append(_CANONICAL[attribute.type](value[attribute.type]))
    return json.dumps(parts)


def canonical(item: Item) -> str:
    """Return a text that items share if and only if DynamoDB holds them equal.

    The order of attributes, of map keys and of the elements of a set does not matter, nor how a
    number is written.
    """
    return json.dumps({name: _canonical(value) for name, value in item.items()}, sort_keys=True)


def digest(item: Item) -> int:
    """Return a digest of an item; the sum over a table does not depend on the order of its items.

    Add them modulo ``2 ** DIGEST_BITS``.
    """
    found = hashlib.blake2b(canonical(item).encode(), digest_size=DIGEST_BITS // 8)
    return int.from_bytes(found.digest(), "big")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _problem(value: Any, depth: int) -> str:
    """Return what is wrong with an attribute value, or an empty text."""
    if not isinstance(value, dict) or len(value) != 1:
        return "is no value with one type"
    ((kind, content),) = value.items()
    if kind in _CHECKS:
        return _CHECKS[kind](content)
    if kind not in {"M", "L"}:
        return f"has the unknown type {kind[:MAX_DEPTH]!r}"
    if depth >= MAX_DEPTH:
        return f"is nested more than {MAX_DEPTH} deep"
    return _nested_problem(kind, content, depth)


def _nested_problem(kind: str, content: Any, depth: int) -> str:
    if kind == "L":
        if not isinstance(content, list):
            return "has a list that is none"
        return next(filter(None, (_problem(part, depth + 1) for part in content)), "")
    if not isinstance(content, dict):
        return "has a map that is none"
    problems = (_text_problem(name) or _problem(part, depth + 1) for name, part in content.items())
    return next(filter(None, problems), "")


def _text_problem(content: Any) -> str:
    if not isinstance(content, str):
        return "has a text that is none"
    try:
        content.encode()
    except UnicodeEncodeError:
        return "holds a character that UTF-8 does not have"
    return ""


def _number_problem(content: Any) -> str:
    if isinstance(content, str) and _NUMBER.fullmatch(content):
        return ""
    return "has a number that is none (numbers are texts in DynamoDB JSON)"


def _binary_problem(content: Any) -> str:
    try:
        base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return "has a binary value that is not base64"
    return "" if isinstance(content, str) else "has a binary value that is not base64"


def _set_of(check_member: Callable[[Any], str]) -> Callable[[Any], str]:
    def problem(content: Any) -> str:
        if not isinstance(content, list) or not content:
            return "has a set that is empty or none"
        return next(filter(None, map(check_member, content)), "")

    return problem


def _bool_problem(content: Any) -> str:
    return "" if isinstance(content, bool) else "has a boolean that is none"


def _null_problem(content: Any) -> str:
    return "" if content is True else "has a NULL that is not true"


_CHECKS: dict[str, Callable[[Any], str]] = {
    "S": _text_problem,
    "N": _number_problem,
    "B": _binary_problem,
    "BOOL": _bool_problem,
    "NULL": _null_problem,
    "SS": _set_of(_text_problem),
    "NS": _set_of(_number_problem),
    "BS": _set_of(_binary_problem),
}


def _number(text: str) -> str:
    try:
        found = _EXACT.normalize(Decimal(text))
    except ArithmeticError:
        # Beyond what any database holds; DynamoDB refuses it by its own words.
        return text
    return "0" if not found else str(found)


def _binary(text: str) -> str:
    return base64.b64encode(base64.b64decode(text)).decode()


_CANONICAL: dict[str, Callable[[str], str]] = {"S": str, "N": _number, "B": _binary}


def _canonical(value: Any) -> Any:
    if not isinstance(value, dict) or len(value) != 1:
        return ["", value]  # what only an emulator answers
    ((kind, content),) = value.items()
    if kind in _CANONICAL:
        return [kind, _CANONICAL[kind](content)]
    if kind == "M":
        return [kind, {name: _canonical(part) for name, part in content.items()}]
    if kind == "L":
        return [kind, [_canonical(part) for part in content]]
    if kind in {"SS", "NS", "BS"}:
        return [kind, sorted({_CANONICAL[kind[0]](part) for part in content})]
    return [kind, content]
