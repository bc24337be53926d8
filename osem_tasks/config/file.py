"""The project's ``invoke.yaml`` looked at before Invoke does.

Invoke 3 answers a file that it cannot parse or merge with a traceback, and it does so
after it has imported ``tasks.py``: early enough for us to say it better.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from osem_tasks.config.settings import DEFAULTS, INVOKE_PREFIX
from osem_tasks.errors import ConfigurationError

NAMES = ("invoke.yaml", "invoke.yml", "invoke.json")


def section(root: Path) -> dict[str, Any]:
    """The file's part ``osem`` over the defaults, for those who read it without Invoke.

    Raises ConfigurationError.
    """
    found: dict[str, Any] = {}
    for path in (root / name for name in NAMES):
        if path.is_file():
            _refuse(path)
            found = dict((_parse(path) or {}).get("osem") or {})
            break
    return {**DEFAULTS, **found}


def check() -> None:
    """Raise ConfigurationError for a project file that Invoke would stumble over."""
    for path in (project() / name for name in NAMES):
        if path.is_file():
            _refuse(path)


def _refuse(path: Path) -> None:
    problems = _problems(path)
    if problems:
        raise ConfigurationError(
            [f"{path}: {problem}" for problem in problems],
            remediation=f"Correct {path.name}; the README shows an example.",
        )


def project() -> Path:
    """The project's root: the directory of ``tasks.py`` (or of the package ``tasks``), else the current one."""
    file = getattr(sys.modules.get("tasks"), "__file__", None)
    if not file:
        return Path.cwd()
    path = Path(file)
    return path.parent.parent if path.name == "__init__.py" else path.parent


def _problems(path: Path) -> list[str]:
    try:
        content = _parse(path)
    except OSError as error:
        return [f"it cannot be read: {error.strerror}"]
    except ValueError as error:
        return [f"it cannot be parsed: {error}"]
    if content is None:
        return []
    if not isinstance(content, Mapping):
        return ["it must be a mapping, of which 'osem' is one key"]
    section = content.get("osem", {})
    if not isinstance(section, Mapping):
        return [f"'osem' must be a mapping, not {section!r}"]
    return [
        f"osem.{key} must {'' if isinstance(default, Mapping) else 'not '}be a mapping"
        for key, default in DEFAULTS.items()
        if key in section and isinstance(section[key], Mapping) != isinstance(default, Mapping)
    ] + _uncastable(section)


def _uncastable(section: Mapping[str, Any]) -> list[str]:
    """Variables that Invoke could not cast to the type of the value in the file."""
    found = []
    for key, value in section.items():
        name = INVOKE_PREFIX + str(key).upper()
        if isinstance(value, (int, float)) and name in os.environ:
            try:
                type(value)(os.environ[name])
            except ValueError:
                found.append(f"{name} must be a number as osem.{key} is, not {os.environ[name]!r}")
    return found


def _parse(path: Path) -> Any:
    """The file's content. Raises OSError, or ValueError in one line of words."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.loads(text)
    # The very parser that Invoke will use.
    from invoke import util

    yaml: Any = vars(util)["yaml"]
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise ValueError(where + (getattr(error, "problem", None) or "not YAML")) from error
