"""Plans as lines and JSON: in order, under their tables, with what they need and risk."""

from __future__ import annotations

import pytest

from osem_tasks.apply.run import Entry, Journal
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark
from osem_tasks.output.plan import applied_outcome, mark_of, plan_lines, plan_outcome
from osem_tasks.plan.actions import PRUNE, REPLACE, Action, Kind, Plan, Risk

CREATE = Action("Users", Kind.CREATE_TABLE, "key userId S", Risk.SAFE, "it does not exist")
TTL = Action("Users", Kind.ENABLE_TTL, "expiresAt", Risk.SAFE, "it is off")
DROP = Action("Teams", Kind.DELETE_INDEX, "a-index", Risk.REMOVES, "it is extra", (PRUNE,))
NEVER = Action("Teams", Kind.NOT_IN_PLACE, "key", Risk.IMPOSSIBLE, "keys are fixed")


@pytest.mark.parametrize(
    "action, expected",
    [
        (CREATE, Mark.ADDED),
        (TTL, Mark.ADDED),
        (DROP, Mark.REMOVED),
        (NEVER, Mark.REFUSED),
        (Action("Users", Kind.SET_TAGS, "a=1", Risk.SAFE, "they differ"), Mark.CHANGED),
    ],
    ids=["create", "enable", "delete", "impossible", "change"],
)
def test_mark(action: Action, expected: Mark) -> None:
    """A step is marked by whether it adds, removes or changes; an impossible one as refused."""
    assert expected is mark_of(action)


@pytest.mark.parametrize(
    "requires, given, expected",
    [
        pytest.param((), (), "", id="nothing"),
        pytest.param((PRUNE,), (), "needs --prune", id="one"),
        pytest.param((PRUNE,), (PRUNE,), "", id="given"),
        pytest.param((PRUNE, REPLACE), (PRUNE,), "needs --replace-indexes", id="the-other"),
        pytest.param((PRUNE, REPLACE), (), "needs --prune --replace-indexes", id="both"),
    ],
)
def test_needs(requires: tuple[str, ...], given: tuple[str, ...], expected: str) -> None:
    """A step that is withheld names the options that are missing."""
    action = Action("Teams", Kind.DELETE_INDEX, "a-index", Risk.REMOVES, "why", requires)
    cost = ", ".join(filter(None, (Risk.REMOVES.value, expected)))

    assert plan_lines([action], given)[1].text == f"delete index  a-index  {cost}"


def test_plan_lines() -> None:
    """Steps stand aligned under their table, in order; a risk brings its reason."""
    assert [
        Line(Mark.PLAIN, "Users"),
        Line(Mark.ADDED, "create table   key userId S  safe"),
        Line(Mark.ADDED, "enable ttl     expiresAt     safe"),
        Line(Mark.PLAIN, "Teams"),
        Line(
            Mark.REMOVED, "delete index   a-index       removes what may be in use, needs --prune"
        ),
        Line(Mark.DETAIL, "    it is extra"),
        Line(Mark.REFUSED, "cannot change  key           impossible in place"),
        Line(Mark.DETAIL, "    keys are fixed"),
    ] == plan_lines([CREATE, TTL, DROP, NEVER], ())


@pytest.mark.parametrize(
    "actions, given, summary",
    [
        pytest.param([], (), "nothing to do: all 6 tables are as declared", id="nothing"),
        pytest.param([CREATE, TTL], (), "2 steps would run; nothing was changed", id="safe"),
        pytest.param(
            [CREATE, DROP],
            (),
            "1 step would run, 1 more with --prune; nothing was changed",
            id="more",
        ),
        pytest.param([DROP], (PRUNE,), "1 step would run; nothing was changed", id="allowed"),
        pytest.param(
            [CREATE, NEVER],
            (),
            "1 step would run, 1 impossible in place; nothing was changed",
            id="impossible",
        ),
    ],
)
def test_plan_summary(actions: list[Action], given: tuple[str, ...], summary: str) -> None:
    """The summary counts what would run, what is withheld and what cannot be done."""
    actual = plan_outcome(Plan(tuple(actions), given), 6)

    assert Line(Mark.INFO, summary) == actual.summary
    assert {"actions": [action.as_json() for action in actions]} == actual.data
    assert (actual.error, actual.changed) == (None, False)


ERROR = OsemError("Denied.", code=ErrorCode.AWS_PERMISSIONS_DENIED, remediation="Ask for more.")


@pytest.mark.parametrize(
    "actions, summary",
    [
        pytest.param([], "nothing to create; the differences need db.repair", id="only-drift"),
        pytest.param([CREATE], "1 step would run; nothing was changed", id="something-to-create"),
    ],
)
def test_plan_that_drift_stops(actions: list[Action], summary: str) -> None:
    """A setup that drift would stop does not say that all is as declared."""
    actual = plan_outcome(Plan(tuple(actions)), 6, ERROR)

    assert (actual.summary, actual.error) == (Line(Mark.INFO, summary), ERROR)


@pytest.mark.parametrize(
    "done, failed, error, summary, changed",
    [
        pytest.param(
            [CREATE, TTL], {}, None, Line(Mark.DONE, "2 of 3 steps done (1.50 s)"), True, id="done"
        ),
        pytest.param(
            [CREATE],
            {"Users": Entry("FAILED", error=ERROR)},
            ERROR,
            Line(Mark.FAILED, "1 of 3 steps done (1.50 s)"),
            True,
            id="partial",
        ),
        pytest.param(
            [],
            {"Users": Entry("FAILED", error=ERROR)},
            ERROR,
            Line(Mark.FAILED, "0 of 3 steps done (1.50 s)"),
            False,
            id="failed-at-once",
        ),
    ],
)
def test_the_account_of_a_repair(
    done: list[Action],
    failed: dict[str, Entry],
    error: OsemError | None,
    summary: Line,
    changed: bool,
) -> None:
    """What is done comes first, what is left stands below as a plan, and both are in the data."""
    plan = Plan((CREATE, TTL, DROP))

    actual = applied_outcome(plan, Journal(failed=failed, completed=done), error, 1.5)

    left = [action for action in plan.actions if action not in done]
    assert [line.text for line in actual.lines[: len(done)]] == [str(action) for action in done]
    assert list(actual.lines[len(done) :]) == plan_lines(left, ())
    assert actual.data == {
        "actions": [action.as_json() for action in plan.actions],
        "applied": [action.as_json() for action in done],
        "tablesFailed": [{"tableName": name, **ERROR.as_json()} for name in failed],
    }
    assert (actual.summary, actual.error, actual.changed) == (summary, error, changed)


def test_a_repair_of_nothing_says_so() -> None:
    """Where every table is as declared, no step is counted."""
    actual = applied_outcome(Plan(()), Journal(), None, 1.5)

    assert actual.summary == Line(Mark.DONE, "nothing to do: every table is as declared")
    assert actual.changed is False
