"""An Invoke task of this suite, and its options as Invoke's parser has them.

A list of tasks and every TAB load this module, so it loads little.
"""

from __future__ import annotations

import pkgutil
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from invoke.parser.argument import Argument
from invoke.tasks import Task

from osem_tasks.tasks import asked, stack
from osem_tasks.tasks.options import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from invoke.program import Program


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
        _check_usage()
        texts = dict(self.help)
        try:
            found = super().get_arguments(ignore_unknown_help)
        finally:
            # Invoke takes every text out: who asks a second time would find none. In place, because
            # a late task shares them with the task that it stands for.
            self.help.update(texts)
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


class LateTask(SuiteTask):
    """A task whose module is imported once something but its name and its summary is needed.

    ``location`` is the task itself, as ``module:name``. A command line needs the options only of
    the tasks that it names.
    """

    def __init__(self, osem_name: str, location: str, summary: str) -> None:
        self.__doc__ = summary
        self.osem_name = osem_name
        self._location = location
        self._name = location.partition(":")[2]
        self.aliases = ()
        self.is_default = False

    def __getattr__(self, name: str) -> Any:
        """Import the task, which has every attribute; called for those that are not here yet."""
        if name.startswith("__") or "_location" not in self.__dict__:
            raise AttributeError(name)
        location = self.__dict__.pop("_location")
        self.__dict__.update(vars(pkgutil.resolve_name(location)))
        return getattr(self, name)

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the options, but none while arguments are parsed that do not name this task."""
        _check_usage()
        if asked.is_named(self):
            return super().get_arguments(ignore_unknown_help)
        return []


def _check_usage() -> None:
    """Raise Exit if a program that parses its arguments now got wrong ones, or completes."""
    parsing = stack.program_in("parse_tasks")
    if parsing is None or not asked.is_new(parsing) or _cannot_be_wrong(parsing):
        return
    from osem_tasks.tasks import usage

    usage.check(parsing)


def _cannot_be_wrong(parsing: Program) -> bool:
    """Return whether there is nothing but ``--list``, or names of this suite's tasks."""
    words = parsing.argv[1:]
    if words in (["--list"], ["-l"]):
        return True
    named = asked.tasks_of(parsing, words)
    # Tasks of others may have arguments without which Invoke refuses them.
    return bool(words) and all(isinstance(named.get(word), SuiteTask) for word in words)
