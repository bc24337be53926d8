"""Completes values, and lets wrong usage be reported before Invoke does, in ``osem`` and ``inv``.

``inv`` is Invoke's own program: it loads ``tasks.py``, asks every task for its options, and only
then parses the command line. The tasks of this suite look at the command line when they are asked.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from invoke.exceptions import Exit

from osem_tasks.output import streams
from osem_tasks.tasks import completion
from osem_tasks.tasks.understood import grammar_of, known_values

if TYPE_CHECKING:
    from invoke.program import Program

    from osem_tasks.tasks.grammar import Grammar


def check(parsing: Program) -> None:
    """Raise Exit if the program that parses its arguments now got wrong ones, or completes."""
    grammar = grammar_of(parsing)
    if parsing.args.complete.value:
        _complete(parsing, grammar)
    elif _may_be_wrong(parsing, grammar):
        from osem_tasks.tasks import misuse

        misuse.check(parsing, grammar)


def _may_be_wrong(parsing: Program, grammar: Grammar) -> bool:
    """Return whether the arguments are to be looked at more closely, which loads more modules."""
    asks = any(isinstance(parsing.args[name].value, str) for name in ("help", "list"))
    return asks or "--" in parsing.argv or grammar.error_in_tasks(parsing.core.unparsed) is not None


def _complete(parsing: Program, grammar: Grammar) -> None:
    words = completion.words_of(parsing.argv, parsing.binary_names)
    exact = bool(getattr(parsing, "completes_exactly", False))
    if exact and words[:1] == ["help"]:
        words[0] = "--help"
    found = completion.candidates(words, grammar, known_values(parsing), exact=exact)
    if found is not None:
        streams.write(sys.stdout, "".join(f"{word}\n" for word in found))
        raise Exit
