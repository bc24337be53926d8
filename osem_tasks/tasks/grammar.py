"""What a program understands: Invoke's parse of a command line, and the word where it fails. Pure."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from invoke.exceptions import ParseError
from invoke.parser import Parser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from invoke.parser.context import ParserContext

_UNKNOWN = "No idea what"
_NO_VALUE = re.compile(r"Flag <\w+: ([^ >]+).*needed value")
# Every correction needs some parses.
MAX_WORDS = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a command line stops making sense.

    ``place`` is the index of the word. ``task`` is the name of the task whose options are expected
    there, None before the first task. ``wanting`` is the option that got no value, such as
    ``--env``, for which ``place`` is the number of words; ``no_number`` says that the word is a
    value that must be a whole number.
    """

    place: int
    task: str | None
    wanting: str | None = None
    no_number: bool = False


@dataclass(frozen=True, slots=True)
class Grammar:
    """A program's own options (``core``) and its tasks with their options."""

    core: ParserContext
    tasks: tuple[ParserContext, ...]

    def names(self) -> list[str]:
        """Return the names of all tasks, without their aliases."""
        return [str(task.name) for task in self.tasks]

    def groups(self) -> list[str]:
        """Return the names of all collections of tasks."""
        paths = (name.split(".")[:-1] for name in self.names())
        return sorted({".".join(path[: n + 1]) for path in paths for n in range(len(path))})

    def task(self, name: str | None) -> ParserContext | None:
        """Return the task of that name or alias."""
        return next((t for t in self.tasks if name and name in (t.name, *t.aliases)), None)

    def options(self, name: str | None) -> ParserContext:
        """Return the options of a task, or the program's own."""
        return self.task(name) or self.core

    def tasks_with(self, option: str) -> list[str]:
        """Return the names of the tasks that have an option."""
        return [str(task.name) for task in self.tasks if has(task, option)]

    def error(self, words: Sequence[str]) -> ParseError | ValueError | None:
        """Return the error of Invoke's two parses: its own options first, then the tasks."""
        try:
            first = Parser(initial=self.core, ignore_unknown=True).parse_argv([*words])
        except (ParseError, ValueError) as error:
            return error
        return self.error_in_tasks(first.unparsed)

    def error_in_tasks(self, words: Sequence[str]) -> ParseError | ValueError | None:
        """Return the error of Invoke's second parse, of what its first one has left."""
        try:
            Parser(initial=self.core, contexts=self.tasks).parse_argv([*words])
        except (ParseError, ValueError) as error:
            return error
        return None

    def fault(self, words: Sequence[str]) -> Fault | None:
        """Return where ``words`` fail; None if they do not, or in another way."""
        error = self.error(words)
        if error is None or len(words) > MAX_WORDS:
            return None
        if not isinstance(error, ParseError):
            return Fault(self._first(words, ValueError), None, no_number=True)
        task = error.context.name if error.context else None
        if not str(error).startswith(_UNKNOWN):
            found = _NO_VALUE.match(str(error))
            return Fault(len(words), task, _flag(found.group(1))) if found else None
        return Fault(self._first(words, ParseError, _UNKNOWN), task)

    def _first(self, words: Sequence[str], kind: type[Exception], start: str = "") -> int:
        """Return the place of the word that causes an error of this kind."""

        def fails(count: int) -> bool:
            error = self.error(words[:count])
            return isinstance(error, kind) and str(error).startswith(start)

        # Once a word fails, every longer beginning fails at the same word.
        return bisect.bisect_left(range(1, len(words) + 1), True, key=fails)

    def named(self, words: Sequence[str]) -> Iterator[int]:
        """Yield the places of the words that may be names of tasks."""
        return (place for place, word in enumerate(words) if self.task(word))


def has(context: ParserContext, option: str) -> bool:
    """Return whether a context has an option, such as ``--env``."""
    return option in context.flags or option in context.inverse_flags


def takes_value(context: ParserContext, option: str) -> bool:
    """Return whether an option of the context takes a value."""
    return option in context.flags and bool(context.flags[option].takes_value)


def all_options(context: ParserContext) -> list[str]:
    """Return the long options of a context."""
    return [name for name in (*context.flags, *context.inverse_flags) if name.startswith("--")]


def _flag(argument: str) -> str:
    name = argument.strip("_").replace("_", "-")
    return f"--{name}" if len(name) > 1 else f"-{name}"
