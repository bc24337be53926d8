"""What the program that parses its arguments now understands: its tasks, options and values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.tasks import asked
from osem_tasks.tasks.grammar import Grammar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke.program import Program

    from osem_tasks.tasks.completion import Values


def grammar_of(parsing: Program) -> Grammar:
    """Return what a program understands, once its tasks are loaded."""
    collection = asked.collection_of(parsing)
    tasks = [collection[name] for name in collection.task_names]
    # Invoke takes the help of a task away when it makes the options, and needs it again.
    helps = [dict(vars(task).get("help", {})) for task in tasks]
    contexts = tuple(collection.to_contexts())
    for task, texts in zip(tasks, helps, strict=True):
        if texts:
            task.help.update(texts)
    return Grammar(parsing.initial_context, contexts)


def known_values(parsing: Program) -> Values:
    """Return what gives the known values of an option; reading them loads much."""

    def values(option: str) -> Sequence[str]:
        from osem_tasks.config import file
        from osem_tasks.config.project import current
        from osem_tasks.tasks.known_values import KnownValues

        places = parsing.collection.configuration().get(file.PLACES)
        return KnownValues(Path(places["folders"][0]) if places else current())(option)

    return values
