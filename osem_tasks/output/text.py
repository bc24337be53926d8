"""Make text from other sources harmless; all output passes through here. Pure.

Names, tags, ARNs, messages and log lines come from servers, files and shells. A terminal
executes control characters; GitHub's runner executes lines such as ``::stop-commands::``.
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
# Invisible letters and marks.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
_COMMAND = re.compile(r"^(\s*)::")
# Runners find the older form of a command anywhere in a line.
_OLD_COMMAND = re.compile(r"##(\w*)\[")


def visible(text: str) -> str:
    r"""Return ``text`` on one line, with invisible characters escaped as in JSON: ``\n``."""
    if text.isprintable() and not any(letter in text for letter in _BLANK):
        return text
    return "".join(_escaped(letter) if _is_hidden(letter) else letter for letter in text)


def one_line(text: str) -> str:
    """Return ``text`` on one line, without secrets or invisible characters."""
    return visible(redact(text))


def block(text: str) -> list[str]:
    """Return ``text`` as lines; all but the first are indented, so that they differ from ours."""
    first, *others = redact(text).split("\n")
    return [visible(first), *(_continued(visible(line)) for line in others)]


def remedy_text(remedy: str) -> str:
    """Return ``remedy`` after an arrow; further lines, as of several commands, are aligned."""
    return f"{INDENT}{ARROW} " + remedy.replace("\n", f"\n{INDENT * 2}")


def without_commands(line: str, variables: Mapping[str, str]) -> str:
    r"""Return ``line`` without a workflow command: ``\::error::`` on GitHub's runner."""
    if not runs_on_github(variables):
        return line
    # Runners ignore white space before a command of the newer form.
    return _COMMAND.sub(r"\1\\::", _OLD_COMMAND.sub(r"##\1\\[", line))


def json_line(value: object, variables: Mapping[str, str]) -> str:
    """Return ``value`` as one line of ASCII JSON without a command for a runner."""
    text = json.dumps(value, ensure_ascii=True)
    return _OLD_COMMAND.sub(r"##\1\\u005b", text) if runs_on_github(variables) else text


def runs_on_github(variables: Mapping[str, str]) -> bool:
    """Return whether the process runs in GitHub's runner."""
    return variables.get("GITHUB_ACTIONS") == "true"


def _is_hidden(letter: str) -> bool:
    return letter in _BLANK or unicodedata.category(letter) in _HIDDEN


def _escaped(letter: str) -> str:
    return json.dumps(letter)[1:-1]


def _continued(line: str) -> str:
    # An arrow below an error marks our remedy; text from other sources must not imitate it.
    if line.lstrip().startswith(ARROW):
        line = line.replace(ARROW, _escaped(ARROW), 1)
    return line if line.startswith(INDENT) else f"{INDENT}{line}"
