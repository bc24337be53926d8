"""Results as lines and as JSON: the same facts in both forms."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from osem_tasks.apply.run import Entry, Journal
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output import messages as wording
from osem_tasks.output import outcome as report
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.plan.actions import Action, Kind, Risk
from osem_tasks.schema import live as facts
from osem_tasks.schema.compare import compare
from osem_tasks.schema.difference import Fact, IssueType, TableDiff, Verdict
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
    return [each.text for each in outcome.lines]


@pytest.mark.parametrize(
    "number, expected",
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1440, "1.4 kB"),
        (999_900, "999.9 kB"),
        (999_999, "1.0 MB"),
        (1_400_000, "1.4 MB"),
        (2_000_000_000, "2.0 GB"),
        (3_500_000_000_000, "3.5 TB"),
        (1_000_000_000_000_000, "1000.0 TB"),
    ],
)
def test_size(number: int, expected: str) -> None:
    """Bytes are shown in the unit that leaves a number below 1000, TB being the last."""
    assert expected == report.size(number)


@pytest.mark.parametrize(
    "number, noun, expected",
    [
        (0, "table", "0 tables"),
        (1, "table", "1 table"),
        (2, "table", "2 tables"),
        (1, "index", "1 index"),
        (2, "index", "2 indexes"),
    ],
)
def test_counted(number: int, noun: str, expected: str) -> None:
    """A number with its noun, in the plural but for one."""
    assert expected == report.counted(number, noun)


@pytest.mark.parametrize(
    "rows, expected",
    [
        pytest.param([], [], id="nothing"),
        pytest.param([("a", "b")], ["a  b"], id="one-row"),
        pytest.param([("a", "b"), ("long", "c")], ["a     b", "long  c"], id="widest-cell-counts"),
        pytest.param([("a", ""), ("long", "c")], ["a", "long  c"], id="no-blanks-at-the-end"),
        pytest.param([("", "b"), ("a", "c")], ["   b", "a  c"], id="empty-first-cell"),
    ],
)
def test_columns_are_aligned(rows: list[tuple[str, ...]], expected: list[str]) -> None:
    """Every column is as wide as its widest cell."""
    assert expected == report.aligned(rows)


def journal() -> Journal:
    """A run that failed on its third of five tables."""
    entries = {"a": Entry("ACTIVE", 1.234), "longer": Entry("ACTIVE", 0.5)}
    return Journal(
        names=("longer", "a", "failed", "left-1", "left-2"),
        created={"a": entries["a"]},
        verified={"longer": entries["longer"]},
        failed={"failed": Entry("FAILED", error=ERROR)},
        completed=[Action("a", Kind.ENABLE_TTL, "expiresAt", Risk.SAFE, "because")],
    )


def test_setup_lines() -> None:
    """Setup shows each table in the model's order, what became of it, and then the rest."""
    assert [
        Line(Mark.DONE, "longer  verified       0.50 s"),
        Line(Mark.DONE, "a       created        1.23 s"),
        Line(Mark.FAILED, "failed  FAILED         AWS_PERMISSIONS_DENIED"),
        Line(Mark.WARNING, "left-1  not attempted"),
        Line(Mark.WARNING, "left-2  not attempted"),
        Line(Mark.DONE, "a: enable ttl"),
    ] == report.setup_outcome(journal(), ERROR, 2.5).lines


def test_setup_data() -> None:
    """Setup's data names every table once, with status and milliseconds."""
    assert {
        "tablesCreated": [{"tableName": "a", "status": "ACTIVE", "duration": 1234}],
        "tablesVerified": [{"tableName": "longer", "status": "ACTIVE", "duration": 500}],
        "tablesFailed": [
            {"tableName": "failed", "status": "FAILED", "duration": 0, "error": ERROR.as_json()}
        ],
        "tablesNotAttempted": [
            {"tableName": name, "status": "NOT_ATTEMPTED", "duration": 0}
            for name in ("left-1", "left-2")
        ],
        "totalTables": 5,
        "actionsCompleted": [
            {
                "tableName": "a",
                "action": "enable_ttl",
                "target": "expiresAt",
                "risk": "safe",
                "reason": "because",
                "requires": [],
            }
        ],
    } == report.setup_outcome(journal(), ERROR, 2.5).data


