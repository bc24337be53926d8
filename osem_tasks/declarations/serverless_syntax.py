"""The text of a variable of the Serverless Framework: where it ends, and its alternatives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from osem_tasks.declarations.values import Unknown
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A variable names its source in lower case; CloudFormation's ${AWS::Region} does not.
VARIABLE = re.compile(r"\$\{\s*(?:[a-z][A-Za-z0-9_-]*[:(]|\$\{)")
PACKAGE = (
    "Let the framework resolve it: 'serverless package', then set osem.tables to "
    ".serverless/cloudformation-template-update-stack.json"
)


class UnresolvedError(Exception):
    """A variable whose value is not known here."""

    def __init__(self, reason: str, parameter: str = "") -> None:
        self.value = Unknown(reason, parameter, way=PACKAGE)
        super().__init__(reason)


def parts_of(text: str) -> Iterator[str]:
    """Yield plain text and the inside of a variable by turns; one variable alone stays alone."""
    start = 0
    pieces: list[str] = []
    for match in VARIABLE.finditer(text):
        if match.start() < start:
            continue
        end = _end(text, match.start())
        pieces += [text[start : match.start()], text[match.start() + 2 : end]]
        start = end + 1
    pieces.append(text[start:])
    if len(pieces) == 3 and not pieces[0] and not pieces[2]:  # noqa: PLR2004  one variable
        pieces = [pieces[1]]
    yield from pieces


def _end(text: str, start: int) -> int:
    """Return the position of the brace that closes the variable at ``start``."""
    depth = 0
    for position in range(start, len(text)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    raise UnresolvedError(f"the variable in {shown(text)} has no end")


def alternatives(text: str) -> Sequence[str]:
    """Return the parts that commas divide, outside quotes and parentheses."""
    return re.findall(r"(?:[^,'\"(]|'[^']*'|\"[^\"]*\"|\([^)]*\)|['\"(])+", text)
