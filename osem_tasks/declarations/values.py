"""The values of a template while it is evaluated, and the problems that are found in it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, TypeGuard

from osem_tasks.declarations.limits import MAX_BYTES, MAX_DIGITS, MAX_VALUES
from osem_tasks.errors import ModelError
from osem_tasks.schema.quoting import LONGEST, shown

KeyPath = tuple[Any, ...]


YAML_WORDS = "YAML reads yes, no, on, off, true, false and null as values; put it in quotes"


class Nothing(Enum):
    """``AWS::NoValue``: the property or element that has this value is not there."""

    NO_VALUE = "AWS::NoValue"


NO_VALUE = Nothing.NO_VALUE


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not known here; ``reason`` says so in words.

    ``parameter`` is the name in ``osem.parameters`` that can give the value, ``way`` another way
    to know it, as a sentence without its full stop; either is empty if there is none.
    """

    reason: str
    parameter: str = ""
    way: str = ""

    def __repr__(self) -> str:
        return f"<{self.reason}>"


# Stands for a value that cannot be evaluated, which is a problem of its own.
BROKEN = Unknown("it cannot be evaluated")


@dataclass(frozen=True, slots=True)
class Problem:
    """A sentence about a declaration, and the path of its place in the file.

    ``parameter`` and ``way`` solve the problem, as those of ``Unknown`` do; ``example`` is a value
    that the parameter may have.
    """

    text: str
    path: KeyPath = ()
    parameter: str = ""
    way: str = ""
    example: str = ""


class RefusedError(ModelError):
    """A declaration that cannot be read, with the place of every problem.

    ``parameters`` are the names of the parameters that it declares. ``home`` is the name of the
    configuration file that may give them values.
    """

    def __init__(
        self,
        problems: Iterable[Problem],
        parameters: Iterable[str] = (),
        *,
        home: str = "invoke.yaml",
    ) -> None:
        self.parameters = tuple(parameters)
        # A value that is used at several places causes the same problem several times.
        self.found = tuple(dict.fromkeys(problems))
        super().__init__([problem.text for problem in self.found])
        wanted = {found.parameter: found.example for found in self.found if found.parameter}
        ways = dict.fromkeys(found.way for found in self.found if found.way)
        steps = [_what_to_write(wanted, home), *ways] if wanted else list(ways)
        if steps:
            self.remediation = ". Or: ".join(steps)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a template, for problems.

    ``owner`` is what the place belongs to ("resource 'Carts'"), ``base`` the path of the
    owner's values in the file, ``path`` the path from there.
    """

    owner: str
    base: KeyPath = ()
    path: KeyPath = ()

    def at(self, key: object) -> Place:
        """Return the place of a member or an element of this place's value."""
        return replace(self, path=(*self.path, key))

    def problem(self, words: str, parameter: str = "") -> Problem:
        """Return a problem at this place: ``resource 'Carts': TableName: words``."""
        parts = (self.owner, path_text(self.path), words)
        return Problem(": ".join(filter(None, parts)), self.base + self.path, parameter)

    def unknown(self, value: Unknown, words: str = "") -> Problem:
        """Return the problem that this place depends on an unknown value."""
        return replace(self.problem(words + value.reason, value.parameter), way=value.way)

    def sentence(self, words: str) -> Problem:
        """Return a problem whose subject is this place: ``resource 'Carts': TableName words``."""
        subject = path_text(self.path) or "it"
        text = ": ".join(filter(None, (self.owner, f"{subject} {words}")))
        return Problem(text, self.base + self.path)

    def refused(self, words: str, parameter: str = "") -> RefusedError:
        """Return the error of a problem at this place."""
        return RefusedError([self.problem(words, parameter)])


class Budget:
    """Counts the values that a template stands for: a short one may expand to any number."""

    def __init__(self) -> None:
        self._values = MAX_VALUES
        self._characters = MAX_BYTES

    def spend(self, place: Place, characters: int = 0) -> None:
        """Count one value, and the characters of a text that is built. Raises RefusedError."""
        self._values -= 1
        self._characters -= characters
        if self._values < 0:
            raise place.refused(f"the template stands for more than {MAX_VALUES:,} values")
        if self._characters < 0:
            raise place.refused(f"the template stands for more than {MAX_BYTES:,} characters")


def path_text(path: KeyPath) -> str:
    """Return a path as text: ``Tags[0].Value``."""
    text = ""
    for part in path:
        if isinstance(part, int) and not isinstance(part, bool):
            text += f"[{part}]"
        else:
            name = str(part)[:LONGEST]
            text += f".{name}" if text else name
    return text


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Return whether a value is a list; a string is not."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def scalar_text(value: object) -> str | None:
    """Return a scalar as CloudFormation's text for it; None if ``value`` is not a scalar."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) < 10**MAX_DIGITS else None
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dt.date):  # YAML reads 2024-01-01 as a date
        return value.isoformat()
    return None


def _what_to_write(examples: Mapping[str, str], home: str) -> str:
    """Return what to write into the file ``home`` to give parameters a value, on one line."""
    values = {
        "AWS::StackName": "my-stack-{env}",
        "AWS::AccountId": "111111111111",
        "stage": "{env}",
    }
    toml = home.endswith(".toml")
    pairs = ", ".join(
        f"{name if name.isidentifier() else json.dumps(name)}{' =' if toml else ':'} "
        f"{json.dumps(example or values.get(name, 'VALUE'), ensure_ascii=False)}"
        for name, example in examples.items()
    )
    line = f"[tool.osem] parameters = {{{pairs}}}" if toml else f"osem: {{parameters: {{{pairs}}}}}"
    return (
        f"Write into {home}: {line}   (or under an environment of "
        "osem.environments; {env} stands for the environment's name)"
    )


def section(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a section of a template; empty if it is absent. Raises RefusedError."""
    found = content.get(name)
    if found is None:
        return {}
    place = Place("", (), (name,))
    if isinstance(found, Unknown):
        raise RefusedError([place.unknown(found)])
    if not isinstance(found, Mapping):
        raise RefusedError([place.sentence(f"must be a mapping, not {shown(found)}")])
    for key in found:
        if key is None or isinstance(key, bool):
            raise place.at(key).refused(f"a name must be a string; {YAML_WORDS}")
    return found
