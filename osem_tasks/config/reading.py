"""Reads one configuration file, and says what Invoke would not be able to read in it."""

from __future__ import annotations

import locale
from typing import TYPE_CHECKING, Any

from osem_tasks.config import pyproject
from osem_tasks.declarations import parsing

if TYPE_CHECKING:
    from pathlib import Path

# The kinds of file that are no program.
SUFFIXES = (".yaml", ".yml", ".json")
_TAB = "{}: YAML is indented by spaces, never by tabs"
_BOM = "\ufeff"


def content(path: Path) -> Any:
    """Return the content of a file that can be read; None for a program.

    Raises ValueError with the problem on one line.
    """
    if path.suffix == ".py":  # a program, which only Invoke may run
        return None
    return pyproject.read(path) if path.name == pyproject.NAME else parsing.read(path)


def read(path: Path) -> tuple[Any, list[str]]:
    """Return the content of a file, and the problems that Invoke would have with it.

    Invoke does not read a ``pyproject.toml``, so only its own syntax counts.
    """
    if path.suffix == ".py":
        return None, []
    if path.name == pyproject.NAME:
        try:
            return pyproject.read(path), []
        except ValueError as error:
            return None, [str(error)]
    if path.suffix not in SUFFIXES:
        return None, [f"its name must end in {', '.join(SUFFIXES)} or .py"]
    try:
        found = parsing.read(path)
    except ValueError as error:
        told = str(error)
        # libyaml does not say which character it is.
        tab = "cannot start any token" in told and b"\t" in path.read_bytes()
        return None, [_TAB.format(told) if tab else told]
    text = path.read_bytes()
    return found, _encoding_problems(text, path.suffix) or _tab_problems(text, path.suffix)


def _encoding_problems(found: bytes, suffix: str) -> list[str]:
    """Check the encoding: Invoke uses the locale's, and rejects JSON with a byte order mark."""
    try:
        text = found.decode("utf-8")
    except UnicodeDecodeError:
        return ["it is not encoded in UTF-8, which Invoke needs: save it as UTF-8"]
    if suffix == parsing.JSON and text.startswith(_BOM):
        return ["it begins with a byte order mark, which JSON does not allow"]
    encoding = locale.getpreferredencoding(False)
    if text.isascii() or encoding.lower().replace("-", "") == "utf8":
        return []
    return [f"it holds more than ASCII, and the locale reads it as {encoding}: set PYTHONUTF8=1"]


def _tab_problems(found: bytes, suffix: str) -> list[str]:
    """Check what Invoke's own YAML parser says to a file with tabs."""
    import yaml

    if suffix == parsing.JSON or b"\t" not in found:
        return []
    try:
        list(yaml.parse(found, yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else "one line"
        return [_TAB.format(f"it cannot be parsed: {line}")]
    return []
