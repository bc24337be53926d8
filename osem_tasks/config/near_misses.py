"""Finds what a configuration file says in nearly the right place. Pure.

Invoke keeps every key that it does not know, because a project may have its own. So a setting
under ``osme`` or at the top level would be passed over in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osem_tasks.config import pyproject
from osem_tasks.config.defaults import DEFAULTS

SECTION = "osem"
EMPTY = "it holds no settings"


def problems(content: Any) -> list[str]:
    """Return what makes the tables others than the file says."""
    if not isinstance(content, Mapping):
        return []
    own = content.get(SECTION)
    found = [
        f"the section {key!r} is not read; it must be named {SECTION!r}"
        for key, value in content.items()
        if key != SECTION and _is_meant(key, value, alone=SECTION not in content)
    ]
    known = own if isinstance(own, Mapping) else {}
    return [*found, *(_misplaced(key) for key in _decisive(content) if key not in known)]


def doubts(content: Any) -> list[str]:
    """Return what is read and has no effect."""
    if content is None or content == {}:
        return [EMPTY]
    if not isinstance(content, Mapping) or SECTION in content:
        return []
    return [_misplaced(key) for key in content if key in DEFAULTS]


def _misplaced(key: str) -> str:
    return (
        f"{key!r} at the top level is not read; indent it below {SECTION!r} "
        f"(if it is a setting of your own, set {SECTION}.{key} as well)"
    )


def _is_meant(key: Any, value: Any, *, alone: bool) -> bool:
    """Return whether a section is ours under another spelling, or with a slip of the keyboard."""
    if not isinstance(key, str):
        return False
    if pyproject.is_near(key):
        return True
    settings = isinstance(value, Mapping) and any(name in DEFAULTS for name in value)
    return alone and settings and is_one_slip(key.casefold(), SECTION)


def is_one_slip(word: str, meant: str) -> bool:
    """Return whether one letter is missing, added, wrong, or has changed places."""
    shorter, longer = sorted((word, meant), key=len)
    if len(longer) - len(shorter) == 1:
        return any(longer[:n] + longer[n + 1 :] == shorter for n in range(len(longer)))
    if len(word) != len(meant):
        return False
    wrong = [n for n, pair in enumerate(zip(word, meant, strict=True)) if len(set(pair)) > 1]
    return len(wrong) == 1 or sorted(word) == sorted(meant)


def _decisive(content: Mapping[Any, Any]) -> list[str]:
    """Return the top-level keys that would decide which tables are meant, if they were read."""
    kinds = {
        "tables": lambda value: isinstance(value, (str, list)),
        "prefix": lambda value: isinstance(value, str),
        "table_name": lambda value: isinstance(value, str),
        "environments": _are_environments,
    }
    return [key for key, fits in kinds.items() if key in content and fits(content[key])]


def _are_environments(value: Any) -> bool:
    from osem_tasks.config.environments import KEYS

    return isinstance(value, Mapping) and any(
        isinstance(one, Mapping) and any(key in KEYS for key in one) for one in value.values()
    )
