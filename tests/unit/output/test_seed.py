"""What a seed tells: every item is written, there already, or not written."""

from __future__ import annotations

import pytest

from osem_tasks.data.seed_writer import Account, Count
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.outcome import Mark
from osem_tasks.output.seed import seed_outcome, seed_plan

FAILURE = OsemError("It failed.", code=ErrorCode.NETWORK_ERROR, remediation="again")


def account(**tables: tuple[int, int, int]) -> Account:
    """An account of tables with their total, written and kept items."""
    return Account({name: Count(*numbers) for name, numbers in tables.items()})


@pytest.mark.parametrize(
    "given, error, lines, summary, changed",
    [
        (
            account(Users=(2, 2, 0), Teams=(1, 0, 1)),
            None,
            ["Users  2 items written", "Teams  0 items written  1 there already"],
            "2 tables: 2 items written, 1 there already, left as they are",
            True,
        ),
        (
            account(Users=(3, 1, 0)),
            FAILURE,
            ["Users  1 item written  2 not written"],
            "1 table: 1 item written, 2 not written",
            True,
        ),
        (account(Users=(3, 0, 0)), FAILURE, [], "1 table: 0 items written, 3 not written", False),
        (account(), None, [], "The seed has no items for these tables; nothing was written", False),
    ],
)
def test_outcome(
    given: Account, error: OsemError | None, lines: list[str], summary: str, changed: bool
) -> None:
    """The rows, the summary, and whether anything was changed."""
    outcome = seed_outcome(given, error)

    assert [line.text for line in outcome.lines] == lines
    assert outcome.summary
    assert outcome.summary.text == summary
    assert outcome.changed is changed
    assert outcome.data["itemsWritten"] == given.written


@pytest.mark.parametrize(
    "replacing, summary",
    [
        (False, "2 items would be written, 1 there already; nothing was changed"),
        (True, "2 items would be written, 1 item would be replaced; nothing was changed"),
    ],
)
def test_plan(replacing: bool, summary: str) -> None:
    """A dry run tells what the real run would do."""
    outcome = seed_plan(account(Users=(3, 0, 1)), 2, replacing=replacing)

    assert outcome.summary
    assert (outcome.summary.mark, outcome.summary.text) == (Mark.INFO, summary)
    assert not outcome.changed
