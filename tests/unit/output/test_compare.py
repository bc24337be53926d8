"""Two environments compared: what one of them lacks is said, never counted as facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.compare import Sides, compare_outcome
from osem_tasks.output.outcome import Line, Mark
from osem_tasks.schema.compare_live import compare_live
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import table
from tests.support.examples import examples

if TYPE_CHECKING:
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.schema.difference import TableDiff

ERROR = OsemError("They differ.", code=ErrorCode.SCHEMA_VALIDATION_FAILED, remediation="Look.")
SIDES = Sides("dev", "staging")
BOTH, MINE, THEIRS, NEITHER = (True, True), (True, False), (False, True), (False, False)


def live(name: str, key: str = "id S") -> LiveTable:
    """A live table with nothing but a key."""
    return LiveTable(table=table(name, key), status="ACTIVE", index_status={})


def diff(name: str, exists: tuple[bool, bool], their_key: str = "id S") -> TableDiff:
    """The comparison of a table that exists on these sides."""
    here, there = exists
    return compare_live(
        live(name, their_key) if there else None, live(name) if here else None, name, frozenset()
    )


def outcome_of(**tables: tuple[bool, bool]) -> Outcome:
    """The outcome for tables that exist on these sides, alike where on both."""
    diffs = [diff(name, exists) for name, exists in tables.items()]
    wrong = any(found.issues for found in diffs)
    return compare_outcome(diffs, tables, SIDES, ERROR if wrong else None)


@pytest.mark.parametrize(
    "exists, line, where, passed",
    [
        (NEITHER, Line(Mark.WARNING, "Users  missing in both"), "missing in both", True),
        (MINE, Line(Mark.FAILED, "Users  only in dev"), "only in dev", False),
        (THEIRS, Line(Mark.FAILED, "Users  only in staging"), "only in staging", False),
    ],
    ids=["neither", "mine", "theirs"],
)
def test_a_table_that_one_side_lacks(
    exists: tuple[bool, bool], line: Line, where: str, passed: bool
) -> None:
    """One line says where the table is, JSON says it in the same words; exit codes stay."""
    actual = outcome_of(Users=exists)
    [check] = actual.data["checks"]

    assert actual.lines == [line]
    assert (check["where"], check["passed"]) == (where, passed)
    assert [issue["message"] for issue in check["issues"]] == ([] if passed else [where])
    assert (actual.error is None) is passed


def test_a_table_of_both_is_compared() -> None:
    """A table of both sides keeps its number of facts, its issues and their messages."""
    diffs = [diff("Users", BOTH, "other S"), diff("Teams", BOTH)]

    actual = compare_outcome(diffs, {"Users": BOTH, "Teams": BOTH}, SIDES, ERROR)

    assert [line.text for line in actual.lines] == [
        "Users  4 of 5 facts",
        "    WRONG_PARTITION_KEY  key.partition: expected other S, found id S",
        "Teams  5 of 5 facts",
    ]
    assert [check["where"] for check in actual.data["checks"]] == ["in both", "in both"]


@pytest.mark.parametrize(
    "tables, summary, numbers",
    [
        pytest.param(
            {"A": BOTH, "B": BOTH},
            "2 of 2 tables agree with 'staging' (10 checks passed)",
            (2, 2, 0, 0, 0, 0, 0),
            id="all",
        ),
        pytest.param(
            {"A": BOTH, "B": NEITHER, "C": NEITHER},
            "1 of 3 tables agree with 'staging', 2 missing in both (5 checks passed)",
            (3, 1, 2, 0, 2, 0, 0),
            id="some-in-neither",
        ),
        pytest.param(
            {"A": MINE, "B": THEIRS, "C": NEITHER, "D": BOTH},
            "1 of 4 tables agree with 'staging', 1 missing in both, 1 only in dev, "
            "1 only in staging (5 checks passed)",
            (4, 1, 3, 2, 1, 1, 1),
            id="each",
        ),
    ],
)
def test_summary(
    tables: dict[str, tuple[bool, bool]], summary: str, numbers: tuple[int, ...]
) -> None:
    """The numbers of text and JSON are of the same tables, and add up."""
    actual = outcome_of(**tables)

    assert actual.summary is not None
    assert actual.summary.text == summary
    assert dict(actual.data["summary"]) == dict(
        zip(
            (
                "totalTables",
                "tablesFound",
                "tablesMissing",
                "tablesWithIssues",
                "tablesMissingInBoth",
                "tablesOnlyHere",
                "tablesOnlyThere",
            ),
            numbers,
            strict=True,
        )
    )


@given(
    st.dictionaries(
        st.sampled_from("ABCDEFGH"), st.tuples(st.booleans(), st.booleans()), min_size=1
    )
)
@examples(100)
def test_no_table_has_no_facts(tables: dict[str, tuple[bool, bool]]) -> None:
    """No table has "0 of 0 facts"; every table has its line, and the numbers add up."""
    actual = outcome_of(**tables)
    numbers = actual.data["summary"]

    assert [line.text for line in actual.lines if " 0 of " in line.text] == []
    assert [line.text.partition(" ")[0] for line in actual.lines] == list(tables)
    assert numbers["tablesFound"] + numbers["tablesMissing"] == len(tables)
    assert numbers["tablesMissing"] == (
        numbers["tablesMissingInBoth"] + numbers["tablesOnlyHere"] + numbers["tablesOnlyThere"]
    )
