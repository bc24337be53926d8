"""Attribute paths, which name values inside items: ``contacts[*].email``. Pure.

A path begins with the name of an attribute. After a name or an element comes

- ``.name``: the value of a map under this key;
- ``.*``: the value of a map under any key (at the beginning: any attribute);
- ``[0]``: an element of a list, counted from 0;
- ``[*]``: any element of a list or a set.

A name with one of ``. [ ] " *`` in it stands in double quotes: ``"first.name"``. In quotes, a
backslash comes before a double quote and before another backslash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# DynamoDB nests 32 levels deep; no path is longer.
MAX_STEPS = 33
# The highest index of an element in an item of 400 KB has six digits.
_INDEX = re.compile(r"\[([0-9]{1,6}|\*)\]")
_PLAIN = re.compile(r'[^.\[\]"*]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Name:
    """The value of a map under a key, or an attribute of an item."""

    name: str


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a list."""

    index: int


@dataclass(frozen=True, slots=True)
class AnyName:
    """The value of a map under any key."""


@dataclass(frozen=True, slots=True)
class AnyElement:
    """Any element of a list or a set."""


PathStep = Name | Element | AnyName | AnyElement
ANY_NAME, ANY_ELEMENT = AnyName(), AnyElement()


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path of at least one step; the first one is a name or any name."""

    steps: tuple[PathStep, ...]

    @classmethod
    def parse(cls, text: str) -> Path:
        """Parse a path. Raises ValueError that says what is wrong, and from where."""
        steps: list[PathStep] = []
        place = 0
        while place < len(text) or not steps:
            step, place = _step(text, place, first=not steps)
            steps.append(step)
        if len(steps) > MAX_STEPS:
            msg = f"it has {len(steps)} steps, and items nest {MAX_STEPS - 1} levels deep at most"
            raise ValueError(msg)
        return cls(tuple(steps))

    def __str__(self) -> str:
        return "".join(map(_written, self.steps)).removeprefix(".")


def _step(text: str, place: int, *, first: bool) -> tuple[PathStep, int]:
    """Return the step that begins at ``place``, and where the next one begins."""
    if text.startswith("[", place) and not first:
        found = _INDEX.match(text, place)
        if not found:
            msg = f"{text[place:]!r} does not begin with an index such as [0], or with [*]"
            raise ValueError(msg)
        step = ANY_ELEMENT if found[1] == "*" else Element(int(found[1]))
        return step, found.end()
    if not first:
        if text[place] != ".":
            msg = f"a '.' is missing before {text[place:]!r}"
            raise ValueError(msg)
        place += 1
    return _name(text, place)


def _name(text: str, place: int) -> tuple[PathStep, int]:
    if text.startswith("*", place):
        return ANY_NAME, place + 1
    if text.startswith('"', place):
        quoted = _QUOTED.match(text, place)
        if not quoted:
            msg = f"the quotes of {text[place:]!r} do not end, or hold a backslash of no use"
            raise ValueError(msg)
        name, end = _ESCAPE.sub(r"\1", quoted[1]), quoted.end()
    else:
        plain = _PLAIN.match(text, place)
        name, end = (plain[0], plain.end()) if plain else ("", place)
        if name != name.strip():
            msg = f"the name {name!r} has white space around it; put it in double quotes"
            raise ValueError(msg)
    if not name:
        msg = "a name is missing at its end" if end == len(text) else "a name is missing before "
        raise ValueError(msg if end == len(text) else f"{msg}{text[end:]!r}")
    return Name(name), end


def _written(step: PathStep) -> str:
    if isinstance(step, AnyName):
        return ".*"
    if isinstance(step, AnyElement):
        return "[*]"
    if isinstance(step, Element):
        return f"[{step.index}]"
    if _PLAIN.fullmatch(step.name) and step.name == step.name.strip():
        return f".{step.name}"
    escaped = step.name.replace("\\", "\\\\").replace('"', '\\"')
    return f'."{escaped}"'
