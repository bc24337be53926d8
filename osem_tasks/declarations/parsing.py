"""Read an untrusted JSON or YAML file within limits of size, depth and time.

JSON is also valid YAML, but much faster to read, and may hold tabs. So text that looks like
JSON is read as JSON first, whatever the file's name is.

This module reads declarations and ``invoke.yaml``. An unusable file causes a message of one
sentence, never a hang, unlimited memory use or a Python error text.
"""

from __future__ import annotations

import codecs
import errno
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from osem_tasks.declarations.limits import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_VALUES,
    TOO_DEEP,
    TOO_MANY,
)
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

JSON = ".json"
# Byte order marks and their encodings: UTF-32's begins like UTF-16's, so it comes first.
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# How JSON begins, and no other YAML in use: a mapping with a quoted key, or a list of mappings.
_LIKE_JSON = re.compile(r'\s*(\{\s*"|\[\s*[\[{"]|\{\s*\}|\[\s*\])')
# Replacements for PyYAML messages that are too technical or incomplete.
_PLAINER = {
    "found unhashable key": "a key must be a string, not a list or a mapping",
    "exceeded maximum nesting depth": TOO_DEEP,
    "found invalid Unicode character escape code": "an escape names no character, or holds half a "
    "character (a lone surrogate)",
}
# A problem may quote a tag or an anchor as long as the file.
MAX_WORDS = 200
# Errors from opening something that is not a file, for example a socket.
_NOT_A_FILE = (errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP)


def read(path: Path) -> Any:
    """Return the content of a file of JSON or YAML that holds one document.

    Raises ValueError with the problem and its place on one line: "it cannot be parsed: line 3: …".
    """
    contents = read_documents(path)
    if len(contents) > 1:
        raise ValueError(f"it holds {len(contents)} YAML documents, and may hold one")
    return contents[0] if contents else None


def read_documents(path: Path, *, short_forms: bool = False) -> list[Any]:
    """Return the content of every document of a file: JSON if its name ends in ``.json``.

    JSON has one document; YAML has as many as ``---`` divides, without empty ones.
    ``short_forms`` allows CloudFormation's short forms in YAML, like ``!Ref``.
    Raises ValueError as ``read`` does.
    """
    return parse(read_text(path), short_forms=short_forms, json_only=path.suffix == JSON)


def read_text(path: Path) -> str:
    """Return the text of a file. Raises ValueError as ``read`` does."""
    return text_of(read_bytes(path))


def beginning(path: Path, size: int) -> bytes:
    """Return the first ``size`` bytes of a file; empty for what is no regular file. Raises OSError."""
    if not os.path.isfile(path):  # noqa: PTH113  a pipe would block, and Path raises
        return b""
    with path.open("rb") as stream:
        return stream.read(size)


def parse(
    text: str, *, short_forms: bool = False, json_only: bool = False, exact: bool = False
) -> list[Any]:
    """Return the content of every document of a text. Raises ValueError as ``read`` does.

    With ``exact``, numbers are Decimals as written, and YAML reads as JSON does (``ExactLoader``).
    """
    try:
        contents = (
            [_json(text, exact=exact)]
            if json_only
            else _any(text, short_forms=short_forms, exact=exact)
        )
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    except ValueError as error:
        raise ValueError(f"it cannot be parsed: {error}") from error
    _check(contents)
    return contents


def read_bytes(path: Path, most: int = MAX_BYTES) -> bytes:
    """Return the content of a file of ``most`` bytes. Raises ValueError as ``read`` does."""
    if "\0" in str(path):
        raise ValueError("it cannot be read: no file's name holds a NUL")
    try:
        # Without O_NONBLOCK, open() blocks on a pipe.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as stream:  # noqa: PTH123  a descriptor has no path
            _refuse_other_than_files(os.fstat(stream.fileno()).st_mode)
            found = stream.read(most + 1)
    except OSError as error:
        reason = "it is a pipe or a device" if error.errno in _NOT_A_FILE else error.strerror
        raise ValueError(f"it cannot be read: {reason}") from error
    if len(found) > most:
        raise ValueError(f"it has more than {most:,} bytes")
    return found


def _refuse_other_than_files(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise ValueError("it cannot be read: it is a pipe or a device")


def text_of(found: bytes) -> str:
    """Return the text of a file's content. Raises ValueError as ``read`` does."""
    encoding = next((name for mark, name in _ENCODINGS if found.startswith(mark)), "utf-8")
    try:
        return found.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        if encoding != "utf-8":
            raise ValueError(f"it begins as {name} text, but is none: save it as UTF-8") from error
        line = found.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: it is not UTF-8 text: save it as UTF-8") from error


def _any(text: str, *, short_forms: bool, exact: bool) -> list[Any]:
    """Return the documents of a text in JSON or YAML."""
    wrong: ValueError | None = None
    if _LIKE_JSON.match(text):
        try:
            return [_json(text, exact=exact)]
        except ValueError as error:
            wrong = error
    try:
        return _yaml(text, short_forms=short_forms, exact=exact)
    except ValueError as error:
        # In a text like JSON, an error in terms of YAML misleads.
        raise (wrong or error) from error


def _json(text: str, *, exact: bool = False) -> Any:
    if not text.strip():
        raise ValueError("it is empty")
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_decimal if exact else _integer,
            parse_float=_decimal if exact else None,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise ValueError(f"{where}: {error.msg}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {shown(twice)} appears twice in one object")
    return found


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number that JSON knows")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"the number {digits[:20]}… has too many digits")
    return int(digits)


def _decimal(digits: str) -> Decimal:
    from decimal import Decimal, InvalidOperation

    if len(digits) > MAX_DIGITS:
        raise ValueError(f"the number {digits[:20]}… has too many digits")
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError(f"{digits} is beyond all numbers") from None


def _yaml(text: str, *, short_forms: bool, exact: bool) -> list[Any]:
    import yaml

    from osem_tasks.declarations.yaml_loader import ExactLoader, Loader, TemplateLoader

    loader = ExactLoader if exact else TemplateLoader if short_forms else Loader
    try:
        return [content for content in yaml.load_all(text, loader) if content is not None]
    except yaml.reader.ReaderError as error:
        line = _line_of(text, error.position)
        raise ValueError(f"line {line}: a character that YAML does not allow") from error
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        problem = error.problem or "not YAML"
        raise ValueError(where + _PLAINER.get(problem, problem)[:MAX_WORDS]) from error


def _line_of(text: str, position: int) -> int:
    """Return the line of a position; libyaml counts bytes, PyYAML characters."""
    return text.encode()[:position].count(b"\n") + 1


def _check(contents: list[Any]) -> None:
    """Check the limits for every value, and refuse text that UTF-8 cannot encode."""
    level: Sequence[object] = contents
    left, depth = MAX_VALUES, 0
    while level:
        left, depth = left - len(level), depth + 1
        if left < 0:
            raise ValueError(TOO_MANY)
        if depth > MAX_DEPTH:
            raise ValueError(TOO_DEEP)
        for value in level:
            _refuse_half_characters(value)
        level = [part for value in level for part in _parts(value)]


def _parts(value: object) -> Sequence[object]:
    if isinstance(value, Mapping):
        return [*value, *value.values()]
    if isinstance(value, (list, tuple, set)):
        return list(value)
    return []


def _refuse_half_characters(value: object) -> None:
    try:
        if isinstance(value, str):
            value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"it holds half a character (a lone surrogate): {shown(value)}") from error
