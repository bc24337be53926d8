"""Read an untrusted JSON or YAML file within limits of size, depth and time.

This module reads declarations and ``invoke.yaml``. An unusable file causes a message of one
sentence, never a hang, unlimited memory use or a Python error text.
"""

from __future__ import annotations

import errno
import json
import os
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
    from pathlib import Path

JSON = ".json"
# Byte order marks of encodings other than UTF-8; UTF-32 may start like UTF-16.
_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x00\x00\xfe\xff": "UTF-32"}
# Replacements for PyYAML messages that are too technical or incomplete.
_PLAINER = {
    "found unhashable key": "a key must be a string, not a list or a mapping",
    "but found another document": "it holds more than one document",
}
# A problem may quote a tag or an anchor as long as the file.
MAX_WORDS = 200
# Errors from opening something that is not a file, for example a socket.
_NOT_A_FILE = (errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP)


def read(path: Path, *, short_forms: bool = False) -> Any:
    """Return the content of the file: JSON if its name ends in ``.json``, else YAML.

    ``short_forms`` allows CloudFormation's short forms in YAML, like ``!Ref``. Raises
    ValueError with the problem and its place on one line: "it cannot be parsed: line 3: …".
    """
    text = _text(_bytes(path))
    try:
        content = _json(text) if path.suffix == JSON else _yaml(text, short_forms=short_forms)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    except ValueError as error:
        raise ValueError(f"it cannot be parsed: {error}") from error
    _check(content)
    return content


def _bytes(path: Path) -> bytes:
    if "\0" in str(path):
        raise ValueError("it cannot be read: no file's name holds a NUL")
    try:
        # Without O_NONBLOCK, open() blocks on a pipe.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as stream:  # noqa: PTH123  a descriptor has no path
            _refuse_other_than_files(os.fstat(stream.fileno()).st_mode)
            found = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = "it is a pipe or a device" if error.errno in _NOT_A_FILE else error.strerror
        raise ValueError(f"it cannot be read: {reason}") from error
    if len(found) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
    return found


def _refuse_other_than_files(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise ValueError("it cannot be read: it is a pipe or a device")


def _text(found: bytes) -> str:
    for mark, encoding in _OTHER_ENCODINGS.items():
        if found.startswith(mark):
            raise ValueError(f"it is encoded in {encoding}: save it as UTF-8")
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = found.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: it is not UTF-8 text") from error


def _json(text: str) -> Any:
    if not text.strip():
        raise ValueError("it is empty")
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer
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


def _yaml(text: str, *, short_forms: bool) -> Any:
    import yaml

    from osem_tasks.declarations.yaml_loader import Loader, TemplateLoader

    try:
        return yaml.load(text, TemplateLoader if short_forms else Loader)  # noqa: S506  SafeLoaders
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ValueError(f"line {line}: a character that YAML does not allow") from error
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        problem = error.problem or "not YAML"
        raise ValueError(where + _PLAINER.get(problem, problem)[:MAX_WORDS]) from error


def _check(content: object) -> None:
    """Check the limits for every value, and refuse text that UTF-8 cannot encode."""
    level: Sequence[object] = [content]
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
