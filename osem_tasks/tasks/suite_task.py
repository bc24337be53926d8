"""An Invoke task of this suite, and its options as Invoke's parser has them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from invoke.parser.argument import Argument
from invoke.tasks import Task

from osem_tasks.tasks import usage
from osem_tasks.tasks.options import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Option(Argument):
    """An option of a task; ``choices`` are its values, as far as they are known.

    Invoke's help shows a number as INT. Its value stays a text: Invoke would end in a traceback
    for a text that is no number.
    """

    choices: tuple[str, ...] = ()

    def set_value(self, value: Any, cast: bool = True) -> None:
        """Store a value, or add it to a list."""
        super().set_value(value, cast=cast and self.kind is not int)


class SuiteTask(Task[Any]):
    """A task of this suite; ``osem_name`` is its full name, such as ``db.setup``.

    Its repeatable options require a value, like all other options: Invoke itself treats
    ``--table`` without a value as an option that was not given. ``choices`` are the values of
    options that completion offers.
    """

    osem_name: str = ""
    choices: Mapping[str, Sequence[str]] = MappingProxyType({})

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return Invoke's options; its parser requires a value while ``raw_value`` is None.

        A program asks for them before it parses its arguments: wrong ones are reported here.
        """
        usage.check()
        texts = dict(self.help)
        try:
            found = super().get_arguments(ignore_unknown_help)
        finally:
            # Invoke takes every text out: who asks a second time would find none.
            self.help = texts
        return [self._option(given) for given in found]

    def _option(self, given: Argument) -> Option:
        option = Option(
            names=given.names,
            kind=int if given.name in NUMBERS else given.kind,
            default=given.default,
            help=given.help,
            positional=given.positional,
            optional=given.optional,
            incrementable=given.incrementable,
            attr_name=given.attr_name,
        )
        option.choices = tuple(self.choices.get(str(given.name), ()))
        if option.kind is list:
            option.raw_value = None
        return option
