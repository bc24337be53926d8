"""Evaluate a template's values: references, functions, conditions, loops.

A value that the template, ``osem.parameters`` and the target do not tell is ``Unknown``; whether
that matters depends on its place, and is decided by who asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations import functions, loops
from osem_tasks.declarations.conditions import MAX_CHAIN, Conditions, Truth
from osem_tasks.declarations.parameters import PSEUDO, Parameters
from osem_tasks.declarations.transforms import LANGUAGE, TRANSFORM, TRANSFORMED, transforms
from osem_tasks.declarations.values import (
    BROKEN,
    NO_VALUE,
    Budget,
    Place,
    Problem,
    RefusedError,
    Unknown,
    is_list,
    section,
)
from osem_tasks.schema.quoting import nearest, shown

if TYPE_CHECKING:
    from osem_tasks.declarations.context import Context

# Functions whose value only AWS knows.
_OF_AWS = ("Fn::GetAtt", "Fn::ImportValue", "Fn::GetAZs", "Fn::Cidr", "Fn::GetStackOutput")
# Functions of evaluated arguments alone.
_PLAIN: dict[str, Callable[[Any, Place], Any]] = {
    "Fn::Select": functions.select,
    "Fn::Split": functions.split,
    "Fn::Length": functions.length,
    "Fn::ToJsonString": functions.to_json,
    "Fn::Base64": functions.base64_text,
}
_LAZY = ("Ref", "Fn::Sub", "Fn::Join", "Fn::FindInMap", "Fn::If")
_OF_CONDITIONS = ("Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not")
_KNOWN = (*_LAZY, *_PLAIN, *_OF_AWS, *_OF_CONDITIONS)
# CloudFormation replaces such a text when it deploys ("{{resolve:ssm:/shop/owner}}").
_DYNAMIC = re.compile(r"\{\{resolve:")


class Evaluator:
    """Evaluates the values of one template. Raises RefusedError for what is wrong in it.

    ``resources`` are the template's resources and their places, loops carried out.
    ``table_name`` returns the name of a table by its resource, for references to it. In the
    ``unmanaged`` properties, mistakes do not matter.
    """

    def __init__(
        self,
        template: Mapping[str, Any],
        context: Context,
        table_name: Callable[[str, Evaluator], Any],
        unmanaged: frozenset[str],
    ) -> None:
        self._unmanaged = unmanaged
        self._live = context.live
        self._budget = Budget()
        self._table_name = table_name
        self._referring: list[str] = []
        self.parameters = Parameters(template, context)
        self._mappings = section(template, "Mappings")
        # A transform may add resources, to which the template refers.
        self._generates = any(name != LANGUAGE for name in transforms(template))
        # Conditions and loops cannot refer to a resource: there is none before they are known.
        self.resources: dict[Any, tuple[Any, Place]] = {}
        # For the same reason, a loop within Conditions cannot use a condition.
        self._conditions = Conditions({}, self.resolve)
        declared = self._expanded(section(template, "Conditions"), Place("", ("Conditions",)))
        conditions = {key: value for key, (value, _) in declared.items()}
        self._conditions = Conditions(conditions, self.resolve)
        self.resources = self._expanded(section(template, "Resources"), Place("", ("Resources",)))

    def of_aws(self, what: str) -> Unknown:
        """Return the value of what only AWS knows."""
        return Unknown(f"{what} is known to AWS only", way=self._live)

    def condition(self, name: Any, place: Place) -> Truth:
        """Return the value of a condition."""
        return self._conditions.value(name, place)

    def resolve(self, value: Any, place: Place) -> Any:
        """Return ``value`` with everything evaluated; NO_VALUE and Unknown may be the result."""
        self._budget.spend(place)
        if isinstance(value, Mapping):
            return self._mapping(value, place)
        if is_list(value):
            return self._elements(value, place)
        if isinstance(value, str) and _DYNAMIC.search(value):
            return self.of_aws(f"the dynamic reference {shown(value)}")
        return value

    def members(
        self, value: Mapping[Any, Any], place: Place
    ) -> tuple[dict[Any, Any], list[Problem]]:
        """Resolve the members of a mapping; one that cannot be evaluated is BROKEN."""
        problems = []
        if TRANSFORM in value:
            problems.append(place.problem(TRANSFORMED))
        elif functions_in := [key for key in value if _is_function(key)]:
            problems.append(place.problem(f"{functions_in[0]} cannot stand here"))
        plain = {key: part for key, part in value.items() if not _is_function(key)}
        found = {}
        for key, (part, inner) in self._expanded(plain, place).items():
            try:
                resolved = self.resolve(part, inner)
            except RefusedError as error:
                resolved = BROKEN
                if key in self._unmanaged:  # nothing here depends on it
                    resolved = Unknown("its value cannot be evaluated")
                else:
                    problems += error.found
            if resolved is not NO_VALUE:
                found[key] = resolved
        return found, problems

    def _mapping(self, value: Mapping[Any, Any], place: Place) -> Any:
        functions_in = [key for key in value if _is_function(key)]
        if len(functions_in) == 1 == len(value) and TRANSFORM not in value:
            (name,) = functions_in
            return self._function(name, value[name], place)
        found, problems = self.members(value, place)
        if problems:
            raise RefusedError(problems)
        return found

    def _expanded(self, mapping: Mapping[Any, Any], place: Place) -> dict[Any, tuple[Any, Place]]:
        return loops.expanded(mapping, place, self.resolve, self._budget)

    def _elements(self, values: Sequence[Any], place: Place) -> list[Any]:
        """Resolve elements; leave out those that are not there, and report all problems at once."""
        found: list[Any] = []
        problems: list[Problem] = []
        for position, part in enumerate(values):
            try:
                found.append(self.resolve(part, place.at(position)))
            except RefusedError as error:
                problems += error.found
        if problems:
            raise RefusedError(problems)
        return [value for value in found if value is not NO_VALUE]

    def _function(self, name: str, argument: Any, place: Place) -> Any:
        if isinstance(argument, Unknown):
            return argument
        own = {
            "Ref": self._reference,
            "Fn::Sub": self._substitute,
            "Fn::Join": self._join,
            "Fn::FindInMap": self._find,
            "Fn::If": self._choose,
        }.get(name)
        if own:
            return own(argument, place)
        if name in _PLAIN:
            return _PLAIN[name](self.resolve(argument, place), place)
        if name in _OF_AWS:
            return self.of_aws(f"{name} {_call(argument)}")
        if name in _OF_CONDITIONS:
            raise place.refused(f"{name} belongs into Conditions")
        raise place.refused(f"{name} is not a function that is known here{nearest(name, _KNOWN)}")

    def _reference(self, name: Any, place: Place) -> Any:
        if not isinstance(name, str):
            raise place.refused(f"Ref takes the name of a parameter, not {shown(name)}")
        if name in self.parameters or name.startswith(PSEUDO):
            return self.parameters.value(name, place)
        if name in self.resources:
            return self._resource(name, place)
        if self._generates:
            return self.of_aws(f"Ref {shown(name)}")
        known = (*self.parameters.names, *map(str, self.resources))
        raise place.refused(
            f"Ref {shown(name)} is neither a parameter nor a resource{nearest(name, known)}"
        )

    def _resource(self, name: str, place: Place) -> Any:
        """Return what a reference to a resource gives: the name of a table, else Unknown."""
        if name in self._referring or len(self._referring) >= MAX_CHAIN:
            raise place.refused(f"the name of resource {shown(name)} depends on itself")
        self._referring.append(name)
        try:
            return self._table_name(name, self)
        finally:
            self._referring.pop()

    def _substitute(self, argument: Any, place: Place) -> Any:
        text, own = (argument, {}) if isinstance(argument, str) else functions.pair(argument)
        if not isinstance(text, str) or not isinstance(own, Mapping):
            raise place.refused(
                f"Fn::Sub takes a string, or [string, mapping], not {shown(argument)}"
            )
        values = {key: self.resolve(part, place) for key, part in own.items()}

        def value_of(name: str) -> Any:
            if name in values:
                return values[name]
            if "." in name:
                return self.of_aws(f"Fn::Sub ${{{name}}}")
            return self._reference(name, place)

        found = functions.substitute(text, value_of, place)
        if isinstance(found, str) and _DYNAMIC.search(found):
            return self.of_aws(f"the dynamic reference {shown(found)}")
        return found

    def _join(self, argument: Any, place: Place) -> Any:
        separator, given = functions.pair(argument)
        parts = self.resolve(given, place)
        if isinstance(parts, Unknown):
            return parts
        if not isinstance(separator, str) or not is_list(parts):
            raise place.refused(f"Fn::Join takes [string, list], not {shown(argument)}")
        return functions.join(separator, parts, place)

    def _find(self, argument: Any, place: Place) -> Any:
        default: tuple[Any, ...] = ()
        if is_list(argument) and len(argument) == 4 and isinstance(argument[3], Mapping):  # noqa: PLR2004  the keys and options
            options, argument = argument[3], argument[:3]
            if set(options) != {"DefaultValue"}:
                raise place.refused(
                    f"Fn::FindInMap takes {{DefaultValue: …}}, not {shown(options)}"
                )
            default = (options["DefaultValue"],)
        keys = self.resolve(argument, place)
        return self.resolve(functions.find_in_map(self._mappings, keys, default, place), place)

    def _choose(self, argument: Any, place: Place) -> Any:
        if not is_list(argument) or len(argument) != 3:  # noqa: PLR2004  condition, then, else
            raise place.refused(f"Fn::If takes [condition, value, value], not {shown(argument)}")
        truth = self.condition(argument[0], place)
        if isinstance(truth, Unknown):
            reason = f"condition {shown(argument[0])} is known to AWS only: {truth.reason}"
            return replace(truth, reason=reason)
        position = 1 if truth else 2
        return self.resolve(argument[position], place)


def _is_function(key: object) -> bool:
    return key == "Ref" or (
        isinstance(key, str) and key.startswith("Fn::") and not loops.is_loop(key)
    )


def _call(argument: Any) -> str:
    """Return the argument of a function as a template's author wrote it."""
    if is_list(argument) and all(isinstance(part, str) for part in argument):
        return shown(".".join(argument))
    return shown(argument)
