"""One call of one task: its console, its configuration, and data for its JSON document."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osem_tasks.config.defaults import DEFAULTS, INVOKE_PREFIX
from osem_tasks.tasks.configuration import complete

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from invoke.context import Context

    from osem_tasks.config.settings import Settings
    from osem_tasks.data.rules import Masks
    from osem_tasks.errors import OsemError
    from osem_tasks.output.console import Console
    from osem_tasks.output.outcome import Outcome

# The key under which local.up stores values for later tasks of the same command line;
# Invoke passes one configuration to all tasks.
SESSION = "osem_session"
NOT_STARTED = "not_started"
NOWHERE = {"environment": None, "region": None, "endpoint": None}


def _name_in_files(configuration: Mapping[str, Any], name: str) -> str | None:
    """Return the engine's name in the configuration files; None if a variable changes it."""
    if os.environ.get(f"{INVOKE_PREFIX}NAME"):
        return None
    return name if configuration.get("name", DEFAULTS["name"]) == name else None


class OwnValues:
    """Marks values that a task stored: a configuration file may have the key, never this class."""


class _Process:
    """What tasks without a program stored: they may have a context each."""

    session: Mapping[str, Any] = {}


@dataclass(kw_only=True)
class Job:
    """One call of one task.

    ``location`` is the target for the JSON document, ``declaration`` the source and the number of
    the declared tables, which the document's ``data`` shows. A body that changes something sets
    ``partial_outcome``, which returns the outcome so far for an error. ``empty_variables``
    are environment variables that are set but empty and count as unset. ``account`` is that of the
    credentials, on AWS. ``masks`` are those that the configuration declares, once the tables are read; None without any. ``alone`` is True if no
    program runs the task, but a script or a test.
    """

    context: Context
    console: Console
    options: Mapping[str, Any]
    dry: bool
    location: dict[str, Any] = field(default_factory=lambda: dict(NOWHERE))
    partial_outcome: Callable[[OsemError | None], Outcome] | None = None
    empty_variables: frozenset[str] = frozenset()
    declaration: dict[str, Any] = field(default_factory=dict)
    account: str | None = None
    alone: bool = False
    masks: Masks | None = None

    def failed(self, error: OsemError) -> Outcome:
        """Return the outcome after ``error``, including the changes before it."""
        from osem_tasks.output.outcome import Outcome

        return self.partial_outcome(error) if self.partial_outcome else Outcome(error=error)

    @functools.cached_property
    def settings(self) -> Settings:
        """The checked configuration. Raises ConfigurationError."""
        from osem_tasks.config import file, variables
        from osem_tasks.config.commands import configure_engine
        from osem_tasks.config.settings import Settings
        from osem_tasks.engines import registry

        configuration, sources = file.of_task(complete(self.context.config))
        settings = Settings.read(
            configuration, os.environ, engines=registry.choices(), sources=sources
        )
        configure_engine(_name_in_files(configuration, settings.name))
        self.console.log_to(settings.log)
        for doubt in sources.warnings:
            self.console.warn(doubt)
        for key in ("engine", "name", "image", "port"):
            if key in self.options and self.options[key] is None:
                for name in variables.passed_over(key, self.empty_variables, os.environ):
                    self.console.warn(variables.warning(name))
        return settings

    @property
    def project(self) -> str | None:
        """The folder of this project, as the record of an engine names it."""
        from osem_tasks.engines import claims

        return claims.text_or_none(str(self.settings.sources.default))

    @property
    def session(self) -> dict[str, Any]:
        """Values that earlier tasks of this command line stored for later ones."""
        stored = self.context.config.get(SESSION)
        if hasattr(stored, "get") and stored.get("mark") is OwnValues:
            return dict(stored)
        started = _Process.session.get("name")
        if not self.alone or not started:
            return {}
        from osem_tasks.engines import records

        # Such a process may go on long after the engine was removed.
        return dict(_Process.session) if records.load(started) else {}

    def remember(self, key: str, value: str) -> None:
        """Store ``value`` for later tasks of this command line."""
        config: Any = self.context.config
        config[SESSION] = {**self.session, "mark": OwnValues, key: value}
        if self.alone:
            _Process.session = self.session
