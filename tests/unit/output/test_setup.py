"""The account of a setup: every table once, in lines as in data."""

from __future__ import annotations

import pytest

from osem_tasks.apply.run import Entry, Journal
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark
from osem_tasks.output.setup import setup_outcome
from osem_tasks.plan.actions import Action, Kind, Risk
from osem_tasks.schema.difference import Fact, IssueType, Verdict

ERROR = OsemError("Denied.", code=ErrorCode.AWS_PERMISSIONS_DENIED, remediation="Ask for more.")


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
        Line(Mark.DONE, "longer  verified  0.50 s"),
        Line(Mark.DONE, "a       created   1.23 s"),
        Line(Mark.FAILED, "failed  FAILED    AWS_PERMISSIONS_DENIED"),
        Line(Mark.WARNING, "left-1  not attempted"),
        Line(Mark.WARNING, "left-2  not attempted"),
        Line(Mark.DONE, "a: enable ttl"),
    ] == setup_outcome(journal(), ERROR, 2.5).lines


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
        "indexesNotDeclared": [],
    } == setup_outcome(journal(), ERROR, 2.5).data


def test_an_undeclared_index_is_a_warning_and_an_entry() -> None:
    """It stops nothing, but it is not passed over in silence either."""
    extra = Fact("index[x]", Verdict.DIFFERENT, IssueType.EXTRA_GSI, None, "a S", index="x")
    run = Journal(("a",), verified={"a": Entry("ACTIVE")}, undeclared=[("a", extra)])

    outcome = setup_outcome(run, None, 1.0)

    text = "a: index[x]: not declared, found a S; it stays as it is"
    assert outcome.lines[-1] == Line(Mark.WARNING, text)
    assert outcome.data["indexesNotDeclared"] == [
        {"tableName": "a", "path": "index[x]", "found": "a S"}
    ]
    assert outcome.error is None


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
    actual = setup_outcome(run, error, 2.5)

    assert (summary, error, changed) == (actual.summary, actual.error, actual.changed)


@pytest.mark.parametrize(
    "entry, cause",
    [
        pytest.param(Entry("FAILED", error=ERROR), "AWS_PERMISSIONS_DENIED", id="code"),
        pytest.param(
            Entry("FAILED", error=ERROR, issues=("WRONG_TTL", "WRONG_TAGS")),
            "WRONG_TTL, WRONG_TAGS",
            id="issues-say-more-than-the-code",
        ),
        pytest.param(Entry("FAILED"), "", id="unknown"),
    ],
)
def test_why_a_table_failed(entry: Entry, cause: str) -> None:
    """A failed table shows its differences, else the error's code."""
    (line,) = setup_outcome(Journal(names=("a",), failed={"a": entry}), ERROR, 1.0).lines

    assert line == Line(Mark.FAILED, f"a  FAILED    {cause}".rstrip())


def test_where_nothing_was_tried_the_error_says_it_all() -> None:
    """No line a table, but every table in the data."""
    outcome = setup_outcome(Journal(names=("a", "b")), ERROR, 1.0)

    assert outcome.lines == []
    assert [row["tableName"] for row in outcome.data["tablesNotAttempted"]] == ["a", "b"]