@pytest.mark.parametrize(
    "run, error, summary, changed",
    [
        pytest.param(
            journal(),
            ERROR,
            Line(
                Mark.FAILED,
                "5 tables: 1 created, 1 verified, 1 failed, 2 not attempted (2.50 s)",
            ),
            True,
            id="partial",
        ),
        pytest.param(
            Journal(names=("a",), verified={"a": Entry("ACTIVE")}),
            None,
            Line(Mark.DONE, "1 table: 0 created, 1 verified (2.50 s)"),
            False,
            id="nothing-to-do",
        ),
        pytest.param(
            Journal(names=("a", "b"), created={"a": Entry("ACTIVE"), "b": Entry("ACTIVE")}),
            None,
            Line(Mark.DONE, "2 tables: 2 created, 0 verified (2.50 s)"),
            True,
            id="all-created",
        ),
        pytest.param(
            Journal(names=("a",), failed={"a": Entry("FAILED", error=ERROR)}),
            ERROR,
            Line(Mark.FAILED, "1 table: 0 created, 0 verified, 1 failed, 0 not attempted (2.50 s)"),
            False,
            id="failed-at-once",
        ),
    ],
)
def test_setup_summary(run: Journal, error: OsemError | None, summary: Line, changed: bool) -> None:
    """The summary counts each group, and tells whether a failure is partial."""
    actual = report.setup_outcome(run, error, 2.5)

    assert (summary, error, changed) == (actual.summary, actual.error, actual.changed)


DIFFS = [
    compare(
        TEAMS,
        live(
            replace(TEAMS, global_indexes=(), ttl=TimeToLive(None)),
        ),
    ),
    compare(USERS, live(USERS, unreadable={facts.TAGS: "DynamoDB Local has no such call"})),
    compare(table("Longest", "id S"), None),
]


def test_verify_lines() -> None:
    """Verify shows each table's count, each difference and its remedy, then what it left out."""
    assert [
        Line(Mark.FAILED, "Teams    4 of 6 facts"),
        Line(
            Mark.PLAIN,
            "    MISSING_GSI  index[managerId-index]: expected managerId S, it is missing",
        ),
        Line(Mark.DETAIL, "      inv db.repair --env dev"),
        Line(Mark.PLAIN, "    WRONG_TTL  ttl: expected expiresAt, it is missing"),
        Line(Mark.DETAIL, "      inv db.repair --env dev"),
        Line(Mark.DONE, "Users    4 of 4 facts, 1 not comparable"),
        Line(Mark.FAILED, "Longest  0 of 1 facts"),
        Line(Mark.PLAIN, "    TABLE_NOT_FOUND  the table does not exist"),
        Line(Mark.DETAIL, "      inv db.setup --env dev"),
        Line(Mark.DETAIL, "not comparable: tags of 1 table (DynamoDB Local has no such call)"),
    ] == report.verify_outcome(DIFFS, "dev", ERROR).lines


def test_verify_data() -> None:
    """Verify's data has one check a table, with every issue and what was not comparable."""
    issue = {
        "type": "MISSING_GSI",
        "path": "index[managerId-index]",
        "message": "index[managerId-index]: expected managerId S, it is missing",
        "expected": "managerId S",
        "found": None,
        "remediation": "inv db.repair --env dev",
    }
    teams, users, longest = report.verify_outcome(DIFFS, "dev", ERROR).data["checks"]

    assert issue == teams["issues"][0]
    assert [
        (each["tableName"], each["status"], each["passed"]) for each in (teams, users, longest)
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
            Line(Mark.FAILED, "1 of 3 tables match the model (8 facts the same)"),
            id="issues",
        ),
        pytest.param(
            [DIFFS[1], compare(TEAMS, live(TEAMS))],
            None,
            (2, 2, 0, 0),
            Line(Mark.DONE, "2 of 2 tables match the model (12 facts the same)"),
            id="clean",
        ),
    ],
)
def test_verify_summary(
    diffs: list[TableDiff], error: OsemError | None, numbers: tuple[int, ...], summary: Line
) -> None:
    """The summary counts tables found, missing and with issues, in both forms."""
    actual = report.verify_outcome(diffs, "dev", error)

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
    actual = report.verify_outcome(DIFFS, "dev", None)
    issues = [issue for check in actual.data["checks"] for issue in check["issues"]]
    lines = texts(actual)

    assert [f"    {each['type']}  {each['message']}" for each in issues] == [
        each for each in lines if each.startswith("    ") and not each.startswith("     ")
    ]
    assert [f"      {each['remediation']}" for each in issues] == [
        each for each in lines if each.startswith("      ")
    ]


