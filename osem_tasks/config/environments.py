"""Environments as values: their location, names and protection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from osem_tasks.config.defaults import APPLICATION, ENVIRONMENT_TAG
from osem_tasks.config.naming import ENV, TABLE, Naming, pattern_problem, prefix_problem
from osem_tasks.config.parameters import parameter_problems, texts
from osem_tasks.config.values import sources_of
from osem_tasks.schema.quoting import shown

Where = Literal["local", "aws"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One environment.

    ``region`` is the expected region: another one causes a warning, or an error with
    ``region_strict``. ``account`` pins an AWS account id. ``protected`` refuses every destructive
    task. ``prefix`` and ``table_name`` say how tables are named, only one of them is set; None
    for both means the prefix ``osem-{name}-``. ``application`` is the value of the tag
    Application, ``environment_tag`` that of the tag Environment, in which ``{env}`` is the name;
    a tag with an empty value is omitted. ``parameters`` are values for a template, as strings.
    ``seed`` replaces the general sources of seed items; None keeps them.
    """

    name: str
    where: Where
    region: str | None = None
    region_strict: bool = False
    account: str | None = None
    prefix: str | None = None
    table_name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    deletion_protection: bool | None = None
    point_in_time_recovery: bool | None = None
    seed: tuple[str, ...] | None = None
    application: str = APPLICATION
    environment_tag: str = ENVIRONMENT_TAG

    @property
    def all_tags(self) -> dict[str, str]:
        """All tags of every table; configured tags override the suite's."""
        environment = self.environment_tag.replace(ENV, self.name)
        own = {"Application": self.application, "Environment": environment}
        return {**{key: value for key, value in own.items() if value}, **self.tags}

    @property
    def naming(self) -> Naming:
        """How tables are named unless ``OSEM_DB_PREFIX`` replaces what stands before the name."""
        if self.table_name is not None:
            return Naming.of_pattern(self.table_name, self.name)
        prefix = "osem-{env}-" if self.prefix is None else self.prefix
        return Naming.of_prefix(prefix, self.name)

    @property
    def default_prefix(self) -> str:
        """What stands before table names unless ``OSEM_DB_PREFIX`` overrides it."""
        return self.naming.prefix


_AWS = Environment(name="", where="aws", region="us-east-1")
BUILT_IN: dict[str, Environment] = {
    "local": Environment(name="local", where="local"),
    "test": Environment(name="test", where="local"),
    "dev": replace(_AWS, name="dev"),
    "staging": replace(_AWS, name="staging"),
    "prod": replace(
        _AWS,
        name="prod",
        region_strict=True,
        protected=True,
        deletion_protection=True,
        point_in_time_recovery=True,
    ),
}
# Not keys of an environment: its own name, and what holds for all of them.
_GENERAL = ("name", "application", "environment_tag")
KEYS = tuple(entry.name for entry in fields(Environment) if entry.name not in _GENERAL)
_NAMES = {"prefix": prefix_problem, "table_name": pattern_problem}
_BOOLEANS = ("region_strict", "protected", "deletion_protection", "point_in_time_recovery")


def configured(declared: object) -> tuple[dict[str, Environment], list[str]]:
    """Merge ``osem.environments`` into the built-in environments; return them and the problems.

    ``declared`` may be any value; valid is a mapping of names to mappings of the fields of
    ``Environment``.
    """
    problems: list[str] = []
    known = dict(BUILT_IN)
    if not isinstance(declared, Mapping):
        return known, [f"osem.environments must be a mapping, not {shown(declared)}"]
    for name, values in declared.items():
        where = f"osem.environments.{name}"
        if not isinstance(values, Mapping):
            problems.append(f"{where} must be a mapping, not {shown(values)}")
            continue
        values = _with_pattern(values)  # noqa: PLW2901
        mine = [f"{where}.{problem}" for problem in _problems(values)]
        if name == "prod" and values.get("protected") is False:
            mine.append(f"{where}.protected cannot be lifted: nothing here deletes prod's tables")
        problems += mine
        if mine:
            continue
        base = known.get(str(name), replace(_AWS, name=str(name), region=None))
        known[str(name)] = replace(base, **_normal(values))
    return known, problems


def _with_pattern(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values with a ``name`` that holds ``{table}`` as ``table_name``."""
    if TABLE not in str(values.get("name", "")) or "table_name" in values:
        return values
    return {"table_name" if key == "name" else key: value for key, value in values.items()}


def _problems(values: Mapping[str, Any]) -> list[str]:
    found = []
    for key, value in values.items():
        if key not in KEYS:
            found.append(f"{key} is not known; known are {', '.join(KEYS)}")
        elif key == "where" and value not in ("local", "aws"):
            found.append(f"where must be 'local' or 'aws', not {shown(value)}")
        elif key in _BOOLEANS and not isinstance(value, bool):
            found.append(f"{key} must be true or false, not {shown(value)}")
        elif key == "tags" and not _is_text_mapping(value):
            found.append(f"tags must map strings to strings, not {shown(value)}")
        elif key == "account" and not _is_account(value):
            found.append(
                f"account must be the 12 digits of an account id in quotes, not {shown(value)}"
            )
        elif key == "region" and not isinstance(value, str):
            found.append(f"{key} must be a string, not {shown(value)}")
        elif key in _NAMES and (problem := _NAMES[key](value)):
            found.append(f"{key} {problem}, not {shown(value)}")
    found += parameter_problems(values.get("parameters", {}))
    found += _seed_problems(values.get("seed", ""))
    if values.keys() >= _NAMES.keys():
        found.append("prefix and table_name both say how tables are named; leave one out")
    return found


def _seed_problems(value: object) -> list[str]:
    try:
        sources_of(value)
    except ValueError as error:
        return [f"seed {error}, not {shown(value)}"]
    return []


def _is_text_mapping(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(text, str) for pair in value.items() for text in pair
    )


def _is_account(value: object) -> bool:
    # YAML reads 012345678901 as a number and drops the zero, so only a string is accepted.
    return isinstance(value, str) and re.fullmatch(r"[0-9]{12}", value) is not None


def _normal(values: Mapping[str, Any]) -> dict[str, Any]:
    normal = dict(values)
    if "tags" in normal:
        normal["tags"] = dict(normal["tags"])
    if "parameters" in normal:
        normal["parameters"] = texts(normal["parameters"])
    if "seed" in normal:
        normal["seed"] = sources_of(normal["seed"])
    return normal
