"""Plans as lines and JSON: in order, under their tables, with what they need and risk."""

from __future__ import annotations

import pytest

from osem_tasks.output import plan as planview
from osem_tasks.output.outcome import Line, Mark
from osem_tasks.plan.actions import PRUNE, REPLACE, Action, Kind, Risk

CREATE = Action("Users", Kind.CREATE_TABLE, "key userId S", Risk.SAFE, "it does not exist")
TTL = Action("Users", Kind.ENABLE_TTL, "expiresAt", Risk.SAFE, "it is off")
DROP = Action("Teams", Kind.DELETE_INDEX, "a-index", Risk.REMOVES, "it is extra", (PRUNE,))
NEVER = Action("Teams", Kind.NEW_TABLE, "key", Risk.IMPOSSIBLE, "keys are fixed")


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
    assert expected is planview.mark_of(action)


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

    assert expected == planview.needs(action, given)


def test_plan_lines() -> None:
    """Steps stand aligned under their table, in order; a risk brings its reason."""
    assert [
        Line(Mark.PLAIN, "Users"),
        Line(Mark.ADDED, "create table  key userId S  safe"),
        Line(Mark.ADDED, "enable ttl    expiresAt     safe"),
        Line(Mark.PLAIN, "Teams"),
        Line(Mark.REMOVED, "delete index  a-index       removes what may be in use, needs --prune"),
        Line(Mark.DETAIL, "    it is extra"),
        Line(Mark.REFUSED, "new table     key           impossible in place"),
        Line(Mark.DETAIL, "    keys are fixed"),
    ] == planview.plan_lines([CREATE, TTL, DROP, NEVER], ())


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
    actual = planview.plan_outcome(actions, 6, given)

    assert Line(Mark.INFO, summary) == actual.summary
    assert {"actions": [each.as_json() for each in actions]} == actual.data
    assert (actual.error, actual.changed) == (None, False)
