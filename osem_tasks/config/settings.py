"""Reads ``invoke.yaml``'s key ``osem``, variables and options into one typed value.

No other module reads Invoke's configuration or the ``OSEM_*`` variables. All problems are
collected and raised as one ConfigurationError.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from osem_tasks.config import environments, masks, naming, project, pyproject
from osem_tasks.config.defaults import (
    DEFAULT_PREFIX,
    DEFAULTS,
    INVOKE_PREFIX,
    INVOKE_VARIABLES,
    VARIABLES,
    invoke_variable,
)
from osem_tasks.config.general import General
from osem_tasks.config.parameters import parameter_problems, texts
from osem_tasks.config.values import (
    checked_by,
    engine_name,
    one_of,
    pattern_or_empty,
    plain_text,
    port_number,
    seconds,
    sources_of,
    string_list,
    text,
)
from osem_tasks.errors import ConfigurationError
from osem_tasks.schema.quoting import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from osem_tasks.config.environments import Environment
    from osem_tasks.config.project import Sources

T = TypeVar("T")
# OSEM's tables, by their path and their old one, and the seed that belongs to them.
OSEM_TABLES = ("osem_tasks.declarations.osem:TABLES", "osem_tasks.schema.osem:TABLES")
OSEM_SEED = "osem_tasks.data.osem_seed:organisation"
# The most sources of tables that a line names.
MAX_NAMED = 3
# Other tools' names for environments, where they differ from ours.
NODE_ENV = {"development": "dev", "production": "prod"}
REMEDY = "Correct {home}, the variable or the option named above."


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The checked configuration, before a target is chosen.

    ``tables`` are the sources of ``osem.tables``, none if nothing names any; ``declaration``
    checks that. ``seed`` are the sources of ``osem.seed``; ``seed_of`` chooses for an environment.
    ``sources`` says which files the values come from. ``mask`` maps declared tables to pairs of a
    path and a rule; ``mask_key`` is the file of the masking key, ``notes`` that of what ``db.docs``
    tells of the tables; each is empty without one.
    """

    engine: str
    name: str
    image: str
    port: int
    timeout: float
    log: str
    tables: tuple[str, ...]
    environments: Mapping[str, Environment]
    sources: Sources
    ignore: tuple[str, ...] = ()
    mask: Mapping[str, masks.Rules] = field(default_factory=dict)
    mask_key: str = ""
    seed: tuple[str, ...] = ()
    notes: str = ""

    @classmethod
    def read(
        cls,
        configuration: Mapping[str, Any],
        variables: Mapping[str, str],
        *,
        engines: tuple[str, ...],
        sources: Sources | None = None,
    ) -> Settings:
        """Read Invoke's ``osem`` section and the process's variables.

        ``engines`` are the allowed kinds of engine. Paths are relative to the folders of
        ``sources``, without it to the current directory. Raises ConfigurationError with every
        unknown key and invalid value.
        """
        if sources is None:
            sources = project.Sources(project.Project(Path(), None, ()), Path())
        configuration = _with_pattern_in_its_place(configuration)
        reader = _Reader(configuration, variables)
        known, problems = environments.configured(configuration.get("environments", {}))
        general = reader.general()
        settings = cls(
            engine=reader.value("engine", one_of(engines)),
            name=reader.value("name", engine_name),
            image=reader.value("image", text),
            port=reader.value("port", port_number),
            timeout=reader.value("timeout", seconds),
            log=reader.path("log", sources.folder("log")),
            tables=reader.value("tables", sources_of),
            ignore=reader.value("ignore", string_list),
            mask=reader.mask(),
            mask_key=reader.path("mask_key", sources.folder("mask_key")),
            notes=reader.path("notes", sources.folder("notes")),
            seed=reader.value("seed", sources_of),
            environments={
                name: general.applied_to(environment) for name, environment in known.items()
            },
            sources=sources,
        )
        reader.problems += problems
        if reader.problems:
            raise ConfigurationError(reader.problems, remediation=remedy(sources.project))
        return settings

    def declaration(self) -> tuple[tuple[str, ...], Path]:
        """Return the sources of ``osem.tables`` and the folder that they are relative to.

        Raises ConfigurationError, with what to write and where, if no tables are declared.
        """
        if not self.tables:
            raise project.undeclared(self.sources.project, self.sources.default)
        return self.tables, self.sources.folder("tables")

    def seed_of(self, environment: Environment) -> tuple[tuple[str, ...], Path]:
        """Return the sources of an environment's seed, and the folder that they are relative to.

        An environment's own ``seed`` replaces the general one. Raises ConfigurationError, with
        what to write and where, if there is none.
        """
        if environment.seed is not None:
            sources, folder = environment.seed, self.sources.folder("environments")
        else:
            sources, folder = self.seed, self.sources.folder("seed")
            if not sources and len(self.tables) == 1 and self.tables[0] in OSEM_TABLES:
                sources = (OSEM_SEED,)
        if not sources:
            raise project.unseeded(self.sources.project, self.sources.default, environment.name)
        return sources, folder

    def declared_in(self, folder: Path) -> str:
        """Return ``osem.tables`` as ``folder`` names it; files by their paths relative to it."""
        names = [self._named_in(source, folder) for source in self.tables]
        left_out = len(names) - MAX_NAMED
        more = f" and {left_out} more" if left_out > 0 else ""
        return ", ".join(names[:MAX_NAMED]) + more

    def _named_in(self, source: str, folder: Path) -> str:
        if ":" in source:
            return source
        try:
            return os.path.relpath(self.sources.folder("tables") / source, folder)
        except ValueError:  # another drive
            return source

    def environment(self, option: str | None, variables: Mapping[str, str]) -> Environment:
        """Choose by ``--env`` > OSEM_ENV > NODE_ENV > ``local``. Raises ConfigurationError."""
        named = (("--env", option), ("OSEM_ENV", variables.get("OSEM_ENV")))
        for source, name in named:
            if name:
                return self.named(name, source)
        foreign = variables.get("NODE_ENV", "")
        foreign = NODE_ENV.get(foreign, foreign)
        # NODE_ENV belongs to other tools: ignore a value that is not one of our environments.
        return self.environments.get(foreign) or self.environments["local"]

    def named(self, name: str, source: str) -> Environment:
        """Return the environment that ``source`` names. Raises ConfigurationError if there is none."""
        if name not in self.environments:
            known = ", ".join(self.environments)
            meant = closest(name, self.environments)
            raise ConfigurationError(
                [f"{source} names the unknown environment '{name}'; known are {known}{meant}"],
                remediation=f"Use one of: {known}; or declare it under osem.environments.",
            )
        return self.environments[name]


