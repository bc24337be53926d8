"""Reads the section ``[tool.osem]`` of a ``pyproject.toml``.

Invoke does not read that file. A ``pyproject.toml`` without the section is no configuration.
"""

from __future__ import annotations

import codecs
import functools
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations.limits import MAX_BYTES, TOO_DEEP
from osem_tasks.declarations.parsing import MAX_WORDS, beginning, read_text

if TYPE_CHECKING:
    from pathlib import Path

NAME = "pyproject.toml"
SECTION = "[tool.osem]"
# A header or a key with our name in it. Most files have none, and are not parsed.
_LIKELY = re.compile(
    rb"""(?im)^[ \t]*(?:
        \[ .* osem
        | ["']? tool ["']? [ \t]* [.=] .* osem
        | (?P<key> osem[\w-]* | "osem[\w-]*" | 'osem[\w-]*' ) [ \t]* [.=]
    )""",
    re.VERBOSE,
)
_HEADER = re.compile(rb"""(?m)^[ \t]*\[+([\w."' \t-]+)\]+[ \t\r]*(?:\#.*)?$""")
_LONG_TEXTS = (b'"""', b"'''")
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SPELLINGS = ("osem", "osemtasks", "osemtask")


def is_home(folder: Path) -> bool:
    """Return whether the ``pyproject.toml`` in ``folder`` has the section, or may have it.

    A file that cannot be read or parsed may have it, so that reading it reports the problem.
    """
    path = folder / NAME
    if not _is_likely(path):
        return False
    try:
        return "osem" in _tool(_content(path))
    except ValueError:
        return True


def read(path: Path) -> dict[str, Any]:
    """Return the section as ``invoke.yaml`` would hold it: ``{"osem": …}``.

    Raises ValueError with the problem on one line: "it cannot be parsed: line 3 …".
    """
    tool = _tool(_content(path))
    return {"osem": tool["osem"]} if "osem" in tool else {}


def near_misses(folder: Path) -> list[str]:
    """Return the problems of a file that has a section of nearly the right name."""
    path = folder / NAME
    if not _is_likely(path):
        return []
    try:
        content = _content(path)
    except ValueError:  # reading it reports the problem
        return []
    tool = _tool(content)
    if "osem" in tool:
        return []
    near = [f"[{key}]" for key in content if is_near(key)]
    near += [f"[tool.{key}]" for key in tool if is_near(key)]
    return [f"{path}: {name} is not read; it must be named {SECTION}" for name in near]


def is_near(key: str) -> bool:
    """Return whether a section's name is ours, in this or another spelling."""
    return re.sub(r"[^a-z]", "", key.casefold()) in _SPELLINGS


def _is_likely(path: Path) -> bool:
    try:
        found = beginning(path, MAX_BYTES)
    except OSError:
        return True
    for mark in _MARKS:
        found = found.removeprefix(mark)
    text = found.replace(b"\0", b"")
    return any(_may_count(text, match) for match in _LIKELY.finditer(text))


def _may_count(text: bytes, match: re.Match[bytes]) -> bool:
    """Return whether what was found may be ours: a key is so at the top and below ``[tool]``.

    In a text of several lines a line may look like a header, so then every key may be ours.
    """
    if match["key"] is None or any(quotes in text for quotes in _LONG_TEXTS):
        return True
    headers = _HEADER.findall(text, 0, match.start())
    return not headers or headers[-1].strip(b" \t\"'").lower() == b"tool"


def _content(path: Path) -> dict[str, Any]:
    """Return the content of the file. Raises ValueError with the problem on one line."""
    if _begins_with_mark(path):
        raise ValueError(
            "it begins with a byte order mark: save it as plain UTF-8, as TOML needs it"
        )
    return parse(read_text(path))


def _begins_with_mark(path: Path) -> bool:
    try:
        return beginning(path, 3).startswith(_MARKS)
    except OSError:
        return False


@functools.lru_cache(maxsize=4)
def parse(text: str) -> dict[str, Any]:
    """Return the content of a text of TOML. Raises ValueError with the problem on one line."""
    # Imported here: most projects have no section, and Python takes its time to load this.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        content: dict[str, Any] = tomllib.loads(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    except ValueError as error:
        # The message quotes what it found, which may be long.
        words = " ".join(str(error).split())[:MAX_WORDS]
        raise ValueError(f"it cannot be parsed: {words}") from error
    return content


def _tool(content: Mapping[str, Any]) -> Mapping[str, Any]:
    tool = content.get("tool")
    return tool if isinstance(tool, Mapping) else {}
