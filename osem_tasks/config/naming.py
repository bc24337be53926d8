"""The one place that turns a declared table name into a real one, and back.

A naming is a text before and a text after the declared name: ``prefix: shop-{env}-`` gives
``shop-dev-Orders``, and ``table_name: "{table}-{env}"`` gives ``Orders-dev``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

TABLE, ENV = "{table}", "{env}"
# DynamoDB's characters of a table name.
_ALLOWED = re.compile(r"[A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Naming:
    """The text that stands before and after every declared table name of one environment."""

    prefix: str = ""
    suffix: str = ""

    @classmethod
    def of_prefix(cls, prefix: str, env: str) -> Naming:
        """Return the naming of a ``prefix``, in which ``{env}`` is the environment's name."""
        return cls(prefix.replace(ENV, env))

    @classmethod
    def of_pattern(cls, pattern: str, env: str) -> Naming:
        """Return the naming of a ``pattern`` that passed ``pattern_problem``."""
        before, _, after = pattern.replace(ENV, env).partition(TABLE)
        return cls(before, after)

    @property
    def pattern(self) -> str:
        """The names as a pattern: ``{table}-dev``."""
        return f"{self.prefix}{TABLE}{self.suffix}"

    def real(self, declared: str) -> str:
        """Return the name of the table that is declared as ``declared``."""
        return f"{self.prefix}{declared}{self.suffix}"

    def declared(self, real: str) -> str | None:
        """Return the declared name of a real one, or None if the name does not fit."""
        fits = real.startswith(self.prefix) and real.endswith(self.suffix)
        length = len(real) - len(self.prefix) - len(self.suffix)
        if not fits or length < 1:
            return None
        return real[len(self.prefix) : len(self.prefix) + length]

    def owns(self, real: str) -> bool:
        """Return whether ``real`` is a name of this environment."""
        return self.declared(real) is not None

    def with_prefix(self, prefix: str) -> Naming:
        """Return the naming with another text before the declared name."""
        return replace(self, prefix=prefix)

    def within(self, prefix: str) -> Naming:
        """Return the naming with ``prefix`` before all of it, as a test database has."""
        return replace(self, prefix=prefix + self.prefix)

    def __str__(self) -> str:
        if self.prefix and not self.suffix:
            return f"prefix {self.prefix}"
        return f"names {self.pattern}"


def pattern_problem(pattern: object) -> str:
    """Return why ``pattern`` is no pattern of table names, or an empty text."""
    if not isinstance(pattern, str) or pattern.count(TABLE) != 1:
        return f'must contain {TABLE} exactly once, such as "{TABLE}-{ENV}"'
    return _text_problem(pattern.replace(TABLE, ""))


def prefix_problem(prefix: object) -> str:
    """Return why ``prefix`` cannot begin table names, or an empty text."""
    if not isinstance(prefix, str):
        return "must be a string"
    if TABLE in prefix:
        return f"must not contain {TABLE}, which belongs into table_name"
    return _text_problem(prefix)


def _text_problem(text: str) -> str:
    if _ALLOWED.fullmatch(text.replace(ENV, "")):
        return ""
    return f"may hold letters, digits, '_', '.', '-' and {ENV} only"
