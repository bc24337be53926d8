"""Completes the values of options, and prints the scripts for ``osem``. Pure.

Task names and options are completed by Invoke. Its scripts, which ``inv`` uses, leave out an empty
word at the end, so that the last word may be finished or not; those of ``osem`` do not.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from osem_tasks.tasks.grammar import has, takes_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osem_tasks.tasks.grammar import Grammar

    # The values of an option that are known, by its name: ``--env``.
    Values = Callable[[str], Sequence[str]]

# A shell may expand or split any other word.
_HARMLESS = re.compile(r"[\w.:/@%+,-]+", re.ASCII)
MAX_CANDIDATES = 1_000
# Values of Invoke's own options.
_LAYOUTS = ("flat", "nested", "json")


def words_of(arguments: Sequence[str], programs: Sequence[str]) -> list[str]:
    """Return the words to complete: those after ``--``, without the program's name."""
    words = list(arguments[list(arguments).index("--") + 1 :]) if "--" in arguments else []
    if words and PurePath(words[0]).name in programs:
        return words[1:]
    return words


def candidates(
    words: Sequence[str], grammar: Grammar, values: Values, *, exact: bool
) -> list[str] | None:
    """Return the words that may stand in the place of the last one, or behind it.

    ``exact``: the last word is the one under the cursor, empty if nothing is typed yet. Returns
    None where no value is expected, and an empty list for a value that is not known, so that the
    shell completes files.
    """
    option, begun, lead = _value_at(list(words))
    if not option:
        return None
    task = _task_before(words, grammar)
    if not _takes_value(grammar, task, option):
        return None
    known = [word for word in _values(grammar, task, option, values) if _HARMLESS.fullmatch(word)]
    fitting = [lead + word for word in known if word.startswith(begun)][:MAX_CANDIDATES]
    finished = not exact and begun != "" and not lead and (begun in known or not fitting)
    return [*fitting, *grammar.names()] if finished else fitting


def _value_at(words: list[str]) -> tuple[str, str, str]:
    """Return the option whose value is at the end, its beginning, and what a shell wants before it.

    bash passes ``--env=d`` as three words, and wants the value only.
    """
    last = words[-1] if words else ""
    before = words[-2] if len(words) > 1 else ""
    if last == "=":
        return before, "", ""
    if before == "=":
        return "".join(words[-3:-2]), last, ""
    if last.startswith("--"):
        option, equals, begun = last.partition("=")
        return option, begun, option + equals if equals else ""
    return (before, last, "") if before.startswith("--") else ("", "", "")


def _task_before(words: Sequence[str], grammar: Grammar) -> str | None:
    named = list(grammar.named(words[:-1]))
    return words[named[-1]] if named else None


def _takes_value(grammar: Grammar, task: str | None, option: str) -> bool:
    owner = grammar.options(task)
    return takes_value(owner if has(owner, option) else grammar.core, option)


def _values(grammar: Grammar, task: str | None, option: str, values: Values) -> Sequence[str]:
    if has(grammar.options(task), option) and task:
        choices = getattr(grammar.options(task).flags[option], "choices", ())
        return choices or values(option)
    of_program = {
        "--help": grammar.names(),
        "--list": grammar.groups(),
        "--list-format": _LAYOUTS,
        "--print-completion-script": tuple(SCRIPTS),
    }
    return of_program.get(option, ())


_BASH = """\
_complete_osem() {
    local candidate
    COMPREPLY=()
    while IFS= read -r candidate; do
        [[ $candidate == "$2"* ]] && COMPREPLY+=("$candidate")
    done < <(osem --complete -- "${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
}
complete -F _complete_osem -o default osem
"""
_ZSH = """\
_complete_osem() {
    local -a found
    found=(${(f)"$(osem --complete -- "${(@)words[1,CURRENT]}" 2>/dev/null)"})
    if (( $#found )); then compadd -a found; else _files; fi
}
_complete_osem_early() {
    local -a typed
    local place
    read -Ac typed
    read -cn place
    reply=(${(f)"$(osem --complete -- "${(@)typed[1,place]}" 2>/dev/null)"})
}
if (( $+functions[compdef] )); then
    compdef _complete_osem osem
else
    compctl -K _complete_osem_early + -f osem
fi
"""
_FISH = """\
function __complete_osem
    set --local typed (commandline --tokenize --cut-at-cursor --current-process)
    set --local last (commandline --current-token --cut-at-cursor)
    set --local found (osem --complete -- $typed "$last" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path "$last"
    end
end
complete --command osem --no-files --arguments '(__complete_osem)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
