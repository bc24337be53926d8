"""Says what a command line that Invoke cannot parse was meant to be. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.schema.quoting import shown
from osem_tasks.tasks.corrections import Correction, Mistake, asked
from osem_tasks.tasks.spelling import meant_tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.tasks.corrections import Values
    from osem_tasks.tasks.grammar import Grammar

_MOST_CORRECTIONS = 5


def explain(words: Sequence[str], grammar: Grammar, values: Values) -> Mistake | None:
    """Return what is wrong with ``words``; None if nothing is, or only Invoke can say it.

    One word after the other is corrected, as long as it is clear what was meant.
    """
    texts: list[str] = []
    right: tuple[str, ...] | None = tuple(words)
    while right is not None and len(texts) < _MOST_CORRECTIONS:
        fault = grammar.fault(right)
        if fault is None:
            break
        mistake = Correction(right, grammar, values, fault).mistake()
        texts.append(mistake.text)
        right = mistake.right
    if not texts:
        return None
    clear = right is not None and grammar.error(right) is None
    return Mistake(" ".join(texts), right if clear else None, mistake.help)


def after_end(words: Sequence[str], rest: Sequence[str], grammar: Grammar) -> Mistake:
    """Return the mistake of words after ``--``, which no task of the suite reads."""
    whole = (*words, *rest)
    text = f"{shown(rest[0])} stands after '--', where nothing is read."
    return Mistake(text, whole if grammar.error(whole) is None else None)


def in_help(words: Sequence[str], name: str, grammar: Grammar) -> Mistake | None:
    """Return the mistake in the name of the task that ``--help`` got."""
    if grammar.task(name):
        return None
    return _renamed(words, name, meant_tasks(name, grammar.names()), "task")


def in_list(words: Sequence[str], name: str, grammar: Grammar) -> Mistake | None:
    """Return the mistake in the name of the group of tasks that ``--list`` got."""
    groups = grammar.groups()
    return None if name in groups else _renamed(words, name, meant_tasks(name, groups), "group")


def _renamed(words: Sequence[str], name: str, near: Sequence[str], kind: str) -> Mistake:
    text = f"No {kind} {shown(name)}.{asked(near)}"
    right = [word.replace(name, near[0]) if name in word else word for word in words if near]
    return Mistake(text, tuple(right) if len(near) == 1 else None)