def remedy(found: project.Project | None = None) -> str:
    """Return how to correct a setting of the project, or of any."""
    home = f"{pyproject.NAME} ({pyproject.SECTION})"
    if found is None or found.pyproject is None:
        home = f"{project.NAMES[0]} (key 'osem')"
    return REMEDY.format(home=home)


def _with_pattern_in_its_place(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration with a ``name`` that holds ``{table}`` as ``table_name``.

    ``name`` is the engine's name, and no engine's name has a brace.
    """
    name = configuration.get("name")
    if not isinstance(name, str) or naming.TABLE not in name or configuration.get("table_name"):
        return configuration
    return {**configuration, "name": DEFAULTS["name"], "table_name": name}


@dataclass
class _Reader:
    configuration: Mapping[str, Any]
    variables: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.problems += [
            f"osem.{key} is not known; known are {', '.join(DEFAULTS)}{closest(key, DEFAULTS)}"
            for key in self.configuration
            if key not in DEFAULTS
        ]
        # Invoke ignores a variable whose key it does not know.
        self.problems += [
            f"{name} is not known; known are {', '.join(INVOKE_VARIABLES)}"
            for name in self.variables
            if name.startswith(INVOKE_PREFIX) and name not in INVOKE_VARIABLES
        ]

    def value(self, key: str, check: Callable[[Any], Any]) -> Any:
        variable = VARIABLES.get(key, "")
        source, raw = f"osem.{key}", self.configuration.get(key, DEFAULTS[key])
        if self.variables.get(variable):
            source, raw = variable, self.variables[variable]
        try:
            return check(raw)
        except ValueError as error:
            self.problems.append(f"{source} {error}, not {raw!r}")
            return DEFAULTS[key]

    def path(self, key: str, folder: Path) -> str:
        """Return a path as text; one from a file is relative to that file's ``folder``."""
        value = self.value(key, plain_text)
        names = (VARIABLES.get(key, ""), invoke_variable(key))
        by_shell = any(self.variables.get(name) for name in names)
        if not value or by_shell:
            return str(value)
        return str(folder / os.path.expanduser(value))  # noqa: PTH111  Path raises without a home

    def general(self) -> General:
        """Return the settings that hold for every environment without its own."""
        found = General(
            prefix=self.value("prefix", checked_by(naming.prefix_problem)),
            table_name=self.value("table_name", pattern_or_empty),
            application=self.value("application", plain_text),
            environment_tag=self.value("environment_tag", plain_text),
            parameters=self._parameters(),
        )
        if found.table_name and found.prefix != DEFAULT_PREFIX:
            self.problems.append(
                "osem.prefix and osem.table_name both say how tables are named; leave one out"
            )
        return found

    def mask(self) -> dict[str, masks.Rules]:
        """Return the declared masks, by table."""
        given = self.configuration.get("mask", {})
        found, problems = masks.declared(given)
        self.problems += [f"osem.{problem}" for problem in problems]
        return found

    def _parameters(self) -> dict[str, str]:
        given = self.configuration.get("parameters", {})
        problems = parameter_problems(given)
        self.problems += [f"osem.{problem}" for problem in problems]
        return {} if problems else texts(given)


def option(name: str, value: Any, check: Callable[[Any], T]) -> T:
    """Return the checked value of an option. Raises ConfigurationError with ``check``'s message."""
    try:
        return check(value)
    except ValueError as error:
        raise ConfigurationError(
            [f"{name} {error}, not {value!r}"],
            remediation=f"Correct the value of {name}, then run the command again.",
        ) from error
