"""How a message quotes a value that may be anything."""

from __future__ import annotations

import reprlib

LONGEST = 80
# Python refuses to write an integer of more than 4,300 digits.
MAX_DIGITS = 400


class _Short(reprlib.Repr):
    """Any value in a few words; one whose own ``repr`` fails is named by its type."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = LONGEST
        self.maxlevel = 3

    def repr1(self, x: object, level: int) -> str:
        """Reprlib goes by the name of a type, and anybody may call a class ``list``."""
        if type(x).__module__ == "builtins":
            return super().repr1(x, level)
        return self.repr_instance(x, level)

    def repr_int(self, x: int, level: int) -> str:
        """The digits, as far as Python writes them."""
        return super().repr_int(x, level) if abs(x) < 10**MAX_DIGITS else "a huge number"


_SHORT = _Short()


def shown(value: object) -> str:
    """A value in some 80 characters, whatever it is. Never raises an exception of its own."""
    return _SHORT.repr(value)