def test_what_is_not_comparable_is_counted_by_reason() -> None:
    """A fact that no table could be compared in is one line, not one a table."""
    reason = {facts.TAGS: "no such call"}
    tables = [replace(USERS, name=f"Users{n}") for n in range(3)]
    actual = report.verify_outcome(
        [compare(each, live(each, unreadable=reason)) for each in tables], "dev", None
    )

    assert texts(actual)[3:] == ["not comparable: tags of 3 tables (no such call)"]


def fact(issue: IssueType, expected: Any, found: Any, path: str = "x") -> Fact:
    """A difference of the fact at ``path``."""
    return Fact(path, Verdict.DIFFERENT, issue, expected, found)


@pytest.mark.parametrize(
    "expected, found, sentence",
    [
        pytest.param("a S", "a N", "x: expected a S, found a N", id="texts"),
        pytest.param("a S", None, "x: expected a S, it is missing", id="missing"),
        pytest.param(None, "a S", "x: not declared, found a S", id="extra"),
        pytest.param(True, False, "x: expected on, found off", id="booleans"),
        pytest.param(
            {"b": "2", "a": "1"}, {}, "x: expected a=1, b=2, found none", id="mappings-in-order"
        ),
    ],
)
def test_message(expected: object, found: object, sentence: str) -> None:
    """One sentence says what was expected and what was found."""
    assert sentence == wording.message(fact(IssueType.WRONG_STREAM, expected, found))


@pytest.mark.parametrize("issue", IssueType)
def test_every_issue_has_a_remedy(issue: IssueType) -> None:
    """Each kind of issue names a command to type next, with the environment."""
    assert "inv db." in wording.remediation(fact(issue, "a", "b"), "qa")
    assert "--env qa" in wording.remediation(fact(issue, "a", "b"), "qa")


REPAIR = "inv db.repair --env qa"
BY_RESET = "cannot be changed in place; where the data may go: inv db.reset --env qa"


@pytest.mark.parametrize(
    "issue, remedy",
    [
        pytest.param(
            fact(IssueType.TABLE_NOT_FOUND, "ACTIVE", None), "inv db.setup --env qa", id="no-table"
        ),
        pytest.param(fact(IssueType.WRONG_PARTITION_KEY, "a S", "b S"), BY_RESET, id="key"),
        pytest.param(
            fact(IssueType.WRONG_KEY_TYPE, "a S", "a N", "key.partition"), BY_RESET, id="key-type"
        ),
        pytest.param(
            fact(IssueType.WRONG_KEY_TYPE, "a S", "a N", "local_index[i].key"),
            BY_RESET,
            id="local-key-type",
        ),
        pytest.param(fact(IssueType.MISSING_LSI, "a S", None), BY_RESET, id="local-index"),
        pytest.param(
            fact(IssueType.MISSING_GSI, "a S", None, "index[i]"), REPAIR, id="index-missing"
        ),
        pytest.param(
            fact(IssueType.EXTRA_GSI, None, "a S", "index[i]"),
            f"{REPAIR} --prune",
            id="index-extra",
        ),
        *(
            pytest.param(
                fact(issue, "a S", "b S", "index[i].key"),
                f"{REPAIR} --replace-indexes",
                id=f"index-{issue.value.lower()}",
            )
            for issue in (
                IssueType.WRONG_GSI_KEYS,
                IssueType.WRONG_GSI_PROJECTION,
                IssueType.WRONG_KEY_TYPE,
            )
        ),
        pytest.param(fact(IssueType.WRONG_TAGS, {}, {}), REPAIR, id="tags"),
        pytest.param(fact(IssueType.WRONG_STREAM, "NEW_IMAGE", None), REPAIR, id="stream-off"),
        pytest.param(
            fact(IssueType.WRONG_STREAM, None, "NEW_IMAGE"), f"{REPAIR} --prune", id="stream-on"
        ),
        pytest.param(fact(IssueType.WRONG_PITR, True, False), REPAIR, id="recovery-off"),
        pytest.param(
            fact(IssueType.WRONG_PITR, False, True), f"{REPAIR} --prune", id="recovery-on"
        ),
    ],
)
def test_remedy(issue: Fact, remedy: str) -> None:
    """What can be repaired names db.repair with the option it takes; what cannot says so."""
    assert remedy == wording.remediation(issue, "qa")


