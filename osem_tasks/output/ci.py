"""What CI systems read: GitHub's annotations and step summary, JUnit's XML. Pure.

Names, states and values come from servers: what a format would read as its own is escaped.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from osem_tasks.output.messages import message
from osem_tasks.output.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.schema.difference import TableDiff

# GitHub shows some ten annotations of a kind for a step and drops the rest in silence.
MAX_ANNOTATIONS = 10
# What XML 1.0 has no way to write, not even escaped.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What Markdown and HTML may take for their own; these stay readable in the source.
_MARKUP = {ord(mark): f"&#{ord(mark)};" for mark in set(string.punctuation) - set(".,-()='\"")}
_PLAIN_NAME = re.compile(r"[\w.-]+", re.ASCII)


def annotation_lines(diffs: Sequence[TableDiff]) -> list[str]:
    """One ``::error`` line for each difference; the last tells of those left out."""
    found = [
        f"::error title={_property(f'{fact.issue_type.value} {diff.name}')}::"
        f"{_message(f'{diff.name}: {message(fact)}')}"
        for diff in diffs
        for fact in diff.issues
    ]
    if len(found) <= MAX_ANNOTATIONS:
        return found
    rest = len(found) - MAX_ANNOTATIONS + 1
    return [*found[: MAX_ANNOTATIONS - 1], f"::error title=db.verify::and {rest} more differences"]


def step_summary(diffs: Sequence[TableDiff], environment: str) -> str:
    """A Markdown table for ``$GITHUB_STEP_SUMMARY``."""
    heading = f"### Tables of {_code(environment)}"
    rows = [heading, "", "| table | status | result |", "|---|---|---|"]
    for diff in diffs:
        result = "as declared"
        if diff.issues:
            result = "<br>".join(
                f"**{fact.issue_type.value}** {_markdown(message(fact))}" for fact in diff.issues
            )
        rows.append(f"| {_code(diff.name)} | {_markdown(diff.status)} | {result} |")
    return "\n".join(rows) + "\n"


def junit(diffs: Sequence[TableDiff], seconds: float) -> str:
    """A JUnit document: a test case a fact; not comparable ones count as skipped."""
    facts = [(diff, fact) for diff in diffs for fact in diff.facts]
    suite = ET.Element(
        "testsuite",
        name="db.verify",
        tests=str(len(facts)),
        failures=str(sum(len(diff.issues) for diff in diffs)),
        skipped=str(sum(len(diff.not_comparable) for diff in diffs)),
        time=f"{seconds:.3f}",
    )
    for diff, fact in facts:
        case = ET.SubElement(suite, "testcase", classname=diff.name, name=fact.path)
        if fact in diff.issues:
            ET.SubElement(case, "failure", type=fact.issue_type.value, message=message(fact))
        elif fact in diff.not_comparable:
            ET.SubElement(case, "skipped", message=fact.reason)
    for element in suite.iter():
        element.attrib = {key: _attribute(value) for key, value in element.attrib.items()}
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _message(text: str) -> str:
    # What is visible has no line break left; ``%`` would begin an escape of GitHub's own.
    return re.sub(r"##(\w*)\[", r"##\1\\[", one_line(text)).replace("%", "%25")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def _attribute(text: str) -> str:
    return _NOT_XML.sub("\ufffd", one_line(text))


def _markdown(text: str) -> str:
    return one_line(text).translate(_MARKUP)


def _code(text: str) -> str:
    """A name in the type of code. A backtick or a bar in it would end Markdown's own form."""
    if _PLAIN_NAME.fullmatch(text):
        return f"`{one_line(text)}`"
    return f"<code>{_markdown(text)}</code>"
