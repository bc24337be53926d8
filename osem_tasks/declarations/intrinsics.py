"""Resolve CloudFormation's intrinsic functions whose values are in the template.

It supports ``Ref`` to a parameter with a default, ``Fn::Sub``, ``Fn::Join`` and
``Fn::FindInMap``. All others are reported as problems.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NoReturn

from osem_tasks.declarations.limits import MAX_TEXT, MAX_VALUES
from osem_tasks.errors import ModelError
from osem_tasks.schema.quoting import shown

# The length is limited: otherwise every "${" in a text causes a search to the end.
_VARIABLE = re.compile(r"\$\{([^}!]{1,256})\}")
_NAMES = ("Ref", "Condition")


def is_list(value: object) -> bool:
    """Return whether a value is a list; a string is not."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


class Resolver:
    """Replaces intrinsic functions with their values. Raises ModelError if there is no value.

    Use one resolver per template: it counts the values that it builds, because a short
    template may expand to more than fits in memory.
    """

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._parameters = _section(template, "Parameters")
        self._mappings = _section(template, "Mappings")
        self._left = MAX_VALUES

    def resolve(self, value: Any, where: str) -> Any:
        """Return ``value`` without intrinsic functions; ``where`` starts a problem's text."""
        self._left -= 1
        if self._left < 0:
            _refuse(where, f"the template stands for more than {MAX_VALUES:,} values")
        if isinstance(value, Mapping):
            if len(value) == 1:
                name, argument = next(iter(value.items()))
                if name in _NAMES or str(name).startswith("Fn::"):
                    return self._intrinsic(str(name), argument, where)
            return {key: self.resolve(part, where) for key, part in value.items()}
        if is_list(value):
            return [self.resolve(part, where) for part in value]
        return value

    def _intrinsic(self, name: str, argument: Any, where: str) -> Any:
        if name == "Ref":
            return self._reference(argument, where)
        if name == "Fn::Sub":
            return self._substitute(argument, where)
        if name == "Fn::Join":
            return self._join(argument, where)
        if name == "Fn::FindInMap":
            return self._find(argument, where)
        raise ModelError([f"{where}: {name} cannot be resolved from the template alone"])

    def _reference(self, name: Any, where: str) -> Any:
        if not isinstance(name, str):
            _refuse(where, f"Ref takes the name of a parameter, not {shown(name)}")
        if name not in self._parameters:
            _refuse(where, f"Ref {shown(name)} is known to AWS only")
        parameter = self._parameters[name]
        if not isinstance(parameter, Mapping):
            _refuse(where, f"parameter {shown(name)} must be a mapping, not {shown(parameter)}")
        if "Default" not in parameter:
            _refuse(where, f"parameter {shown(name)} has no Default")
        default = parameter["Default"]
        if default is None or isinstance(default, Mapping) or is_list(default):
            _refuse(where, f"the Default of parameter {shown(name)} is {shown(default)}")
        return default

    def _substitute(self, argument: Any, where: str) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else _pair(argument)
        if not isinstance(text, str) or not isinstance(own, Mapping):
            _refuse(where, f"Fn::Sub takes a string, or [string, mapping], not {shown(argument)}")
        values = {key: self.resolve(part, where) for key, part in own.items()}
        pieces = _VARIABLE.split(text)
        # The pieces at odd positions are the names of variables.
        for position in range(1, len(pieces), 2):
            name = pieces[position].strip()
            value = values[name] if name in values else self._reference(name, where)
            pieces[position] = _text(value, where)
        return _joined("", pieces, where).replace("${!", "${")

    def _join(self, argument: Any, where: str) -> str:
        separator, given = _pair(argument)
        parts = self.resolve(given, where)
        if not isinstance(separator, str) or not is_list(parts):
            _refuse(where, f"Fn::Join takes [string, list], not {shown(argument)}")
        return _joined(separator, [_text(part, where) for part in parts], where)

    def _find(self, argument: Any, where: str) -> Any:
        keys = self.resolve(argument, where)
        if not is_list(keys) or len(keys) != 3:  # noqa: PLR2004  map, first key, second key
            _refuse(where, f"Fn::FindInMap takes a list of three keys, not {shown(keys)}")
        found: Any = self._mappings
        for key in keys:
            if not isinstance(found, Mapping) or not isinstance(key, Hashable) or key not in found:
                _refuse(where, f"Mappings has no {shown(keys)}")
            found = found[key]
        return self.resolve(found, where)


def _section(template: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = template.get(name) or {}
    if not isinstance(section, Mapping):
        raise ModelError([f"{name} must be a mapping, not {shown(section)}"])
    return section


def _pair(argument: Any) -> tuple[Any, Any]:
    """Return the two parts of an argument; two Nones if it is not a pair."""
    return tuple(argument) if is_list(argument) and len(argument) == 2 else (None, None)  # noqa: PLR2004  a pair


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, Mapping) or is_list(value):
        _refuse(where, f"{shown(value)} cannot be a part of a string")
    return str(value)


def _joined(separator: str, parts: Sequence[str], where: str) -> str:
    length = sum(map(len, parts)) + len(separator) * max(0, len(parts) - 1)
    if length > MAX_TEXT:
        _refuse(where, f"it would be {length:,} characters long")
    return separator.join(parts)


def _refuse(where: str, problem: str) -> NoReturn:
    raise ModelError([f"{where}: {problem}"])