LISTED = {
    "Teams": live(
        TEAMS,
        items=1234,
        size=56_000,
        index_status={"managerId-index": "ACTIVE", "a-index": "CREATING"},
    ),
    "Users": live(USERS, items=1),
    "Gone": None,
}


def test_list_lines() -> None:
    """The list is a table with a heading; others' tables come last."""
    assert texts(report.list_outcome(LISTED, ["other"])) == [
        "TABLE  STATUS            ITEMS  SIZE     INDEXES",
        "Teams  ACTIVE            1,234  56.0 kB  a-index (CREATING), managerId-index (ACTIVE)",
        "Users  ACTIVE            1      0 B      -",
        "Gone   missing           -      -        -",
        "other  not in the model  -      -        -",
    ]


def test_list_data() -> None:
    """The list's data has the numbers themselves."""
    actual = report.list_outcome(LISTED, ["other"])

    assert actual.data == {
        "tables": [
            {
                "tableName": "Teams",
                "status": "ACTIVE",
                "items": 1234,
                "size": 56_000,
                "indexes": [
                    {"indexName": "a-index", "status": "CREATING"},
                    {"indexName": "managerId-index", "status": "ACTIVE"},
                ],
            },
            {"tableName": "Users", "status": "ACTIVE", "items": 1, "size": 0, "indexes": []},
            {"tableName": "Gone", "status": "NOT_FOUND", "items": 0, "size": 0, "indexes": []},
        ],
        "otherTables": ["other"],
    }
    assert Line(Mark.INFO, "2 of 3 tables exist, 1235 items") == actual.summary


EXISTING = {
    "Teams": live(TEAMS, items=1200, size=56_000),
    "Users": live(USERS, items=1, size=500),
}


def test_deletion_plan() -> None:
    """Before a deletion each table is shown with what it holds, in lines as in data."""
    actual = report.deletion_plan(EXISTING, "and set up again")

    assert texts(actual) == ["- Teams  1200 items  56.0 kB", "- Users  1 item      500 B"]
    assert [
        (each["tableName"], each["action"], each["target"], each["risk"])
        for each in actual.data["actions"]
    ] == [
        ("Teams", "delete_table", "1200 items, 56.0 kB", "deletes data"),
        ("Users", "delete_table", "1 item, 500 B", "deletes data"),
    ]
    assert actual.summary == Line(
        Mark.INFO,
        "2 tables with 1201 items (56.5 kB) at last count would be deleted and set up again; nothing was changed",
    )


@pytest.mark.parametrize(
    "deleted, error, summary, changed",
    [
        pytest.param(["a", "b"], None, Line(Mark.DONE, "2 tables deleted"), True, id="all"),
        pytest.param(["a"], ERROR, Line(Mark.FAILED, "1 table deleted"), True, id="partial"),
        pytest.param([], ERROR, Line(Mark.FAILED, "0 tables deleted"), False, id="none"),
    ],
)
def test_deletion(
    deleted: list[str], error: OsemError | None, summary: Line, changed: bool
) -> None:
    """A deletion names what is gone, and that makes a failure partial."""
    actual = report.deletion_outcome(deleted, error)

    assert ([f"{name}  deleted" for name in deleted], {"tablesDeleted": deleted}) == (
        texts(actual),
        actual.data,
    )
    assert (summary, error, changed) == (actual.summary, actual.error, actual.changed)


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(report.deletion_plan(EXISTING, ""), id="deletion-plan"),
        pytest.param(report.deletion_outcome(["a"], ERROR), id="deletion"),
        pytest.param(report.setup_outcome(journal(), ERROR, 1.0), id="setup"),
        pytest.param(report.verify_outcome(DIFFS, "dev", ERROR), id="verify"),
        pytest.param(report.list_outcome(LISTED, ["other"]), id="list"),
    ],
)
def test_data_is_plain(outcome: Outcome) -> None:
    """The data of every outcome survives JSON unchanged."""
    assert outcome.data == json.loads(json.dumps(outcome.data))
