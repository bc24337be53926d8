"""Parameters and pseudo parameters of a template: which value has a name?

A value comes from ``osem.parameters``, then from the target (region and account), then from
the parameter's default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations.limits import MAX_TEXT
from osem_tasks.declarations.values import (
    NO_VALUE,
    Place,
    RefusedError,
    Unknown,
    is_list,
    scalar_text,
    section,
)
from osem_tasks.schema.quoting import MAX_NAMED, closest, nearest, shown

if TYPE_CHECKING:
    from osem_tasks.declarations.context import Context

PSEUDO = "AWS::"
STACK_NAME = "AWS::StackName"
PSEUDO_PARAMETERS = (
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    STACK_NAME,
    "AWS::URLSuffix",
)
# Partitions by the beginning of a region's name, with the ending of their hosts.
_PARTITIONS = (
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("", "aws", "amazonaws.com"),
)
# Types whose value is a list.
_LIST = re.compile(
    r"CommaDelimitedList|List<.*>|AWS::SSM::Parameter::Value<(CommaDelimited)?List.*>"
)
_STORED = "AWS::SSM::Parameter::Value<"
_NUMBER = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?\s*")


def misspelt(given: Iterable[str], declared: Iterable[str]) -> list[str]:
    """Return a sentence for each given parameter that is a misspelling of a declared one.

    ``declared`` are the parameters of all templates: one that another template has is right.
    """
    given, known = list(given), {*declared, *PSEUDO_PARAMETERS}
    free = sorted(known - set(given))
    found = []
    for name in given:
        pseudo = name.upper().startswith("AWS:")
        words = closest(name, [one for one in free if one.startswith(PSEUDO) == pseudo])
        if name not in known and words:
            found.append(f"osem.parameters.{name} is not a parameter of the template{words}")
    return found


class Parameters:
    """The parameters of one template."""

    def __init__(self, template: Mapping[str, Any], context: Context) -> None:
        self._declared = section(template, "Parameters")
        self._context = context

    def __contains__(self, name: object) -> bool:
        return name in self._declared or name in PSEUDO_PARAMETERS

    @property
    def declared(self) -> tuple[str, ...]:
        """The names of the declared parameters."""
        return tuple(map(str, self._declared))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the declared parameters and of the pseudo parameters."""
        return (*self.declared, *PSEUDO_PARAMETERS)

    def value(self, name: str, place: Place) -> Any:
        """Return a string, a list of strings, NO_VALUE or Unknown. Raises RefusedError."""
        if name.startswith(PSEUDO):
            return self._pseudo(name, place)
        declared = self._declared[name]
        where = f"parameter {shown(name)}"
        if not isinstance(declared, Mapping):
            raise place.refused(f"{where} must be a mapping, not {shown(declared)}")
        kind = str(declared.get("Type", "String"))
        if name in self._context.parameters:
            text: str | None = self._context.parameters[name]
        elif kind.startswith(_STORED):
            return Unknown(
                f"the value of SSM {where} is known to AWS only; osem.parameters can give it", name
            )
        elif "Default" not in declared:
            problem = place.problem(f"{where} has no value: it has no Default", name)
            raise RefusedError([replace(problem, example=_example(declared))])
        else:
            text = _default(declared["Default"])
            if text is None:
                raise place.refused(f"the Default of {where} is {shown(declared['Default'])}")
        return _checked(str(text), kind, declared, place, where)

    def _pseudo(self, name: str, place: Place) -> Any:
        if name == NO_VALUE.value:
            return NO_VALUE
        if name in self._context.parameters:
            return self._context.parameters[name]
        region = self._context.region
        if region:
            _, partition, suffix = next(row for row in _PARTITIONS if region.startswith(row[0]))
            known = {"AWS::Region": region, "AWS::Partition": partition, "AWS::URLSuffix": suffix}
            if name in known:
                return known[name]
        if name == "AWS::AccountId" and self._context.account:
            return self._context.account
        if name not in PSEUDO_PARAMETERS:
            raise place.refused(
                f"{shown(name)} is no pseudo parameter{nearest(name, PSEUDO_PARAMETERS)}"
            )
        return Unknown(f"{name} is known to AWS only; osem.parameters can give it", name)


def _example(declared: Mapping[str, Any]) -> str:
    """Return a value that the parameter's declaration allows, or "" for any."""
    allowed = declared.get("AllowedValues")
    if is_list(allowed) and allowed:
        return scalar_text(allowed[0]) or ""
    number = declared.get("Type") in ("Number", "List<Number>")
    return scalar_text(declared.get("MinValue", 1)) or "" if number else ""


def _default(value: object) -> str | None:
    """Return a default as text; a list of scalars is joined by commas."""
    if is_list(value):
        return None
    return scalar_text(value)


def _checked(text: str, kind: str, declared: Mapping[str, Any], place: Place, where: str) -> Any:
    """Return a parameter's value in its type. Raises RefusedError for one that is not allowed."""
    if len(text) > MAX_TEXT:
        raise place.refused(f"{where} is {len(text):,} characters long")
    parts = [part.strip() for part in text.split(",")] if _LIST.fullmatch(kind) else [text]
    if kind in ("Number", "List<Number>"):
        for part in parts:
            if not _NUMBER.fullmatch(part):
                raise place.refused(f"{where} must be a number, not {shown(part)}")
    allowed = declared.get("AllowedValues")
    if is_list(allowed) and allowed:
        words = [scalar_text(value) for value in allowed]
        for part in parts:
            if part not in words:
                raise place.refused(
                    f"{where} must be one of {', '.join(map(str, words[:MAX_NAMED]))}, not {shown(part)}"
                )
    return parts if _LIST.fullmatch(kind) else text
