"""Reports wrong usage before Invoke does, and completes values, in ``osem`` and in ``inv``.

``inv`` is Invoke's own program: it loads ``tasks.py``, asks every task for its options, and only
then parses the command line. The tasks of this suite look at the command line when they are asked.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from invoke.exceptions import Exit

from osem_tasks.config import file
from osem_tasks.config.project import current
from osem_tasks.errors import EXIT_FAILED, ErrorCode, OsemError
from osem_tasks.output import streams
from osem_tasks.output.console import Console
from osem_tasks.output.outcome import Outcome
from osem_tasks.output.text import one_line, without_commands
from osem_tasks.tasks import completion, mistakes, program
from osem_tasks.tasks.document import CONFIGURATION, document
from osem_tasks.tasks.grammar import Grammar
from osem_tasks.tasks.job import NOWHERE
from osem_tasks.tasks.known_values import KnownValues

if TYPE_CHECKING:
    from invoke.collection import Collection
    from invoke.program import Program

    from osem_tasks.tasks.corrections import Mistake


class _State:
    # The arguments that were looked at: a program asks every task, more than once.
    seen: object = None


def check() -> None:
    """Raise Exit if the program that parses its arguments now got wrong ones, or completes."""
    parsing = program.on_the_stack("parse_tasks")
    if parsing is None or parsing.core is _State.seen:
        return
    _State.seen = parsing.core
    grammar = grammar_of(parsing)
    if parsing.args.complete.value:
        _complete(parsing, grammar)
    elif mistake := _mistake(parsing, grammar):
        raise _refusal(mistake, parsing)


def grammar_of(parsing: Program) -> Grammar:
    """Return what a program understands, once its tasks are loaded."""
    # A program with tasks of its own has them before it loads any.
    collection = cast("Collection", getattr(parsing, "collection", None) or parsing.namespace)
    tasks = [collection[name] for name in collection.task_names]
    # Invoke takes the help of a task away when it makes the options, and needs it again.
    helps = [dict(task.help) for task in tasks]
    contexts = tuple(collection.to_contexts())
    for task, texts in zip(tasks, helps, strict=True):
        task.help.update(texts)
    return Grammar(parsing.initial_context, contexts)


def refuse(parsing: Program) -> None:
    """Raise Exit if the arguments of the program are wrong in a way that can be explained."""
    words = _before_remainder(parsing.argv[1:])
    mistake = mistakes.explain(words, grammar_of(parsing), lambda _: ())
    if mistake:
        raise _refusal(mistake, parsing)


def _complete(parsing: Program, grammar: Grammar) -> None:
    words = completion.words_of(parsing.argv, parsing.binary_names)
    exact = bool(getattr(parsing, "completes_exactly", False))
    found = completion.candidates(words, grammar, _known_values(parsing), exact=exact)
    if found is not None:
        streams.write(sys.stdout, "".join(f"{word}\n" for word in found))
        raise Exit


def _known_values(parsing: Program) -> KnownValues:
    places = parsing.collection.configuration().get(file.PLACES)
    return KnownValues(Path(places["folders"][0]) if places else current())


def _mistake(parsing: Program, grammar: Grammar) -> Mistake | None:
    words = _before_remainder(parsing.argv[1:])
    rest = parsing.argv[len(words) + 2 :]
    if found := mistakes.explain(words, grammar, _known_values(parsing)):
        return found
    if isinstance(task := parsing.args.help.value, str):
        return mistakes.in_help(words, task, grammar)
    if isinstance(group := parsing.args.list.value, str):
        return mistakes.in_list(words, group, grammar)
    if rest and _are_ours([words[n] for n in grammar.named(words)], parsing):
        return mistakes.after_end(words, rest, grammar)
    return None


def _are_ours(names: list[str], parsing: Program) -> bool:
    """Return whether all these tasks are the suite's: a project's own may read what follows."""
    return bool(names) and all(program.key_of(parsing.collection[name]) for name in names)


def _before_remainder(words: list[str]) -> list[str]:
    return words[: words.index("--")] if "--" in words else words


def _refusal(mistake: Mistake, parsing: Program) -> Exit:
    """Return the exit of wrong usage, one line on stderr; with ``--json``, print its document."""
    words = mistake.right or mistake.help or ("--list",)
    command = " ".join(map(shlex.quote, (*program.typed_words(parsing), *words)))
    if "--json" in parsing.argv:
        error = OsemError(
            mistake.text, code=ErrorCode.INVALID_CONFIGURATION, remediation=f"Type: {command}"
        )
        with contextlib.suppress(OSError):  # the same is on stderr
            shown = document(CONFIGURATION, dict(NOWHERE), Outcome(error=error), 0)
            Console(as_json=True).document(shown)
    line = one_line(f"{mistake.text} Type: {command}")
    return Exit(without_commands(line, os.environ), code=EXIT_FAILED)
