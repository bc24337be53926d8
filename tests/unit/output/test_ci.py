"""Reports for CI systems: well-formed whatever the names hold, the same facts as the checks."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.output.ci import annotation_lines, junit, step_summary
from osem_tasks.schema.difference import Fact, IssueType, TableDiff, Verdict

WRONG = Fact("stream", Verdict.DIFFERENT, IssueType.WRONG_STREAM, "NEW_IMAGE", None)
SAME = Fact("billing", Verdict.SAME, IssueType.WRONG_BILLING_MODE, "x", "x")
BLIND = Fact("tags", Verdict.NOT_COMPARABLE, IssueType.WRONG_TAGS, {"a": "1"}, None, "no such call")
USERS = TableDiff("Users", "ACTIVE", (SAME, WRONG, BLIND))
TEAMS = TableDiff("Teams", "ACTIVE", (SAME,))
NASTY = "50% | <a>&\"':,\r\n::error::"


def many(number: int) -> TableDiff:
    """A table with so many differences."""
    return TableDiff("Users", "ACTIVE", tuple(replace(WRONG, path=f"{n}") for n in range(number)))


def test_an_annotation_for_each_difference() -> None:
    """One line a difference, with type, table and what differs; none for what is the same."""
    assert annotation_lines([USERS, TEAMS]) == [
        "::error title=WRONG_STREAM Users::Users: stream: missing (expected NEW_IMAGE)"
    ]


@pytest.mark.parametrize("number, shown", [(0, 0), (1, 1), (10, 10), (11, 10), (50, 10)])
def test_no_more_annotations_than_github_shows(number: int, shown: int) -> None:
    """Beyond ten, the last line tells how many are left out, none is dropped in silence."""
    lines = annotation_lines([many(number)])

    assert len(lines) == shown
    if number > shown:
        assert lines[-1] == f"::error title=db.verify::and {number - 9} more differences"


def test_an_annotation_stays_one_line() -> None:
    """What would end a line or begin another command is escaped."""
    diff = TableDiff(NASTY, "ACTIVE", (replace(WRONG, expected=NASTY),))

    (line,) = annotation_lines([diff])

    title, _, text = line.removeprefix("::error title=").partition("::")
    assert len(line.splitlines()) == 1
    assert "50%25" in title
    assert "50%25" in text
    assert not {":", ","} & {*title}


def test_the_summary_is_a_table() -> None:
    """A heading, then a row a table; a bar or a line break in a value does not end its cell."""
    diff = TableDiff("Plans", "ACTIVE", (replace(WRONG, expected="a|b"),))

    text = step_summary([USERS, TEAMS, diff], "dev")

    lines = text.splitlines()
    assert lines[0] == "### Tables of `dev`"
    assert lines[2:4] == ["| table | status | result |", "|---|---|---|"]
    assert lines[5] == "| `Teams` | ACTIVE | as declared |"
    assert "**WRONG_STREAM**" in lines[4]
    assert lines[6].replace("\\|", "").count("|") == 4
    assert text.endswith("|\n")


def test_junit_has_a_case_for_each_fact() -> None:
    """Cases, failures and skips are those of the facts, and the totals are theirs."""
    suite = ET.fromstring(junit([USERS, TEAMS], 1.5))

    totals = {key: suite.get(key) for key in ("tests", "failures", "skipped", "time")}
    cases = {(c.get("classname"), c.get("name")): [e.tag for e in c] for c in suite}
    assert totals == {"tests": "4", "failures": "1", "skipped": "1", "time": "1.500"}
    assert cases == {
        ("Users", "billing"): [],
        ("Users", "stream"): ["failure"],
        ("Users", "tags"): ["skipped"],
        ("Teams", "billing"): [],
    }


def test_junit_of_equal_facts_of_one_table() -> None:
    """A fact that is the same is no failure because another one differs."""
    diff = TableDiff("Users", "ACTIVE", (SAME, replace(WRONG, path="a"), replace(WRONG, path="b")))

    suite = ET.fromstring(junit([diff], 0))

    assert [len(case) for case in suite] == [0, 1, 1]


@pytest.mark.parametrize("text", [NASTY, "zero\x00byte", "\x1b[31mred", "\ufffe", "日本語 ✓"])
def test_junit_stays_xml_whatever_a_value_holds(text: str) -> None:
    """A tag's value may hold any character; the document can still be read."""
    diff = TableDiff("Users", "ACTIVE", (replace(WRONG, expected={"k": text}, found={}),))

    suite = ET.fromstring(junit([diff], 0).encode())

    assert suite.get("failures") == "1"


TEXTS = st.text() | st.sampled_from(
    [NASTY, "[x](javascript:y)", "<img src=x onerror=y>", "`|`", "a\\|b", "\x1b[31m", "\u202e"]
)


@given(name=TEXTS, status=TEXTS, value=TEXTS, environment=TEXTS)
def test_no_value_leaves_its_place(name: str, status: str, value: str, environment: str) -> None:
    """For any text: annotations stay a line each, rows a row, and JUnit stays XML."""
    diff = TableDiff(name, status, (replace(WRONG, path=value, expected=value), SAME, BLIND))

    (line,) = annotation_lines([diff])
    heading, _, *rows = step_summary([diff, TEAMS], environment).splitlines()
    suite = ET.fromstring(junit([diff], 0).encode())

    title, _, text = line.removeprefix("::error title=").partition("::")
    assert len(line.splitlines()) == 1
    assert ":" not in title
    assert "##[" not in text
    assert heading.startswith("### Tables of ")
    assert [row.count("|") for row in rows] == [4] * 4
    markup = "".join(rows).replace("<br>", "").replace("<code>", "").replace("</code>", "")
    assert "<" not in markup
    assert "[" not in markup
    assert suite.get("tests") == "3"


@pytest.mark.parametrize(
    "name, cell",
    [
        ("osem-dev-Users", "`osem-dev-Users`"),
        ("a`b", "<code>a&#96;b</code>"),
        ("<b>|</b>", "<code>&#60;b&#62;&#124;&#60;&#47;b&#62;</code>"),
        ("a\nb", "<code>a&#92;nb</code>"),
    ],
)
def test_a_name_in_the_summary(name: str, cell: str) -> None:
    """A plain name is code in Markdown; any other is HTML with everything in it escaped."""
    assert f"| {cell} | ACTIVE |" in step_summary([replace(USERS, name=name)], "dev")
