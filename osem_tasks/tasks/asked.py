"""Which tasks a command line asks for, before a program parses it.

A program asks every task for its options and then parses its arguments. So each task finds out by
this module whether it is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from osem_tasks.tasks import stack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from invoke.collection import Collection
    from invoke.program import Program
    from invoke.tasks import Task


class _State:
    # The arguments that were looked at: a program asks every task, more than once.
    seen: object = None
    # The tasks that they name, by identity; None if every task is needed.
    named: frozenset[int] | None = None


def is_new(parsing: Program) -> bool:
    """Return whether the arguments of a program were not looked at before; note what they name."""
    if parsing.core is _State.seen:
        return False
    _State.seen = parsing.core
    _State.named = _named(parsing)
    return True


def is_named(task: Task[Any]) -> bool:
    """Return whether the options of a task are needed now."""
    if _State.named is None or id(task) in _State.named:
        return True
    # Completion parses once more, after the arguments.
    return stack.program_in("parse_tasks", "parse_cleanup") is None


def ask_for_all() -> None:
    """Let every task give its options: wrong arguments are compared with all."""
    _State.named = None


def collection_of(parsing: Program) -> Collection:
    """Return the tasks of a program: one with tasks of its own has them before it loads any."""
    # Not by its truth: Invoke works out every name for that.
    loaded = getattr(parsing, "collection", None)
    return cast("Collection", parsing.namespace if loaded is None else loaded)


def _named(parsing: Program) -> frozenset[int]:
    """Return the tasks that a word of the arguments names.

    It may stand alone, or as in ``--help=db.setup`` and ``-hdb.setup``.
    """
    parts = {part for word in parsing.argv[1:] for part in word.replace("=", " ").split()}
    words = {part.removeprefix("-h") for part in parts}
    if all(word.startswith("-") for word in words):
        return frozenset()
    return frozenset(id(task) for task in tasks_of(parsing, words).values())


def tasks_of(parsing: Program, words: Iterable[str]) -> dict[str, Task[Any]]:
    """Return the tasks that ``words`` name, by their names or aliases."""
    collection = collection_of(parsing)
    names = {name for task, aliases in collection.task_names.items() for name in (task, *aliases)}
    return {name: collection[name] for name in names.intersection(words)}
