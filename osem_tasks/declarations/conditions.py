"""The conditions of a template: true, false, or known to AWS only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from osem_tasks.declarations.values import (
    Place,
    RefusedError,
    Unknown,
    is_list,
    scalar_text,
)
from osem_tasks.schema.quoting import nearest, shown

Truth = bool | Unknown
# More than any readable template has; every condition of a chain takes some of Python's stack.
MAX_CHAIN = 50
_FUNCTIONS = ("Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Condition")


class Conditions:
    """Evaluates the conditions of one template, each of them once."""

    def __init__(self, declared: Mapping[str, Any], resolve: Callable[[Any, Place], Any]) -> None:
        self._declared = declared
        self._resolve = resolve
        self._results: dict[str, Truth | RefusedError] = {}
        self._open: list[str] = []

    def value(self, name: Any, place: Place) -> Truth:
        """Return the value of the condition ``name``, which is used at ``place``."""
        if isinstance(name, Unknown):
            return name
        if not isinstance(name, str):
            raise place.refused(f"the name of a condition must be a string, not {shown(name)}")
        if name not in self._declared:
            raise place.refused(
                f"condition {shown(name)} is not in Conditions{nearest(name, self._declared)}"
            )
        if name in self._open:
            raise place.refused(f"condition {shown(name)} depends on itself")
        if len(self._open) >= MAX_CHAIN:
            raise place.refused(f"more than {MAX_CHAIN} conditions depend on each other")
        if name not in self._results:
            self._results[name] = self._first(name)
        found = self._results[name]
        if isinstance(found, RefusedError):
            raise found
        return found

    def _first(self, name: str) -> Truth | RefusedError:
        self._open.append(name)
        try:
            return self._evaluate(
                self._declared[name], Place(f"condition {shown(name)}", ("Conditions", name))
            )
        except RefusedError as error:
            return error
        finally:
            self._open.pop()

    def _evaluate(self, expression: Any, place: Place) -> Truth:
        if isinstance(expression, Unknown):
            return expression
        one = isinstance(expression, Mapping) and len(expression) == 1
        function, argument = next(iter(expression.items())) if one else (None, None)
        if function not in _FUNCTIONS:
            raise place.refused(
                f"it must be one of {', '.join(_FUNCTIONS)}, not {shown(expression)}"
            )
        place = place.at(function)
        if isinstance(argument, Unknown):
            return argument
        if function == "Condition":
            return self.value(argument, place)
        if function == "Fn::Equals":
            return self._equals(argument, place)
        parts = argument if is_list(argument) else None
        least, most = (1, 1) if function == "Fn::Not" else (2, 10)
        if parts is None or not least <= len(parts) <= most:
            count = "one condition" if most == 1 else "2 to 10 conditions"
            raise place.refused(f"{function} takes a list of {count}, not {shown(argument)}")
        values = [self._evaluate(part, place.at(position)) for position, part in enumerate(parts)]
        if function == "Fn::Not":
            return values[0] if isinstance(values[0], Unknown) else not values[0]
        return _combined(values, decisive=function == "Fn::Or")

    def _equals(self, argument: Any, place: Place) -> Truth:
        values = self._resolve(argument, place)
        if isinstance(values, Unknown):
            return values
        if not is_list(values) or len(values) != 2:  # noqa: PLR2004  the two values to compare
            raise place.refused(f"Fn::Equals takes two values, not {shown(argument)}")
        for value in values:
            if isinstance(value, Unknown):
                return value
        left, right = map(_comparable, values)
        return bool(left == right)


def _combined(values: list[Truth], *, decisive: bool) -> Truth:
    """Combine values: one that is ``decisive`` decides, whatever the unknown ones are."""
    if decisive in [value for value in values if isinstance(value, bool)]:
        return decisive
    unknown = [value for value in values if isinstance(value, Unknown)]
    return unknown[0] if unknown else not decisive


def _comparable(value: Any) -> Any:
    """Return a value as CloudFormation compares it: scalars are texts."""
    if is_list(value):
        return [_comparable(part) for part in value]
    text = scalar_text(value)
    return value if text is None else text
