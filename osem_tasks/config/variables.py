"""Treats variables with an empty value as unset, and reports the ones that a task ignored.

A script that exports an empty value by mistake (``export OSEM_ENV=$TARGET``) does not mean
the next rule in the precedence. botocore reads some of these variables itself and uses the
empty value, so they are removed from the environment while a task runs.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from osem_tasks.config.settings import NODE_ENV

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping

# The variables that decide if an option is not given; the first one that is set wins.
DECIDING = {
    "env": ("OSEM_ENV", "NODE_ENV"),
    "prefix": ("OSEM_DB_PREFIX",),
    "endpoint": ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    "engine": ("OSEM_LOCAL_ENGINE",),
    "name": ("OSEM_LOCAL_NAME",),
    "image": ("OSEM_LOCAL_IMAGE",),
    "port": ("OSEM_LOCAL_PORT",),
}
_KNOWN = (*(name for names in DECIDING.values() for name in names), "AWS_ENDPOINT_URL_STS")


@contextlib.contextmanager
def empty_as_unset(environment: MutableMapping[str, str]) -> Iterator[frozenset[str]]:
    """Remove the empty variables from ``environment`` while the body runs; yield their names."""
    empty = {
        name: environment.pop(name)
        for name in _KNOWN
        if name in environment and not environment[name].strip()
    }
    try:
        yield frozenset(empty)
    finally:
        for name, value in empty.items():
            environment.setdefault(name, value)


def passed_over(option: str, empty: frozenset[str], variables: Mapping[str, str]) -> list[str]:
    """Return the empty variables that were skipped where ``option`` is not given."""
    found = []
    for name in DECIDING[option]:
        if variables.get(name):
            break
        if name in empty:
            found.append(name)
    return found


def chosen_by(environment: str, option: str, variables: Mapping[str, str]) -> str:
    """Return what chose ``environment``: an ``option``, a variable, or nothing (empty).

    A value of NODE_ENV that names no environment chose nothing: it belongs to other tools.
    """
    if option:
        return option
    if variables.get("OSEM_ENV"):
        return "OSEM_ENV"
    foreign = variables.get("NODE_ENV", "")
    return "NODE_ENV" if NODE_ENV.get(foreign, foreign) == environment else ""


def is_option(chooser: str) -> bool:
    """Return whether what chose an environment is an option, not a variable."""
    return chooser.startswith("--")


def warning(name: str) -> str:
    """Return the warning about a variable that was ignored."""
    return f"{name} is set and empty: it counts as unset."
