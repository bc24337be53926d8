"""Text from elsewhere, made harmless: the door that every output passes. Pure.

Names, tags, ARNs, messages and log lines come from servers, files and shells. On a terminal a
control character acts; on GitHub's runner a line such as ``::stop-commands::`` does.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING

from osem_tasks.config.secrets import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

INDENT = "  "
ARROW = "→"
# Control, format (bidi, zero width), surrogate, unassigned, line and paragraph separators.
_HIDDEN = ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")
# Letters and marks that nobody sees.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
_COMMAND = re.compile(r"^(\s*)::")
# Runners look for the older form of a command anywhere in a line.
_OLD_COMMAND = re.compile(r"##(\w*)\[")


def visible(text: str) -> str:
    r"""``text`` on one line, with what cannot be seen written as JSON does: ``\u001b``, ``\n``."""
    if text.isprintable() and not any(letter in text for letter in _BLANK):
        return text
    return "".join(_escaped(letter) if _is_hidden(letter) else letter for letter in text)


def one_line(text: str) -> str:
    """``text`` on one line, without secrets, and nothing in it hidden."""
    return visible(redact(text))


def block(text: str) -> list[str]:
    """``text`` as lines, all but the first indented: only the first can look like one of ours."""
    first, *others = redact(text).split("\n")
    return [visible(first), *(_continued(visible(line)) for line in others)]


def without_commands(line: str, variables: Mapping[str, str]) -> str:
    r"""``line`` without a workflow command: ``\::error::`` where GitHub's runner reads along."""
    if not runs_on_github(variables):
        return line
    # Runners pass over white space before a command of the newer form.
    return _COMMAND.sub(r"\1\\::", _OLD_COMMAND.sub(r"##\1\\[", line))


def json_line(value: object, variables: Mapping[str, str]) -> str:
    """``value`` as one line of ASCII, in which a runner finds no command either."""
    text = json.dumps(value, ensure_ascii=True)
    return _OLD_COMMAND.sub(r"##\1\\u005b", text) if runs_on_github(variables) else text


def runs_on_github(variables: Mapping[str, str]) -> bool:
    """Whether GitHub's runner reads what is written."""
    return variables.get("GITHUB_ACTIONS") == "true"


def _is_hidden(letter: str) -> bool:
    return letter in _BLANK or unicodedata.category(letter) in _HIDDEN


def _escaped(letter: str) -> str:
    return json.dumps(letter)[1:-1]


def _continued(line: str) -> str:
    # A remedy is an arrow below an error: a text from elsewhere must not write one.
    if line.lstrip().startswith(ARROW):
        line = line.replace(ARROW, _escaped(ARROW), 1)
    return line if line.startswith(INDENT) else f"{INDENT}{line}"
