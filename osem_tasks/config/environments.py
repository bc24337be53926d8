"""Environments as values: their location, names and protection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from osem_tasks.schema.quoting import shown

Where = Literal["local", "aws"]
APPLICATION = "osem-ladders"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One environment.

    ``region`` is the expected region: another one causes a warning, or an error with
    ``region_strict``. ``account`` pins an AWS account id. ``protected`` refuses every destructive
    task. ``prefix`` None means ``osem-{name}-``. ``application`` is the value of the tag
    Application, which is omitted if empty.
    """

    name: str
    where: Where
    region: str | None = None
    region_strict: bool = False
    account: str | None = None
    prefix: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    deletion_protection: bool | None = None
    point_in_time_recovery: bool | None = None
    application: str = APPLICATION

    @property
    def all_tags(self) -> dict[str, str]:
        """All tags of every table; configured tags override the suite's."""
        named = {"Application": self.application} if self.application else {}
        return {**named, "Environment": self.name, **self.tags}

    @property
    def default_prefix(self) -> str:
        """The prefix of table names unless ``OSEM_DB_PREFIX`` overrides it."""
        return f"osem-{self.name}-" if self.prefix is None else self.prefix


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
_KEYS = {e.name: e for e in fields(Environment) if e.name not in ("name", "application")}
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
        mine = [f"{where}.{problem}" for problem in _problems(values)]
        if name == "prod" and values.get("protected") is False:
            mine.append(f"{where}.protected cannot be lifted: nothing here deletes prod's tables")
        problems += mine
        if mine:
            continue
        base = known.get(str(name), replace(_AWS, name=str(name), region=None))
        known[str(name)] = replace(base, **_normal(values))
    return known, problems


def _problems(values: Mapping[str, Any]) -> list[str]:
    found = []
    for key, value in values.items():
        if key not in _KEYS:
            found.append(f"{key} is not known; known are {', '.join(_KEYS)}")
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
        elif key in ("region", "prefix") and not isinstance(value, str):
            found.append(f"{key} must be a string, not {shown(value)}")
    return found


def _is_text_mapping(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(text, str) for pair in value.items() for text in pair
    )


def _is_account(value: object) -> bool:
    # YAML reads 012345678901 as a number and drops the zero, so only a string is accepted.
    return isinstance(value, str) and re.fullmatch(r"[0-9]{12}", value) is not None


def _normal(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: dict(value) if key == "tags" else value for key, value in values.items()}
