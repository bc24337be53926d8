"""Quotes arbitrary values, and the nearest known name, in messages."""

from __future__ import annotations

import difflib
import reprlib
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 80
# A list of lists is longer than its parts.
MAX_SHOWN = 200
# The most names that are compared with a wrong one, and the most that a message lists.
MAX_COMPARED, MAX_NAMED = 200, 50
# Python refuses to format an integer of more than 4,300 digits.
MAX_DIGITS = 400


class _Short(reprlib.Repr):
    """Shortens any value; a value whose own ``repr`` fails is shown as its type."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = LONGEST
        self.maxlevel = 3

    def repr1(self, x: object, level: int) -> str:
        """Format ``x`` safely: reprlib dispatches by type name, and any class may use ``list``."""
        if type(x) is Decimal:  # a number of a file, whose reader did not write Decimal
            return str(x)[:LONGEST]
        if type(x).__module__ == "builtins":
            return super().repr1(x, level)
        return self.repr_instance(x, level)

    def repr_int(self, x: int, level: int) -> str:
        """Format the digits if Python allows it."""
        return super().repr_int(x, level) if abs(x) < 10**MAX_DIGITS else "a huge number"


_SHORT = _Short()


def shown(value: object) -> str:
    """Format any value in 200 characters at most. Never raises an exception itself."""
    text = _SHORT.repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def nearest(name: object, known: Iterable[object]) -> str:
    """Return the end of a sentence that names the nearest of ``known``, or some of them."""
    names = [str(one) for one in known]  # YAML's keys may be numbers
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    listed = f"; known are {', '.join(names[:MAX_NAMED])}{more}" if names else ""
    return closest(name, names) or listed


def closest(name: object, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the known name nearest to ``name``, or nothing."""
    folded = {one.casefold(): one for one in known}
    # difflib needs time that grows with the number of names and the square of their length.
    word = str(name)[:LONGEST].casefold()
    few = list(folded) if len(folded) <= MAX_COMPARED else []
    close = [word] if word in folded else difflib.get_close_matches(word, few, 1)
    return f"; did you mean {folded[close[0]]!r}?" if close else ""
