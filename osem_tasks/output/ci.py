"""Formats for CI systems: GitHub's annotations and step summary, JUnit's XML. Pure.

Names, states and values come from servers, so the syntax of every format is escaped in them.
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

# GitHub shows about ten annotations of one level per step and silently drops the rest.
MAX_ANNOTATIONS = 10
# Characters that XML 1.0 cannot represent, not even escaped.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Punctuation that Markdown or HTML may interpret; the exceptions keep the source readable.
_MARKUP = {ord(mark): f"&#{ord(mark)};" for mark in set(string.punctuation) - set(".,-()='\"")}
_PLAIN_NAME = re.compile(r"[\w.-]+", re.ASCII)


def annotation_lines(diffs: Sequence[TableDiff]) -> list[str]:
    """Return one ``::error`` line per difference; the last line counts the omitted ones."""
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
    """Return a Markdown table for ``$GITHUB_STEP_SUMMARY``."""
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
    """Return a JUnit document with one test case per fact; facts not compared are skipped."""
    facts = [(diff, fact) for diff in diffs for fact in diff.facts]
    suite = ET.Element(
        "testsuite",
        name="db.verify",
        tests=str(len(facts)),
        failures=str(sum(len(diff.issues) for diff in diffs)),
        skipped=str(sum(len(diff.not_comparable) + len(diff.not_judged) for diff in diffs)),
        time=f"{seconds:.3f}",
    )
    for diff, fact in facts:
        case = ET.SubElement(suite, "testcase", classname=diff.name, name=fact.path)
        if fact in diff.issues:
            ET.SubElement(case, "failure", type=fact.issue_type.value, message=message(fact))
        elif fact in (*diff.not_comparable, *diff.not_judged):
            ET.SubElement(case, "skipped", message=fact.reason)
    for element in suite.iter():
        element.attrib = {key: _attribute(value) for key, value in element.attrib.items()}
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _message(text: str) -> str:
    # one_line() leaves no line break; ``%`` would start one of GitHub's escapes.
    return re.sub(r"##(\w*)\[", r"##\1\\[", one_line(text)).replace("%", "%25")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def _attribute(text: str) -> str:
    return _NOT_XML.sub("\ufffd", one_line(text))


def _markdown(text: str) -> str:
    return one_line(text).translate(_MARKUP)


def _code(text: str) -> str:
    """Return a name as HTML code: a backtick or a bar in it would break Markdown's syntax."""
    if _PLAIN_NAME.fullmatch(text):
        return f"`{one_line(text)}`"
    return f"<code>{_markdown(text)}</code>"
