"""Reads a condition on items, and writes it as DynamoDB's filter expression. Pure.

A small language that looks like DynamoDB's own, with the values in place::

    status = 'ACTIVE' and (age >= 18 or attribute_not_exists(age))
    begins_with(email, 'a') and not contains(tags, 'test') and score between 1 and 2.5

Left of a comparison stands an attribute path as in ``data.paths``, without wildcards, right of it
a text in single or double quotes, a number, ``true``, ``false`` or ``null``. Paths and values
become placeholders, so nothing that is typed can change the expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osem_tasks.data.paths import Element, Name, Path
from osem_tasks.schema.quoting import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

# DynamoDB takes 4 KB of expression and 300 operators.
MAX_LENGTH = 4096
MAX_DEPTH = 50
_OPERATORS = ("<=", ">=", "<>", "=", "<", ">")
_MISTAKEN = {"==": "=", "!=": "<>", "&&": "and", "||": "or", "!": "not"}
_TESTS = ("attribute_exists", "attribute_not_exists")
_MATCHES = ("begins_with", "contains")
_WORDS = ("and", "or", "not", "between", "in", "true", "false", "null", *_TESTS, *_MATCHES)
_LITERALS: dict[str, dict[str, bool]] = {
    "true": {"BOOL": True},
    "false": {"BOOL": False},
    "null": {"NULL": True},
}
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?(?![\w.\[]))
    | (?P<path>(?:"(?:[^"\\]|\\["\\])*"|[\w$#:@-]+)(?:\[[0-9]+\]|\.(?:"(?:[^"\\]|\\["\\])*"|[\w$#:@-]+))*)
    | (?P<sign>==|!=|&&|\|\||<=|>=|<>|[=<>(),!])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter expression with its placeholders, in DynamoDB JSON."""

    expression: str
    names: Mapping[str, str]
    values: Mapping[str, Mapping[str, Any]]

    def as_options(self) -> dict[str, Any]:
        """Return the members of a Scan request."""
        options: dict[str, Any] = {
            "FilterExpression": self.expression,
            "ExpressionAttributeNames": dict(self.names),
        }
        if self.values:  # DynamoDB refuses an empty map
            options["ExpressionAttributeValues"] = {k: dict(v) for k, v in self.values.items()}
        return options


