"""Reads the configuration files with limits, and checks them before Invoke reads them.

Invoke 3 shows a traceback for a file that it cannot read, parse or merge. It reads the
project's file after it imports ``tasks.py``, so that a better message is possible. It reads
the user's file (``~/.invoke.yaml``) earlier, except in ``osem``.
"""

from __future__ import annotations

import importlib
import locale
import os
import sys
from pathlib import Path
from typing import Any

from osem_tasks.config.settings import DEFAULTS
from osem_tasks.declarations import parsing
from osem_tasks.errors import ConfigurationError

SUFFIXES = (".yaml", ".yml", ".json")
NAMES = tuple(f"invoke{suffix}" for suffix in SUFFIXES)
RUNTIME = "INVOKE_RUNTIME_CONFIG"
_BOM = "\ufeff"


def section(root: Path) -> dict[str, Any]:
    """Return the file's section ``osem`` merged over the defaults, for callers without Invoke.

    Raises ConfigurationError.
    """
    paths = [path for path in (root / name for name in NAMES) if path.is_file()][:1]
    found = _checked(paths)
    return {**DEFAULTS, **found["osem"]}


def check(runtime: str | None = None) -> None:
    """Raise ConfigurationError for a file or a variable that would crash Invoke.

    ``runtime`` is the file given with ``-f``; without it the variable INVOKE_RUNTIME_CONFIG
    counts.
    """
    runtime = os.environ.get(RUNTIME) if runtime is None else runtime
    if runtime == "":
        raise ConfigurationError(
            [f"-f or {RUNTIME} is empty, and Invoke takes that for the name of a file"],
            remediation=f"unset {RUNTIME}",
        )
    levels = ("/etc/invoke", _expanded("~/.invoke"), str(project() / "invoke"))
    files = [first for level in levels if (first := _first(level))]
    merged = _checked([*files, *([Path(_expanded(runtime))] if runtime else [])])
    _check_executor(merged["tasks"]["executor_class"])


def _expanded(path: str) -> str:
    return os.path.expanduser(path)  # noqa: PTH111  Path raises where there is no home


def _check_executor(name: str | None) -> None:
    """Refuse an executor class that Invoke could not import."""
    if name is None:
        return
    module, _, attribute = name.rpartition(".")
    try:
        getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            [f"tasks.executor_class is {name!r}, which cannot be imported: {error}"],
            remediation="Leave tasks.executor_class out, or name a class as 'package.module.Class'.",
        ) from error


def project() -> Path:
    """Return the directory with ``tasks.py`` or the package ``tasks``, else the current one."""
    file = getattr(sys.modules.get("tasks"), "__file__", None)
    if not file:
        return _current()
    path = Path(file)
    return path.parent.parent if path.name == "__init__.py" else path.parent


def _current() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise ConfigurationError(
            [f"the current directory cannot be read: {error.strerror}"],
            remediation="Change to the project's directory, then run the command again.",
        ) from error


def _first(level: str) -> Path | None:
    """Return the file of a level that Invoke reads: the first that exists, of any type."""
    paths = (Path(level + suffix) for suffix in SUFFIXES)
    return next((path for path in paths if os.path.lexists(path) and not _dangles(path)), None)


def _dangles(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:  # it exists, and reading it reports the problem
        return False
    return False


def _checked(paths: list[Path]) -> dict[str, Any]:
    """Merge the files over the defaults. Raises ConfigurationError with every problem."""
    from invoke.config import AmbiguousMergeError, copy_dict, merge_dicts

    from osem_tasks.config import sections

    merged = copy_dict(sections.defaults())
    problems: list[str] = []
    for path in paths:
        content, mine = _read(path)
        mine = mine or sections.problems(content)
        try:
            if not mine:
                merge_dicts(merged, content)
        except AmbiguousMergeError:
            mine = ["it has a mapping where another configuration file has none, or none for one"]
        problems += [f"{path}: {problem}" for problem in mine]
    problems = problems or sections.variable_problems(merged, os.environ)
    if problems:
        names = ", ".join(path.name for path in paths) or "the variable"
        raise ConfigurationError(
            problems, remediation=f"Correct {names}; the README shows an example."
        )
    return merged


def _read(path: Path) -> tuple[Any, list[str]]:
    """Return the content of a file, and the problems that Invoke would have with it."""
    if path.suffix == ".py":  # a program, which only Invoke may run
        return None, []
    if path.suffix not in SUFFIXES:
        return None, [f"its name must end in {', '.join(SUFFIXES)} or .py"]
    try:
        content = parsing.read(path)
    except ValueError as error:
        return None, [str(error)]
    return content, _encoding_problems(path)


def _encoding_problems(path: Path) -> list[str]:
    """Check the encoding: Invoke uses the locale's, and rejects JSON with a byte order mark."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == parsing.JSON and text.startswith(_BOM):
        return ["it begins with a byte order mark, which JSON does not allow"]
    encoding = locale.getpreferredencoding(False)
    if text.isascii() or encoding.lower().replace("-", "") == "utf8":
        return []
    return [f"it holds more than ASCII, and the locale reads it as {encoding}: set PYTHONUTF8=1"]
