"""What mends a difference: the very plan that would mend it says so."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osem_tasks.plan.actions import PRUNE, REPLACE, Plan
from osem_tasks.plan.remedies import (
    BESIDE,
    BESIDE_EACH,
    DISCARD,
    IF_DISCARDED,
    KEEP_DATA,
    KEEP_EACH,
    LISTS,
    MOVE_DATA,
    Remedies,
    Remedy,
    second_name,
)
from osem_tasks.plan.repair import repair_actions
from osem_tasks.plan.setup import setup_plan
from osem_tasks.schema.compare import compare_all
from osem_tasks.schema.difference import Comparison, IssueType
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Index, Key, Stream, Table, TableSet, TimeToLive, table
from tests.properties.pairs import Pair, pairs

BASE = Table(name="Plans", key=Key.parse("pk S, sk S"))
OTHER = Table(name="Users", key=Key.parse("userId S"))
RESET = Remedy(KEEP_DATA, "db.migrate", tables=("Plans",), other=Remedy(DISCARD, "db.reset"))
SETUP = Remedy(task="db.setup")


def index(name: str, key: str = "a S", **facts: Any) -> Index:
    """An index in the words of a data sheet."""
    return Index(name, Key.parse(key), **facts)


def with_(*indexes: Index, **facts: Any) -> Table:
    """The table with these global indexes and facts."""
    return replace(BASE, global_indexes=indexes, **facts)


def live(found: Table, status: str = "ACTIVE", items: int = 3, **state: Any) -> LiveTable:
    """``found`` as an engine holds it, with items."""
    return LiveTable(
        **{"table": found, "status": status, "index_status": {}, "items": items, **state}
    )


def compared(declared: Table, found: LiveTable | None) -> Comparison:
    """One table compared."""
    return compare_all(TableSet((declared,)), {declared.name: found})


def remedies_of(comparison: Comparison, *, protected: bool = False) -> list[Remedy]:
    """The remedy of every difference, in order."""
    remedies = Remedies(comparison, protected=protected)
    return [remedies.of(diff, fact) for diff in comparison.diffs for fact in diff.issues]


def repair(*options: str) -> Remedy:
    """A repair with these options."""
    return Remedy(task="db.repair", options=options)


@pytest.mark.parametrize(
    "declared, found, expected",
    [
        pytest.param(BASE, None, [SETUP], id="missing-table"),
        pytest.param(
            BASE,
            live(BASE, "UPDATING"),
            [Remedy("wait until the change has ended, then: ", "db.verify")],
            id="table-in-motion",
        ),
        pytest.param(
            with_(index("one")),
            live(with_(index("one")), index_status={"one": "CREATING"}),
            [Remedy("wait until the change has ended, then: ", "db.verify")],
            id="index-in-motion",
        ),
        pytest.param(BASE, live(replace(BASE, key=Key.parse("pk S"))), [RESET], id="sort-key"),
        pytest.param(with_(index("one")), live(BASE), [repair()], id="missing-index"),
        pytest.param(BASE, live(with_(index("one"))), [repair(PRUNE)], id="extra-index"),
        pytest.param(
            with_(index("one")), live(with_(index("one", "b S"))), [repair(REPLACE)], id="index-key"
        ),
        # A live index on `a S` is in the way of one on `a N`: without --prune the repair
        # that is proposed for the missing one would build nothing.
        pytest.param(
            with_(index("new", "a N")),
            live(with_(index("old", "a S"))),
            [repair(PRUNE), repair(PRUNE)],
            id="missing-index-behind-an-extra-one",
        ),
        # The live key `pk S` fixes the type of pk for as long as the table exists.
        pytest.param(
            table("Plans", "pk N, sk S", {"one": "owner S, pk N"}),
            live(BASE),
            [RESET, RESET],
            id="missing-index-that-the-key-stops",
        ),
        pytest.param(
            replace(BASE, ttl=TimeToLive("endsAt")),
            live(replace(BASE, ttl=TimeToLive(None))),
            [repair(PRUNE)],
            id="ttl-that-would-take-items",
        ),
        pytest.param(
            replace(BASE, ttl=TimeToLive("endsAt")),
            live(replace(BASE, ttl=TimeToLive(None)), items=0),
            [repair()],
            id="ttl-of-an-empty-table",
        ),
        pytest.param(
            replace(BASE, stream=Stream("NEW_IMAGE")),
            live(replace(BASE, stream=Stream("OLD_IMAGE"))),
            [repair(PRUNE)],
            id="stream-of-another-view",
        ),
    ],
)
def test_remedy_of_a_difference(
    declared: Table, found: LiveTable | None, expected: list[Remedy]
) -> None:
    """A repair with the options that its own actions need; where none helps, that is said."""
    assert remedies_of(compared(declared, found)) == expected


@pytest.mark.parametrize(
    "protected, found",
    [
        pytest.param(True, table("Plans", "pk S"), id="protected-environment"),
        pytest.param(False, table("Plans", "pk S", deletion_protection=True), id="protected-table"),
    ],
)
def test_no_reset_is_proposed_where_none_may_run(protected: bool, found: Table) -> None:
    """Where no task may delete a table, the data has to move to a second one beside it."""
    comparison = compared(BASE, live(found))

    assert remedies_of(comparison, protected=protected) == [
        Remedy(BESIDE, "db.migrate", ("--to", "Plans-v2"), ("Plans",))
    ]


def test_a_reset_concerns_its_own_table_only() -> None:
    """Another table, protected or not, has no part in it: the remedy names the table."""
    guarded = replace(OTHER, deletion_protection=True)
    comparison = compare_all(
        TableSet((BASE, OTHER)),
        {"Plans": live(replace(BASE, key=Key.parse("pk S"))), "Users": live(guarded)},
    )

    reset = Remedy(DISCARD, "db.reset", tables=("Plans",))
    assert remedies_of(comparison) == [replace(RESET, other=reset)]


@pytest.mark.parametrize(
    "found, expected",
    [
        pytest.param(live(BASE), SETUP, id="nothing-else-differs"),
        pytest.param(live(with_(index("old"))), SETUP, id="an-index-that-is-not-declared"),
        pytest.param(
            live(replace(BASE, tags=())),
            Remedy(task="db.setup", tables=("Users",)),
            id="a-repair-without-option",
        ),
        pytest.param(
            live(replace(BASE, stream=Stream("OLD_IMAGE"))),
            Remedy(task="db.setup", tables=("Users",)),
            id="a-repair-with-option",
        ),
        pytest.param(
            live(replace(BASE, key=Key.parse("pk S"))),
            Remedy(task="db.setup", tables=("Users",)),
            id="impossible-in-place",
        ),
    ],
)
def test_remedy_of_a_missing_table_beside_drift(found: LiveTable, expected: Remedy) -> None:
    """Where another table would stop the setup, the setup is of the missing table alone."""
    declared = BASE
    if expected.tables:
        declared = replace(BASE, tags=(("team", "core"),), stream=Stream("NEW_IMAGE"))
    comparison = compare_all(TableSet((declared, OTHER)), {"Plans": found})
    remedies = Remedies(comparison, protected=False)
    (diff,) = [diff for diff in comparison.diffs if diff.name == "Users"]

    assert remedies.of(diff, diff.issues[0]) == expected


def test_a_repair_beside_other_drift_is_of_its_own_table() -> None:
    """What one table allows to remove must not remove from another."""
    comparison = compare_all(
        TableSet((BASE, OTHER)),
        {
            "Plans": live(with_(index("one"))),
            "Users": live(replace(OTHER, global_indexes=(index("two"),))),
        },
    )

    assert remedies_of(comparison) == [
        replace(repair(PRUNE), tables=("Plans",)),
        replace(repair(PRUNE), tables=("Users",)),
    ]


WRONG_KEY = live(replace(BASE, key=Key.parse("pk S")))
TAGGED = replace(BASE, tags=(("team", "core"),))
STREAMED = replace(BASE, stream=Stream("NEW_IMAGE"))
MIGRATED = Remedy(
    f"Plans: {KEEP_DATA}",
    "db.migrate",
    tables=("Plans",),
    other=Remedy(DISCARD, "db.reset", tables=("Plans",)),
)
OTHERS = Remedy("to set up the other tables: ", "db.setup", tables=("Users",))


@pytest.mark.parametrize(
    "declared, found, local, expected",
    [
        pytest.param(
            TAGGED,
            live(replace(BASE, tags=())),
            True,
            [Remedy(task="db.setup", options=("--repair",))],
            id="repair-without-option",
        ),
        pytest.param(
            STREAMED,
            live(replace(BASE, stream=Stream("OLD_IMAGE"))),
            True,
            [Remedy(task="db.verify", tables=("Plans",), gives=LISTS), OTHERS],
            id="repair-with-option",
        ),
        pytest.param(
            BASE,
            WRONG_KEY,
            True,
            [MIGRATED, OTHERS],
            id="impossible-on-a-local-engine",
        ),
        pytest.param(
            BASE,
            WRONG_KEY,
            False,
            [
                Remedy(task="db.verify", tables=("Plans",), gives=LISTS),
                replace(MIGRATED, other=None),
                OTHERS,
            ],
            id="impossible-on-aws",
        ),
    ],
)
def test_remedy_of_a_setup_that_drift_stops(
    declared: Table, found: LiveTable, local: bool, expected: list[Remedy]
) -> None:
    """It names the tables that stop it, and the setup of those that nothing stops."""
    comparison = compare_all(TableSet((declared, OTHER)), {"Plans": found})
    blocking = setup_plan(comparison).blocking

    remedies = Remedies(comparison, protected=False)

    assert remedies.of_stopped_setup(blocking, local=local) == expected


@pytest.mark.parametrize(
    "found, expected",
    [
        pytest.param({"Plans": live(BASE)}, [SETUP], id="missing"),
        pytest.param({}, [SETUP], id="all-missing"),
        pytest.param(
            {"Plans": live(with_(index("extra"))), "Users": live(OTHER)},
            [Remedy(task="db.repair", options=("--dry-run",), gives=LISTS)],
            id="drift",
        ),
        pytest.param(
            {"Plans": WRONG_KEY},
            [
                Remedy(task="db.setup", tables=("Users",)),
                MIGRATED,
            ],
            id="impossible-beside-missing",
        ),
    ],
)
def test_remedies_of_a_verification(found: dict[str, LiveTable], expected: list[Remedy]) -> None:
    """What is missing is set up, what differs is repaired, what cannot be is said."""
    comparison = compare_all(TableSet((BASE, OTHER)), found)

    assert Remedies(comparison, protected=False).of_differences() == expected


def test_several_tables_are_migrated_one_at_a_time() -> None:
    """Those that may be deleted in one remedy, and those that may not in another."""
    three = (BASE, OTHER, table("Teams", "id S"))
    held = {
        "Plans": live(replace(BASE, key=Key.parse("pk S"))),
        "Users": live(table("Users", "id S")),
        "Teams": live(table("Teams", "id N", deletion_protection=True)),
    }

    found = Remedies(compare_all(TableSet(three), held), protected=False).of_differences()

    reset = Remedy(DISCARD, "db.reset", tables=("Plans", "Users"))
    assert found == [
        Remedy(f"Plans, Users: {KEEP_EACH}", "db.migrate", tables=("Plans",), other=reset),
        Remedy(f"Teams: {BESIDE}", "db.migrate", ("--to", "Teams-v2"), ("Teams",)),
    ]
    every = Remedies(compare_all(TableSet(three), held), protected=True).of_differences()
    assert [one.words for one in every] == [f"Plans, Users, Teams: {BESIDE_EACH}"]


@pytest.mark.parametrize(
    "protection, expected",
    [
        pytest.param(False, Remedy(f"Plans: {IF_DISCARDED}", "db.reset"), id="reset"),
        pytest.param(True, Remedy(f"Plans: {MOVE_DATA}"), id="protected"),
    ],
)
def test_what_only_this_engine_cannot_change_needs_no_migration(
    protection: bool, expected: Remedy
) -> None:
    """On AWS the repair would do it: the table is made anew on this engine, or stays."""
    declared = replace(BASE, stream=Stream("NEW_IMAGE"))
    found = live(replace(BASE, stream=Stream(None)), fixed={"stream": "the engine does not"})
    comparison = compared(declared, found)

    assert Remedies(comparison, protected=protection).of_lasting() == {"Plans": expected}


NAMES = st.text("ab12.-_v", min_size=3, max_size=255)


@given(NAMES, st.sets(NAMES, max_size=5))
def test_a_second_name_is_valid_and_free(name: str, others: set[str]) -> None:
    """3 to 255 characters that a table may have, and no name that is taken already."""
    taken = {name, *others}
    for _ in range(3):
        second = second_name(name, taken)
        assert re.fullmatch(r"[a-zA-Z0-9_.-]{3,255}", second)
        assert second not in taken
        taken.add(second)


@pytest.mark.parametrize(
    "name, taken, second",
    [
        ("Teams", (), "Teams-v2"),
        ("Teams", ("Teams-v2",), "Teams-v3"),
        ("Teams-v2", (), "Teams-v3"),
        ("Teams-v9", (), "Teams-v10"),
        ("Teams-v0", (), "Teams-v0-v2"),
        ("-v2", (), "-v2-v2"),
        ("T" * 255, (), "T" * 252 + "-v2"),
    ],
)
def test_a_second_name_counts_on(name: str, taken: tuple[str, ...], second: str) -> None:
    """A table that is a second one already gets the next number; a long name is cut."""
    assert second_name(name, {name, *taken}) == second


@given(pairs())
@settings(max_examples=80)
def test_the_options_of_a_remedy_are_those_that_the_plan_needs(pair: Pair) -> None:
    """With its options every action that mends the fact runs; with one option less, not all do."""
    held = {found.name: live(found) for found in pair.held}
    comparison = compare_all(pair.declared, held)
    remedies = Remedies(comparison, protected=False)
    actions = repair_actions(comparison)
    for diff in comparison.diffs:
        for fact in diff.issues:
            remedy = remedies.of(diff, fact)
            mending = [a for a in actions if a.table == diff.name and fact.path in a.mends]
            if remedy.task == "db.repair":
                assert mending != []
                assert {*mending} <= {*Plan(actions, remedy.options).runnable}
                for option in remedy.options:
                    less = tuple(other for other in remedy.options if other != option)
                    assert not {*mending} <= {*Plan(actions, less).runnable}
            elif fact.issue_type is not IssueType.TABLE_NOT_FOUND:
                assert any(not action.possible for action in mending)