def parse(text: str) -> Filter:
    """Return the filter of a condition. Raises ValueError that says what is wrong, and where."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_LENGTH:
        msg = f"is longer than {MAX_LENGTH:,} bytes"
        raise ValueError(msg)
    reader = _Reader(_tokens(text))
    expression = reader.either()
    if reader.token:
        raise reader.wrong("'and', 'or', or the end")
    return Filter(expression, {v: k for k, v in reader.names.items()}, reader.values)


def _tokens(text: str) -> list[tuple[str, str]]:
    """Return the kinds and texts of the tokens. Raises ValueError."""
    found = []
    place, end = 0, len(text.rstrip())
    while place < end:
        token = _TOKEN.match(text, place)
        if not token or token.lastgroup is None:
            rest = text[place:].strip()
            why = (
                "its quotes do not end" if rest[0] in "'\"" else "it is no path, value or operator"
            )
            msg = f"cannot be read from {rest[:40]!r} on: {why}"
            raise ValueError(msg)
        found.append((token.lastgroup, token[token.lastgroup]))
        place = token.end()
    return found


@dataclass(slots=True)
class _Reader:
    """Reads tokens by recursive descent; ``names`` and ``values`` are the placeholders so far."""

    tokens: list[tuple[str, str]]
    place: int = 0
    depth: int = 0
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def token(self) -> str:
        """The text of the next token; empty at the end."""
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def either(self) -> str:
        """Read ``a or b``."""
        return self._joined("or", lambda: self._joined("and", self._negated))

    def _joined(self, word: str, part: Any) -> str:
        parts = [part()]
        while self._took(word):
            parts.append(part())
        return f" {word.upper()} ".join(parts)

    def _negated(self) -> str:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            msg = f"is nested more than {MAX_DEPTH} levels deep"
            raise ValueError(msg)
        found = f"NOT {self._negated()}" if self._took("not") else self._condition()
        self.depth -= 1
        return found

    def _condition(self) -> str:
        if self._took("("):
            inner = self.either()
            self._need(")")
            return f"({inner})"
        word = self.token.lower()
        if word in (*_TESTS, *_MATCHES) and self._next_is("("):
            return self._call(word)
        return self._comparison()

    def _call(self, word: str) -> str:
        self.place += 2
        path = self._path()
        value = ""
        if word in _MATCHES:
            self._need(",")
            value = f", {self._value()}"
        self._need(")")
        return f"{word}({path}{value})"

    def _comparison(self) -> str:
        path = self._path()
        operator = self.token
        if operator in _OPERATORS:
            self.place += 1
            return f"{path} {operator} {self._value()}"
        if self._took("between"):
            low = self._value()
            self._need("and")
            return f"{path} BETWEEN {low} AND {self._value()}"
        if self._took("in"):
            self._need("(")
            values = [self._value()]
            while self._took(","):
                values.append(self._value())
            self._need(")")
            return f"{path} IN ({', '.join(values)})"
        raise self.wrong(f"one of {' '.join(_OPERATORS)}, between, or in (after the path)")

    def _path(self) -> str:
        """Read a path, and return it as placeholders."""
        kind, text = self._current()
        if kind != "path" or text.lower() in _LITERALS:
            raise self.wrong("an attribute")
        if self._next_is("("):
            msg = f"has the unknown function {text!r}{closest(text, (*_TESTS, *_MATCHES))}"
            raise ValueError(f"{msg}; known are {', '.join((*_TESTS, *_MATCHES))}")
        self.place += 1
        steps = [
            f"[{step.index}]" if isinstance(step, Element) else f".{self._name(step.name)}"
            for step in Path.parse(text).steps
            if isinstance(step, (Element, Name))
        ]
        return "".join(steps).removeprefix(".")

    def _name(self, name: str) -> str:
        return self.names.setdefault(name, f"#n{len(self.names)}")

    def _value(self) -> str:
        """Read a value, and return its placeholder."""
        kind, text = self._current()
        literal: Mapping[str, Any] | None = None
        if kind == "text":
            literal = {"S": text[1:-1].replace("''", "'")}
        elif kind == "path" and text.startswith('"') and text.endswith('"') and len(text) > 1:
            steps = Path.parse(text).steps if text != '""' else (Name(""),)
            literal = {"S": steps[0].name} if isinstance(steps[0], Name) and not steps[1:] else None
        elif kind == "number":
            literal = {"N": text}
        else:
            literal = _LITERALS.get(text.lower())
        if literal is None:
            quotes = f" (a text stands in quotes: '{text}')" if kind == "path" else ""
            raise self.wrong(f"a value{quotes}")
        self.place += 1
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = literal
        return placeholder

    def _current(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("", "")

    def _took(self, word: str) -> bool:
        """Go on if the next token is this word or sign."""
        if self.token.lower() != word:
            return False
        self.place += 1
        return True

    def _next_is(self, sign: str) -> bool:
        return self.tokens[self.place + 1 : self.place + 2] == [("sign", sign)]

    def _need(self, word: str) -> None:
        if not self._took(word):
            raise self.wrong(f"{word!r}")

    def wrong(self, wanted: str) -> ValueError:
        """Return the error for the next token, in whose place ``wanted`` should stand."""
        found, before = self.token, " ".join(text for _, text in self.tokens[: self.place])
        where = f" after {before[-60:]!r}" if before else ""
        what = f"{found!r} stands there" if found else "it ends there"
        hint = f"; did you mean {_MISTAKEN[found]!r}?" if found in _MISTAKEN else ""
        return ValueError(f"needs {wanted}{where}, and {what}{hint}")
