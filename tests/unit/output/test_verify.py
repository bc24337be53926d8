"""The checks of a verification: every difference with its remedy, in lines as in data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.output.verify import verify_outcome
from osem_tasks.schema.compare import compare
from osem_tasks.schema.difference import Fact, IssueType, TableDiff
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Table, TimeToLive, table

ERROR = OsemError("Denied.", code=ErrorCode.AWS_PERMISSIONS_DENIED, remediation="Ask for more.")
TEAMS = table("Teams", "teamId S", {"managerId-index": "managerId S"}, ttl=TimeToLive("expiresAt"))
USERS = table("Users", "userId S", tags=(("Environment", "dev"),))


def live(found: Table, **state: Any) -> LiveTable:
    """``found`` as an engine holds it."""
    return LiveTable(**{"table": found, "status": "ACTIVE", "index_status": {}, **state})


def texts(outcome: Outcome) -> list[str]:
    """The result's lines, without their marks."""
    return [line.text for line in outcome.lines]


DIFFS = [
    compare(
        TEAMS,
        live(
            replace(TEAMS, global_indexes=(), ttl=TimeToLive(None)),
        ),
    ),
    compare(USERS, live(USERS, unreadable={"tags": "DynamoDB Local has no such call"})),
    compare(table("Longest", "id S"), None),
]


def remedy(_: TableDiff, fact: Fact) -> str:
    """What is to be typed for a difference of an environment ``dev``."""
    missing = fact.issue_type is IssueType.TABLE_NOT_FOUND
    return f"inv db.{'setup' if missing else 'repair'} --env dev"


def test_verify_lines() -> None:
    """Verify shows each table's count, each difference and its remedy, then what it left out."""
    assert [
        Line(Mark.FAILED, "Teams    4 of 6 facts"),
        Line(
            Mark.PLAIN,
            "    MISSING_GSI  index[managerId-index]: missing (expected managerId S)",
        ),
        Line(Mark.DETAIL, "      inv db.repair --env dev"),
        Line(Mark.PLAIN, "    WRONG_TTL  ttl: missing (expected expiresAt)"),
        Line(Mark.DETAIL, "      inv db.repair --env dev"),
        Line(Mark.DONE, "Users    4 of 4 facts, 1 not comparable"),
        Line(Mark.FAILED, "Longest  0 of 1 facts"),
        Line(Mark.PLAIN, "    TABLE_NOT_FOUND  the table does not exist"),
        Line(Mark.DETAIL, "      inv db.setup --env dev"),
        Line(Mark.DETAIL, "not comparable: tags of 1 table (DynamoDB Local has no such call)"),
    ] == verify_outcome(DIFFS, ERROR, remedy=remedy).lines


def test_verify_data() -> None:
    """Verify's data has one check a table, with every issue and what was not comparable."""
    issue = {
        "type": "MISSING_GSI",
        "path": "index[managerId-index]",
        "message": "index[managerId-index]: missing (expected managerId S)",
        "expected": "managerId S",
        "found": None,
        "remediation": "inv db.repair --env dev",
    }
    teams, users, longest = verify_outcome(DIFFS, ERROR, remedy=remedy).data["checks"]

    assert issue == teams["issues"][0]
    assert [
        (check["tableName"], check["status"], check["passed"]) for check in (teams, users, longest)
    ] == [
        ("Teams", "ACTIVE", False),
        ("Users", "ACTIVE", True),
        ("Longest", "NOT_FOUND", False),
    ]
    assert users["notComparable"] == [
        {
            "path": "tags",
            "expected": {"Environment": "dev"},
            "reason": "DynamoDB Local has no such call",
        }
    ]


@pytest.mark.parametrize(
    "diffs, error, numbers, summary",
    [
        pytest.param(
            DIFFS,
            ERROR,
            (3, 2, 1, 2),
            Line(Mark.FAILED, "1 of 3 tables match the model (8 checks passed)"),
            id="issues",
        ),
        pytest.param(
            [DIFFS[1], compare(TEAMS, live(TEAMS))],
            None,
            (2, 2, 0, 0),
            Line(Mark.DONE, "2 of 2 tables match the model (12 checks passed)"),
            id="clean",
        ),
    ],
)
def test_verify_summary(
    diffs: list[TableDiff], error: OsemError | None, numbers: tuple[int, ...], summary: Line
) -> None:
    """The summary counts tables found, missing and with issues, in both forms."""
    actual = verify_outcome(diffs, error, remedy=remedy)

    assert numbers == tuple(actual.data["summary"].values())
    assert list(actual.data["summary"]) == [
        "totalTables",
        "tablesFound",
        "tablesMissing",
        "tablesWithIssues",
    ]
    assert (summary, error) == (actual.summary, actual.error)


def test_lines_and_data_carry_the_same_issues() -> None:
    """Every issue of the JSON form stands in a line, with type, message and remedy."""
    actual = verify_outcome(DIFFS, None, remedy=remedy)
    issues = [issue for check in actual.data["checks"] for issue in check["issues"]]
    lines = texts(actual)

    assert [f"    {issue['type']}  {issue['message']}" for issue in issues] == [
        line for line in lines if line.startswith("    ") and not line.startswith("     ")
    ]
    assert [f"      {issue['remediation']}" for issue in issues] == [
        line for line in lines if line.startswith("      ")
    ]


def test_what_is_not_comparable_is_counted_by_reason() -> None:
    """A fact that no table could be compared in is one line, not one a table."""
    reason = {"tags": "no such call"}
    tables = [replace(USERS, name=f"Users{n}") for n in range(3)]
    actual = verify_outcome(
        [compare(table, live(table, unreadable=reason)) for table in tables], None, remedy=remedy
    )

    assert texts(actual)[3:] == ["not comparable: tags of 3 tables (no such call)"]


def test_a_comparison_names_the_other_environment_and_no_remedy() -> None:
    """A remedy leads to the model; between two environments there is none."""
    actual = verify_outcome(DIFFS, ERROR, other="staging")
    issues = [issue for check in actual.data["checks"] for issue in check["issues"]]

    assert actual.summary == Line(
        Mark.FAILED, "1 of 3 tables agree with 'staging' (8 checks passed)"
    )
    assert {issue["remediation"] for issue in issues} == {""}
    assert [text for text in texts(actual) if text.startswith("      ")] == []
