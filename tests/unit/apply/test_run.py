"""The account of a run: every table once, exact at any moment."""

from __future__ import annotations

import pytest

from osem_tasks.apply.run import Entry, Journal
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.plan.actions import Action, Kind, Risk

ERROR = OsemError("Denied.", code=ErrorCode.AWS_PERMISSIONS_DENIED, remediation="Ask for more.")
STEP = Action("a", Kind.ENABLE_TTL, "expiresAt", Risk.SAFE, "because")


def test_what_was_not_attempted_is_the_rest() -> None:
    """Every table that has no entry, in the model's order."""
    journal = Journal(
        names=("d", "a", "b", "c", "e"),
        created={"a": Entry("ACTIVE")},
        verified={"b": Entry("ACTIVE")},
        failed={"c": Entry("FAILED")},
    )

    assert journal.not_attempted == ("d", "e")


@pytest.mark.parametrize(
    "journal, expected",
    [
        pytest.param(Journal(names=("a",)), False, id="nothing"),
        pytest.param(Journal(verified={"a": Entry("ACTIVE")}), False, id="verified"),
        pytest.param(Journal(failed={"a": Entry("FAILED")}), False, id="failed"),
        pytest.param(Journal(created={"a": Entry("REQUESTED")}), True, id="requested"),
        pytest.param(Journal(completed=[STEP]), True, id="step"),
        pytest.param(Journal(deleted=["a"]), True, id="deleted"),
    ],
)
def test_what_counts_as_a_change(journal: Journal, expected: bool) -> None:
    """A failure is partial once something was requested, altered or deleted."""
    assert journal.changed is expected


def test_a_failure_keeps_its_error_and_its_issues_once() -> None:
    """Types of issues that occur twice are named once, in order."""
    journal = Journal(names=("a",))

    journal.fail("a", ERROR, ["WRONG_TTL", "WRONG_TAGS", "WRONG_TTL"])

    assert journal.failed["a"] == Entry("FAILED", 0.0, ERROR, ("WRONG_TTL", "WRONG_TAGS"))


def test_a_table_that_was_created_stays_created() -> None:
    """A failure afterwards, in its waiting, does not unmake it."""
    journal = Journal(names=("a",), created={"a": Entry("CREATING")})

    journal.fail("a", ERROR)

    assert (journal.failed, list(journal.created)) == ({}, ["a"])
