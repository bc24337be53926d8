"""The configuration of the collection that was built, for tasks that Invoke calls without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osem_tasks.config.defaults import DEFAULTS

if TYPE_CHECKING:
    from invoke.config import Config


class _Built:
    """The configuration of the last collection that was built."""

    configuration: Mapping[str, Any] = {"osem": DEFAULTS}


def provide(configuration: Mapping[str, Any]) -> None:
    """Set the configuration of tasks that Invoke calls without that of their collection.

    It does so for a pre-task, a post-task, and a task that a project's own task calls.
    """
    _Built.configuration = configuration


def complete(config: Config) -> Config:
    """Return the configuration with that of the collection, if Invoke left it out."""
    given = {key: config.get(key, {}) for key in _Built.configuration}
    known = all(_Built.configuration[key].keys() <= given[key].keys() for key in given)
    if known:
        return config
    complete = config.clone()
    complete.load_collection(over(_Built.configuration, given))
    # Invoke applies variables only to keys that it knows.
    complete.load_shell_env()
    return complete


def over(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Merge ``given`` over ``base``, mapping by mapping."""
    merged = dict(base)
    for key, value in given.items():
        mine = merged.get(key)
        nested = isinstance(mine, Mapping) and isinstance(value, Mapping)
        merged[key] = over(mine or {}, value) if nested else value
    return merged
