"""Reports wrong usage in one line, with the words to type, before Invoke does."""

from __future__ import annotations

import contextlib
import os
import shlex
from typing import TYPE_CHECKING

from invoke.exceptions import Exit

from osem_tasks.errors import EXIT_FAILED, ErrorCode, OsemError
from osem_tasks.output.console import Console
from osem_tasks.output.outcome import Outcome
from osem_tasks.output.text import one_line, without_commands
from osem_tasks.tasks import asked, mistakes, program, understood
from osem_tasks.tasks.document import CONFIGURATION, document
from osem_tasks.tasks.job import NOWHERE

if TYPE_CHECKING:
    from invoke.program import Program

    from osem_tasks.tasks.corrections import Mistake
    from osem_tasks.tasks.grammar import Grammar


def check(parsing: Program, grammar: Grammar) -> None:
    """Raise Exit if the tasks' arguments of the program are wrong."""
    mistake = _mistake(parsing, grammar)
    if mistake:
        raise _refusal(mistake, parsing)


def refuse(parsing: Program) -> None:
    """Raise Exit if the arguments of the program are wrong in a way that can be explained."""
    words = _before_remainder(parsing.argv[1:])
    mistake = mistakes.explain(words, understood.grammar_of(parsing), lambda _: ())
    if mistake:
        raise _refusal(mistake, parsing)


def _mistake(parsing: Program, grammar: Grammar) -> Mistake | None:
    words = _before_remainder(parsing.argv[1:])
    rest = parsing.argv[len(words) + 2 :]
    if grammar.error(words):
        asked.ask_for_all()
        grammar = understood.grammar_of(parsing)
        if found := mistakes.explain(words, grammar, understood.known_values(parsing)):
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
