"""Actions and plans as values: what an action does, what it needs, what a run carries out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.plan.actions import PRUNE, REPLACE, Action, Effect, Kind, Plan, Risk

OPTIONS = (PRUNE, REPLACE)
ACTIONS = st.builds(
    Action,
    table=st.sampled_from(("Users", "Teams")),
    kind=st.sampled_from(Kind),
    target=st.sampled_from(("a-index", "b-index")),
    risk=st.sampled_from(Risk),
    reason=st.just("why"),
    requires=st.sampled_from(((), (PRUNE,), (REPLACE,), OPTIONS)),
)
GIVEN = st.sampled_from(((), (PRUNE,), (REPLACE,), OPTIONS))


def action(
    kind: Kind = Kind.DELETE_INDEX, risk: Risk = Risk.REMOVES, requires: tuple[str, ...] = ()
) -> Action:
    """An action on a table."""
    return Action("Teams", kind, "a-index", risk, "why", requires)


@pytest.mark.parametrize(
    "kind, words, effect",
    [
        (Kind.CREATE_TABLE, "create table", Effect.ADDS),
        (Kind.CREATE_INDEX, "create index", Effect.ADDS),
        (Kind.DELETE_INDEX, "delete index", Effect.REMOVES),
        (Kind.UPDATE_BILLING, "update billing", Effect.CHANGES),
        (Kind.UPDATE_THROUGHPUT, "update throughput", Effect.CHANGES),
        (Kind.UPDATE_MAX_THROUGHPUT, "update max throughput", Effect.CHANGES),
        (Kind.UPDATE_WARM_THROUGHPUT, "update warm throughput", Effect.CHANGES),
        (Kind.UPDATE_PITR_PERIOD, "update point-in-time recovery period", Effect.CHANGES),
        (Kind.ENABLE_STREAM, "enable stream", Effect.ADDS),
        (Kind.DISABLE_STREAM, "disable stream", Effect.REMOVES),
        (Kind.ENABLE_TTL, "enable ttl", Effect.ADDS),
        (Kind.DISABLE_TTL, "disable ttl", Effect.REMOVES),
        (Kind.ENABLE_PITR, "enable point-in-time recovery", Effect.ADDS),
        (Kind.DISABLE_PITR, "disable point-in-time recovery", Effect.REMOVES),
        (Kind.SET_DELETION_PROTECTION, "set deletion protection", Effect.CHANGES),
        (Kind.SET_TAGS, "set tags", Effect.CHANGES),
        (Kind.UPDATE_ENCRYPTION, "update encryption", Effect.CHANGES),
        (Kind.UPDATE_TABLE_CLASS, "update table class", Effect.CHANGES),
        (Kind.NOT_IN_PLACE, "cannot change", Effect.CHANGES),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else "",
)
def test_kind_in_words(kind: Kind, words: str, effect: Effect) -> None:
    """A kind reads as its verb and noun, and its verb tells its effect."""
    assert (kind.words, kind.effect) == (words, effect)


def test_index_actions_are_those_that_build_or_drop_one() -> None:
    """Only those two are limited to one at a time on a table."""
    assert [kind for kind in Kind if kind.of_index] == [Kind.CREATE_INDEX, Kind.DELETE_INDEX]


def test_what_only_a_new_table_could_have_keeps_its_name_in_json() -> None:
    """Scripts know that kind as ``new_table``."""
    assert action(Kind.NOT_IN_PLACE).as_json()["action"] == "new_table"


@pytest.mark.parametrize(
    "requires, given, expected",
    [
        pytest.param((), (), (), id="nothing"),
        pytest.param((PRUNE,), (), (PRUNE,), id="one"),
        pytest.param((PRUNE,), (PRUNE,), (), id="given"),
        pytest.param((PRUNE, REPLACE), (PRUNE,), (REPLACE,), id="the-other"),
        pytest.param((PRUNE, REPLACE), (), (PRUNE, REPLACE), id="both"),
        pytest.param((), (PRUNE,), (), id="more-than-needed"),
    ],
)
def test_missing_options(
    requires: tuple[str, ...], given: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """An action still needs what it requires and was not given."""
    assert action(requires=requires).missing(given) == expected


def test_an_action_is_told_by_table_kind_and_target() -> None:
    """Two actions that differ in their reason only are the same step."""
    one, other = action(), Action("Teams", Kind.DELETE_INDEX, "a-index", Risk.SAFE, "other words")

    assert one.identity == other.identity
    assert str(one) == "Teams: delete index a-index"


@given(st.lists(ACTIONS, max_size=6), GIVEN)
def test_a_plan_shares_out_its_actions(actions: list[Action], given: tuple[str, ...]) -> None:
    """Every action is runnable, held back or impossible, each in the plan's order."""
    plan = Plan(tuple(actions), given)
    shares = [*plan.runnable, *plan.held_back, *plan.impossible]

    assert sorted(shares, key=actions.index) == sorted(actions, key=actions.index)
    for share in (plan.runnable, plan.held_back, plan.impossible):
        assert list(share) == [step for step in actions if step in share]


@given(st.lists(ACTIONS, max_size=6), GIVEN)
def test_the_missing_options_free_what_is_held_back(
    actions: list[Action], given: tuple[str, ...]
) -> None:
    """With the options that a plan names added, nothing is held back any more."""
    plan = Plan(tuple(actions), given)
    freed = Plan(plan.actions, (*given, *plan.missing_options))

    assert freed.held_back == ()
    assert {*freed.runnable} == {*plan.runnable, *plan.held_back}


@given(st.lists(ACTIONS, max_size=6), GIVEN)
def test_what_takes_something_away_is_confirmed(
    actions: list[Action], given: tuple[str, ...]
) -> None:
    """A person confirms what runs because of an option, and nothing else."""
    plan = Plan(tuple(actions), given)

    assert [*plan.confirmable] == [step for step in plan.runnable if step.requires]
