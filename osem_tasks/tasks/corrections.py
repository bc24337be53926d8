"""Corrects the one word at which a command line stops making sense. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from osem_tasks.schema.quoting import shown
from osem_tasks.tasks.grammar import all_options, has, takes_value
from osem_tasks.tasks.spelling import as_option, is_option, meant_options, meant_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from osem_tasks.tasks.grammar import Fault, Grammar

    # The values of an option that are known, by its name: ``--env``.
    Values = Callable[[str], Sequence[str]]

_MOST_NAMED = 8
_NO = ("no", "false", "off", "0")
_BOOLEANS = (*_NO, "yes", "true", "on", "1")
# Tasks that only read, for an example where no task is named.
_EXAMPLES = ("db.verify", "db.list", "db.compare", "local.status")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong, in sentences, and the words to type.

    ``right`` is None if it is unclear what was meant; ``help`` asks for what there is.
    """

    text: str
    right: tuple[str, ...] | None = None
    help: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Correction:
    """The command line, what the program understands, and the fault."""

    words: tuple[str, ...]
    grammar: Grammar
    values: Values
    fault: Fault

    def mistake(self) -> Mistake:
        """Return what is wrong, and the words with this fault corrected."""
        found, task = self._found(), self.fault.task or self._task_of_number()
        if found.help:
            return found
        of_program = ("--help",) if self.fault.wanting or self.fault.no_number else ()
        return replace(found, help=(task, "--help") if task else of_program)

    def _found(self) -> Mistake:
        if self.fault.wanting:
            return self._without_value(self.fault.wanting)
        word = self.words[self.fault.place]
        name, equals, value = word.partition("=")
        if self.fault.no_number:
            option = self._option_of_number()
            return Mistake(f"{option} needs a whole number, not {shown(value or word)}.")
        if equals and self._is_switch(name):
            return self._value_of_switch(name, value, self.fault.place)
        if is_option(word):
            return self._option(name)
        return self._word(word)

    # Options

    def _option_of_number(self) -> str:
        name, equals, _ = self.words[self.fault.place].partition("=")
        return name if equals else self.words[self.fault.place - 1]

    def _task_of_number(self) -> str | None:
        """Return the task whose option got a value that is no number."""
        if not self.fault.no_number:
            return None
        named = [self.words[n] for n in self.grammar.named(self.words[: self.fault.place])]
        takers = [
            task for task in named if has(self.grammar.options(task), self._option_of_number())
        ]
        return takers[-1] if takers else None

    def _option(self, name: str) -> Mistake:
        own = self._own_options()
        if name in own:
            return self._repeated(name)
        # --replace may be another task's option, and half of this one's --replace-indexes.
        halves = [option for option in own if option.startswith(f"{as_option(name)}-")]
        same = [as_option(name)] if as_option(name) in own else halves
        if len(same) == 1:
            return self._spelled(name, same)
        other = {option for task in self.grammar.tasks for option in all_options(task)}
        if as_option(name) in other:
            return self._misplaced(name, as_option(name))
        near = meant_options(name, dict.fromkeys([*own, *sorted(other)]))
        here = [option for option in near if option in own]
        if here:
            return self._spelled(name, here)
        if len(near) == 1:
            return self._misplaced(name, near[0])
        return Mistake(f"No option {shown(name)}{self._place()}.{asked(near)}")

    def _own_options(self) -> list[str]:
        options = self.grammar.options(self.fault.task)
        return [*all_options(options), *all_options(self.grammar.core)]

    def _spelled(self, name: str, near: list[str]) -> Mistake:
        text = f"No option {shown(name)}{self._place()}.{asked(near)}"
        return Mistake(text, self._with(near[0]) if len(near) == 1 else None)

    def _with(self, option: str) -> tuple[str, ...]:
        """Return the words with the wrong option replaced."""
        _, equals, value = self.words[self.fault.place].partition("=")
        return self._replaced(self.fault.place, 1, option + equals + value)

    def _misplaced(self, name: str, option: str) -> Mistake:
        """Return the mistake of an option that belongs to another task, or after one."""
        meant = "" if name == option else f" Did you mean {option}?"
        owners = self.grammar.tasks_with(option)
        if self.fault.task is None:
            where = " Options of a task stand after its name."
        else:
            where = f" {option} is an option of {_list(owners)}."
        text = f"No option {shown(name)}{self._place()}.{meant}{where}"
        return Mistake(text, self._moved(option, owners))

    def _moved(self, option: str, owners: Sequence[str]) -> tuple[str, ...] | None:
        """Return the words with an option after every task that has it; None if there is none."""
        place = self.fault.place
        _, equals, value = self.words[place].partition("=")
        apart = not equals and takes_value(self.grammar.options(owners[0]), option)
        moved = (option + equals + value, *self.words[place + 1 : place + 1 + apart])
        others = self._replaced(place, 1 + apart)
        named = list(self.grammar.named(others)) or self._mistyped_tasks(others)
        if not named:
            reader = next((task for task in _EXAMPLES if self._may_take(task, option)), None)
            return (*others, reader, *moved) if reader else None
        takers = [n for n in named if self._may_take(self._meant(others[n]), option)]
        words: list[str] = []
        for number, word in enumerate(others):
            words += [word, *moved] if number in takers else [word]
        return tuple(words) if takers else None

    def _mistyped_tasks(self, words: Sequence[str]) -> list[int]:
        """Return the places of the words that are clearly meant as tasks."""
        return [n for n, word in enumerate(words) if not is_option(word) and self._meant(word)]

    def _meant(self, word: str) -> str | None:
        """Return the name of the task that a word is, or is clearly meant to be."""
        near = [word] if self.grammar.task(word) else meant_tasks(word, self.grammar.names())
        return near[0] if len(near) == 1 else None

    def _may_take(self, task: str | None, option: str) -> bool:
        context = self.grammar.task(task)
        return context is not None and has(context, option)

    def _without_value(self, option: str) -> Mistake:
        known = list(self.values(option))
        which = f", one of {_list(known, 'or')}" if known else ""
        return Mistake(f"{option}{self._place()} needs a value{which}.")

    # Words that are no options

    def _is_switch(self, name: str) -> bool:
        options = self.grammar.options(self.fault.task)
        owner = options if has(options, name) else self.grammar.core
        return has(owner, name) and not takes_value(owner, name)

    def _value_of_switch(self, option: str, value: str, place: int, count: int = 1) -> Mistake:
        keep = () if value.casefold() in _NO else (option,)
        text = f"{option}{self._place()} takes no value{'' if keep else '; leave it out'}."
        return Mistake(text, self._replaced(place, count, *keep))

    def _word(self, word: str) -> Mistake:
        place = self.fault.place
        before = self.words[place - 1] if place else ""
        if word.casefold() in _BOOLEANS and self._is_switch(before):
            return self._value_of_switch(before, word, place - 1, 2)
        if takes_value(self.grammar.options(self.fault.task), before):
            return self._repeated(before)
        return (
            self._joined(word)
            or self._group(word)
            or self._program_option(word)
            or self._value(word)
            or self._task(word)
        )

    def _repeated(self, option: str) -> Mistake:
        return Mistake(f"{option}{self._place()} is given twice; keep one of the two.")

    def _joined(self, word: str) -> Mistake | None:
        """Return the mistake of several tasks in one word: ``local.up,db.setup``."""
        names = [name for name in re.split("[,;]", word) if name]
        if not names or not all(self.grammar.task(name) for name in names):
            return None
        right = self._replaced(self.fault.place, 1, *names)
        return Mistake(f"No task {shown(word)}. Did you mean {' '.join(names)}?", right)

    def _group(self, word: str) -> Mistake | None:
        names = self.grammar.names()
        group = word.strip(".:/").casefold()
        if group not in self.grammar.groups():
            return None
        members = [name for name in names if name.startswith(f"{group}.")]
        following = self.words[self.fault.place + 1 :][:1]
        near = meant_tasks(f"{group}.{following[0]}", names) if following else []
        if following and len(near) == 1 and not self.grammar.task(following[0]):
            text = f"No task {shown(f'{word} {following[0]}')}.{asked(near)}"
            return Mistake(text, self._replaced(self.fault.place, 2, near[0]))
        return Mistake(
            f"{shown(word)} is a group of tasks: {_list(members)}.", help=("--list", group)
        )

    def _program_option(self, word: str) -> Mistake | None:
        option = as_option(word)
        if option not in ("--help", "--list", "--version") or not has(self.grammar.core, option):
            return None
        if meant := [name for name in self.grammar.names() if name.endswith(f".{option[2:]}")]:
            text = f"No task {shown(word)}.{asked([*meant, option])}"
            return Mistake(text)
        following = self.words[self.fault.place + 1 :]
        right = (*following, option) if following else (*self.words[:-1], option)
        return Mistake(f"No task {shown(word)}.{asked([option])}", right)

    def _value(self, word: str) -> Mistake | None:
        """Return the mistake of a value whose option is left out, as in ``db.setup dev``."""
        task = self.fault.task or next(
            (self.words[n] for n in self.grammar.named(self.words)), None
        )
        if task is None:
            return None
        name, equals, value = word.partition("=")
        options = all_options(self.grammar.options(task))
        if equals and as_option(name) in options:
            meant = [as_option(name), value]
        else:
            option = next((one for one in options if word in self.values(one)), None)
            meant = [option, word] if option else []
        if not meant:
            return None
        # In `-e dev` the letter stands for the option, and is one of the program's own.
        short = self.words[self.fault.place - 1 : self.fault.place] == (meant[0][1:3],)
        words = [*self._replaced(self.fault.place - short, 1 + short)]
        at = self.fault.place - short if self.fault.task else words.index(task) + 1
        words[at:at] = meant
        return Mistake(f"No task {shown(word)}. Did you mean {' '.join(meant)}?", tuple(words))

    def _task(self, word: str) -> Mistake:
        near = meant_tasks(word, self.grammar.names())
        right = self._replaced(self.fault.place, 1, near[0]) if len(near) == 1 else None
        return Mistake(f"No task {shown(word)}.{asked(near)}", right)

    def _place(self) -> str:
        return f" of {self.fault.task}" if self.fault.task else ""

    def _replaced(self, place: int, count: int, *new: str) -> tuple[str, ...]:
        return (*self.words[:place], *new, *self.words[place + count :])


def asked(near: Sequence[str]) -> str:
    """Return the question which of ``near`` was meant, or nothing."""
    return f" Did you mean {_list(near, 'or')}?" if near else ""


def _list(names: Iterable[str], word: str = "and") -> str:
    """Return names as a sentence has them: ``a, b and c``."""
    known = list(names)
    if len(known) > _MOST_NAMED:
        return f"{', '.join(known[:_MOST_NAMED])} and {len(known) - _MOST_NAMED} more"
    *first, last = known
    return f"{', '.join(first)} {word} {last}" if first else last
