"""Check a declaration's values against a shape, and convert them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from osem_tasks.declarations.shape import Choice, Fields, Kind, ListOf, Scalar, is_needed
from osem_tasks.declarations.values import (
    BROKEN,
    NO_VALUE,
    YAML_WORDS,
    KeyPath,
    Place,
    Problem,
    Unknown,
    is_list,
    path_text,
    scalar_text,
)
from osem_tasks.schema.quoting import nearest, shown

# CloudFormation's parameters are always strings: "5" is a number and "true" is a flag.
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_TOO_LARGE = 10**18
_FLAGS = {"true": True, "false": False}
_EXPECTED = {
    "name": "a string",
    "text": "a string",
    "number": "a whole number",
    "flag": "true or false",
}
# Members that name an element of a list.
_NAMES = ("IndexName", "Key", "Region", "AttributeName")
# A variable of the Serverless Framework, which a plain template does not have.
_SERVERLESS = re.compile(
    r"\$\{(self|opt|env|sls|custom|file|ssm|cf|param|aws|s3|git|strToBool|output)[:.(][^}]{0,200}\}?"
)
_VARIABLE = re.compile(r"\$\{[^}]{1,200}\}")


class Checker:
    """Converts a value to a kind, and collects one problem per mistake.

    ``unmanaged`` collects what is declared and not managed here: its path and the reason. In
    a ``template``, scalars become strings and a null is a mistake; elsewhere a null counts as
    omitted, as in the AWS CLI.
    """

    def __init__(self, place: Place, *, template: bool = False) -> None:
        self.problems: list[Problem] = []
        self.unmanaged: list[tuple[str, str]] = []
        self._place = place
        self._template = template
        self._root: object = None

    def checked(self, value: object, kind: Kind) -> Any:
        """Return ``value`` converted to ``kind``; the result is invalid if ``problems`` grew."""
        self._root = value
        return self._value(value, kind, self._place)

    def _value(self, value: object, kind: Kind, place: Place) -> Any:
        if isinstance(value, Unknown):
            return self._unknown(value, kind, place)
        if isinstance(kind, Fields):
            return self._fields(value, kind, place)
        if isinstance(kind, ListOf):
            return self._list(value, kind.kind, place)
        if isinstance(kind, Choice):
            if value in kind.words:
                return value
            return self._wrong(value, place, f"one of {', '.join(kind.words)}")
        return self._scalar(value, kind, place)

    def _unknown(self, value: Unknown, kind: Kind, place: Place) -> Any:
        """Refuse an unknown value if the table depends on it; else leave the fact out."""
        if value is BROKEN:
            return NO_VALUE
        if is_needed(kind):
            self.problems.append(place.unknown(value))
        else:
            self.unmanaged.append((self._label(place.path), value.reason))
        return NO_VALUE

    def _fields(self, value: object, kind: Fields, place: Place) -> Any:
        if not isinstance(value, Mapping):
            return self._wrong(value, place, "a mapping")
        given = {name: part for name, part in value.items() if self._is_given(part)}
        if kind.filled and not given:
            self.problems.append(
                place.sentence(f"is empty; it must have {' or '.join(kind.members)}")
            )
        self._refuse_nulls(value, place)
        self._refuse_strangers(given, kind, place)
        self.problems += [
            place.at(name).sentence("is missing") for name in kind.required if name not in given
        ]
        self.unmanaged += [
            (self._label(place.at(name).path), "") for name in kind.unmanaged if name in given
        ]
        found = {
            name: self._value(given[name], member, place.at(name))
            for name, member in kind.members.items()
            if name in given
        }
        if any(found.get(name) is NO_VALUE for name in kind.required):
            return NO_VALUE
        return {name: part for name, part in found.items() if part is not NO_VALUE}

    def _is_given(self, value: object) -> bool:
        return value is not None and value is not NO_VALUE

    def _refuse_nulls(self, value: Mapping[Any, Any], place: Place) -> None:
        if self._template:
            self.problems += [
                place.at(name).sentence("has no value (null)")
                for name, part in value.items()
                if part is None
            ]

    def _refuse_strangers(self, given: Mapping[Any, Any], kind: Fields, place: Place) -> None:
        known = (*kind.members, *kind.unmanaged, *kind.state)
        words = f"is not a property of {kind.what}" if kind.what else "is not known"
        self.problems += [
            place.at(name).sentence(words + nearest(name, known))
            for name in given
            if name not in known
        ]

    def _list(self, value: object, kind: Kind, place: Place) -> Any:
        if not is_list(value):
            return self._wrong(value, place, "a list")
        found = [self._value(part, kind, place.at(position)) for position, part in enumerate(value)]
        return [part for part in found if part is not NO_VALUE]

    def _scalar(self, value: object, kind: Scalar, place: Place) -> Any:
        if kind in ("name", "text"):
            return self._text(value, kind, place)
        if kind == "flag" and isinstance(value, str) and value.lower() in _FLAGS:
            return _FLAGS[value.lower()]
        if kind == "flag" and isinstance(value, bool):
            return value
        if kind == "number" and isinstance(value, str) and _NUMBER.fullmatch(value):
            return int(value)
        if kind == "number" and type(value) is int and abs(value) < _TOO_LARGE:
            return value
        return self._wrong(value, place, _EXPECTED[kind])

    def _text(self, value: object, kind: Scalar, place: Place) -> Any:
        text = scalar_text(value) if self._template else value
        if kind == "name" and not isinstance(value, (str, int)):
            text = None
        if kind == "name" and isinstance(value, bool):
            self.problems.append(
                place.sentence(f"must be a string, not {shown(value)}: {YAML_WORDS}")
            )
            return ""
        if not isinstance(text, str):
            return self._wrong(value, place, _EXPECTED[kind])
        if self._template and (problem := _variable_problem(text, kind)):
            self.problems.append(place.sentence(problem))
        return text

    def _wrong(self, value: object, place: Place, expected: str) -> Any:
        self.problems.append(place.sentence(f"must be {expected}, not {shown(value)}"))
        return NO_VALUE

    def _label(self, path: KeyPath) -> str:
        """Return a path with the names of list elements: ``Tags[Owner].Value``."""
        value, named = self._root, []
        for part in path:
            value = value[part] if isinstance(value, (Mapping, list, tuple)) else None
            name = (
                next((value[n] for n in _NAMES if n in value), None)
                if isinstance(value, Mapping)
                else None
            )
            named.append(f"[{name}]" if isinstance(part, int) and isinstance(name, str) else part)
        return path_text(tuple(named)).replace(".[", "[")


def _variable_problem(text: str, kind: Scalar) -> str:
    """Return what is wrong with a text that holds a variable, or nothing."""
    if found := _SERVERLESS.search(text):
        return (
            f"holds {found[0]}, a variable of the Serverless Framework, which is not resolved "
            "here; set osem.tables to the serverless.yml that includes this file, or to the "
            "packaged template (serverless package)"
        )
    if kind == "name" and (found := _VARIABLE.search(text)):
        return f"holds {found[0]}, which is replaced in Fn::Sub only"
    return ""
