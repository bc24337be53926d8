"""Lists of tables: what is there, and what a deletion takes away."""

from __future__ import annotations

from typing import Any

import pytest

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.output.tables import deleted_line, deletion_outcome, deletion_plan, list_outcome
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
    assert texts(list_outcome(LISTED, ["other"])) == [
        "TABLE  STATUS            ITEMS  SIZE     INDEXES",
        "Teams  ACTIVE            1,234  56.0 kB  a-index (CREATING), managerId-index (ACTIVE)",
        "Users  ACTIVE            1      0 B      -",
        "Gone   missing           -      -        -",
        "other  not in the model  -      -        -",
    ]


def test_list_data() -> None:
    """The list's data has the numbers themselves."""
    actual = list_outcome(LISTED, ["other"])

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
    actual = deletion_plan(EXISTING, "and set up again")

    assert texts(actual) == ["- Teams  1200 items  56.0 kB", "- Users  1 item      500 B"]
    assert [
        (action["tableName"], action["action"], action["target"], action["risk"])
        for action in actual.data["actions"]
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
    actual = deletion_outcome(deleted, error)

    assert ([f"{name}  deleted" for name in deleted], {"tablesDeleted": deleted}) == (
        texts(actual),
        actual.data,
    )
    assert (summary, error, changed) == (actual.summary, actual.error, actual.changed)


@pytest.mark.parametrize(
    "deleted, gone, expected, summary",
    [
        pytest.param(
            ["a", "longer", "b"],
            ["b", "a", "longer"],
            ["a       deleted", "longer  deleted", "b       deleted"],
            "3 tables deleted",
            id="all",
        ),
        pytest.param(
            ["a", "longer"],
            ["longer"],
            [
                "a       deletion requested, not waited for",
                "longer  deleted",
                "b       not deleted",
            ],
            "1 table deleted, 1 more requested, 1 not deleted",
            id="interrupted",
        ),
        pytest.param(
            ["a", "longer", "b"],
            [],
            [f"{name:6}  deletion requested, not waited for" for name in ("a", "longer", "b")],
            "0 tables deleted, 3 more requested",
            id="none-is-gone-yet",
        ),
        pytest.param([], [], [], "0 tables deleted, 3 not deleted", id="nothing-was-tried"),
    ],
)
def test_a_deletion_that_ends_early_tells_all(
    deleted: list[str], gone: list[str], expected: list[str], summary: str
) -> None:
    """Gone, requested or left alone: every table has its row, aligned, in the model's order.

    The row of a table that is gone is the one that was shown when it went.
    """
    names = ["a", "longer", "b"]
    actual = deletion_outcome(deleted, ERROR, names=names, gone=gone)

    assert (expected, summary) == (texts(actual), actual.summary and actual.summary.text)
    assert {deleted_line(names, name) for name in gone} <= set(actual.lines)
    assert actual.data == {"tablesDeleted": deleted}
