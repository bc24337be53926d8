"""What every plan and every repair keeps to, whatever is declared and whatever is held.

Random pairs of sets on a fake that refuses what AWS refuses. Time is one's own: waiting
takes none.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from osem_tasks.apply.setup import setup
from osem_tasks.errors import ErrorCode
from osem_tasks.output.plan import plan_outcome
from osem_tasks.plan.actions import PRUNE, REPLACE, Action, Kind, Plan, Risk
from osem_tasks.schema.model import Index, Key, Stream, Table, TableSet, TimeToLive, table
from tests.properties.pairs import DRAFTS, TABLE_NAMES, Pair, crowded, pairs
from tests.properties.world import (
    EVERYTHING,
    announce,
    differences,
    fake_of,
    left_for_good,
    new_run,
    plan,
    repair,
)
from tests.support.examples import examples
from tests.support.fake_dynamodb import Killed, store
from tests.support.patience import Clock, no_waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.output.outcome import Line
    from tests.support.fake_dynamodb import FakeDynamoDB

PAIRS: Counter[str] = Counter()
OPTIONS = ((), (PRUNE,), (REPLACE,), EVERYTHING)
REMOVING = (Kind.DELETE_INDEX, Kind.DISABLE_STREAM, Kind.DISABLE_PITR)


@pytest.fixture(scope="module")
def time() -> Clock:
    """The clock of the whole module."""
    return Clock()


@pytest.fixture(scope="module", autouse=True)
def _no_waiting(time: Clock, request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the package sleep on that clock; say in the end how many pairs were run."""
    with no_waiting(time):
        yield
    numbers = ", ".join(f"{number} {name}" for name, number in sorted(PAIRS.items()))
    announce(request, f"random pairs run: {PAIRS.total()} ({numbers})")


def count(pair: Pair) -> None:
    """Keep the account of what was tried."""
    PAIRS[pair.relation] += 1
    event(pair.relation)


def items_of(fake: FakeDynamoDB, pair: Pair) -> dict[str, list[dict[str, object]]]:
    """Every item of every table that was there."""
    return {each.name: fake.items_of(each.name) for each in pair.held}


@given(st.lists(DRAFTS, min_size=1, max_size=3), st.integers(0, 9))
@examples(300)
def test_plan_of_equal_is_empty(drafts: list[object], seed: int) -> None:
    """What is as declared has no step, in whatever order the engine lists it."""
    tables = TableSet(
        tuple(draft.table(name) for name, draft in zip(TABLE_NAMES, drafts, strict=False))  # type: ignore[attr-defined]
    )
    pair = Pair(tables, tables.tables, "equal")
    count(pair)
    fake = fake_of(pair, seed=seed)

    assert plan(fake, tables) == ()
    assert differences(fake, tables) == set()
    assert fake.writes == []


@pytest.mark.long
@given(pairs())
@examples(400)
def test_applying_all_leaves_the_impossible_alone(pair: Pair) -> None:
    """With every option, what differs afterwards is what no UpdateTable can do; no item is lost."""
    count(pair)
    fake = fake_of(pair)
    items = items_of(fake, pair)

    done = repair(fake, pair.declared, EVERYTHING)

    left = left_for_good(pair)
    impossible = {each.table for each in done.planned if not each.possible}
    held = {each.name for each in pair.held}
    assert fake.refused == []
    assert differences(fake, pair.declared) == left
    assert impossible == {name for name, _ in left} & held
    assert (done.error is None) == (not left)
    assert items_of(fake, pair) == items
    assert [each for each in done.planned if each.possible] == _in_order(done.planned, done)


def _in_order(planned: tuple[Action, ...], done: object) -> list[Action]:
    """The completed steps; tables run side by side, hence in the order of the plan."""
    completed = list(done.completed)  # type: ignore[attr-defined]
    return sorted(completed, key=planned.index)


@given(crowded(), st.sampled_from(OPTIONS))
@examples(60)
def test_a_crowded_table_never_breaks_the_limit(pair: Pair, options: tuple[str, ...]) -> None:
    """Near 20 indexes, no options lead to a request that DynamoDB refuses."""
    count(pair)
    fake = fake_of(pair)

    repair(fake, pair.declared, options)

    assert fake.refused == []
    if options == EVERYTHING:
        assert differences(fake, pair.declared) == left_for_good(pair)


@pytest.mark.long
@given(pairs(), st.sampled_from(OPTIONS))
@examples(300)
def test_applying_twice_does_nothing_the_second_time(pair: Pair, options: tuple[str, ...]) -> None:
    """A second repair with the same options writes nothing."""
    count(pair)
    fake = fake_of(pair)
    repair(fake, pair.declared, options)
    fake.forget()

    again = repair(fake, pair.declared, options)

    assert [method for method, _ in fake.writes] == []
    assert again.completed == ()


@pytest.mark.long
@given(pairs(), st.sampled_from(OPTIONS))
@examples(300)
def test_a_replacement_is_one_step(pair: Pair, options: tuple[str, ...]) -> None:
    """An index that is declared and was there is there afterwards, whatever the options."""
    count(pair)
    fake = fake_of(pair)
    kept = {
        (table.name, index.name)
        for table in pair.held
        for index in table.global_indexes
        if index.name in {other.name for other in pair.declared[table.name].global_indexes}
    }

    repair(fake, pair.declared, options)

    assert {(name, index) for name, index in kept if index not in fake.index_names(name)} == set()


@given(pairs())
@examples(300)
def test_without_options_nothing_is_taken_away(pair: Pair) -> None:
    """Only steps that require nothing run; indexes, streams, backups, tags and items stay."""
    count(pair)
    fake = fake_of(pair)
    before = fake.state()

    done = repair(fake, pair.declared)

    assert fake.refused == []
    assert all(not each.requires and each.possible for each in done.completed)
    assert not {each.kind for each in done.completed} & {*REMOVING}
    for name, was in before.items():
        now = fake.state()[name]
        kept = {k: _structure(v) for k, v in now["indexes"].items() if k in was["indexes"]}
        assert kept == {k: _structure(v) for k, v in was["indexes"].items()}
        assert was["tags"].keys() <= now["tags"].keys()
        assert was["stream"] in (None, now["stream"])
        assert was["recovery"] <= now["recovery"]
        assert was["items"] == now["items"]
        assert was["key"] == now["key"]


def _structure(index: dict[str, object]) -> dict[str, object]:
    return {key: index[key] for key in ("key", "projection")}


@given(pairs(), st.sampled_from(OPTIONS), st.integers(0, 30), st.booleans())
@examples(300)
def test_a_killed_run_is_mended_by_the_next(
    pair: Pair, options: tuple[str, ...], at: int, answered: bool
) -> None:
    """Killed at any call, before or after it was done, the next run ends where one would."""
    count(pair)
    whole = fake_of(pair)
    repair(whole, pair.declared, options)
    fake = fake_of(pair)
    items = items_of(fake, pair)
    fake.kill(at, answered=answered)
    with contextlib.suppress(Killed):
        repair(fake, pair.declared, options)
    event("killed" if fake.dead else "ended before it was killed")
    fake.revive()

    repair(fake, pair.declared, options)

    assert fake.state() == whole.state()
    assert items_of(fake, pair) == items


@given(pairs(most=2), st.integers(1, 4))
@examples(100)
def test_slow_changes_are_waited_for(pair: Pair, delay: int) -> None:
    """Where changes take their time, the end is the same and nothing is sent too early."""
    count(pair)
    quick, slow = fake_of(pair), fake_of(pair, delay=delay)
    repair(quick, pair.declared, EVERYTHING)

    repair(slow, pair.declared, EVERYTHING)

    assert slow.refused == []
    assert slow.state() == quick.state()


@given(pairs(), st.randoms(use_true_random=False), st.integers(1, 9))
@examples(300)
def test_order_of_input_means_nothing(pair: Pair, random: object, seed: int) -> None:
    """The steps are the model's tables in order; no other order of input changes them."""
    count(pair)
    shuffled = TableSet(tuple(_shuffled(each, random) for each in pair.declared))

    steps = plan(fake_of(pair), pair.declared)

    assert plan(fake_of(pair, seed=seed), shuffled) == steps
    names = [each.table for each in steps]
    assert names == sorted(names, key=pair.declared.names.index)
    reverse = TableSet(tuple(reversed(tuple(pair.declared))))
    backwards = plan(fake_of(pair), reverse)
    assert sorted(backwards, key=lambda each: pair.declared.names.index(each.table)) == list(steps)


def _shuffled(declared: Table, random: object) -> Table:
    """``declared`` with its lists in another order."""
    indexes, local = list(declared.global_indexes), list(declared.local_indexes)
    tags = None if declared.tags is None else list(declared.tags)
    for each in (indexes, local, tags or []):
        random.shuffle(each)  # type: ignore[attr-defined]
    return replace(
        declared,
        global_indexes=tuple(indexes),
        local_indexes=tuple(local),
        tags=None if tags is None else tuple(tags),
    )


@given(pairs(), st.sampled_from(OPTIONS))
@examples(300)
def test_lines_and_json_have_the_same_content(pair: Pair, given_: tuple[str, ...]) -> None:
    """Every step is a line under its table: what it does, its risk, what it needs, and why."""
    count(pair)
    steps = plan(fake_of(pair), pair.declared)

    outcome = plan_outcome(Plan(steps, given_), len(pair.declared))

    assert _read(list(outcome.lines), steps, given_) == [
        (each["tableName"], each["action"], each["target"], each["risk"], each["requires"])
        for each in outcome.data["actions"]
    ]


def _read(
    lines: list[Line], steps: tuple[Action, ...], given_: tuple[str, ...]
) -> list[tuple[str, str, str, str, list[str]]]:
    """What a person reads: lines in, entries of ``data.actions`` out."""
    tables = {each.table for each in steps}
    wanted = iter(steps)
    found: list[tuple[str, str, str, str, list[str]]] = []
    name = ""
    step = None
    for line in lines:
        if line.text in tables:
            name = line.text
        elif line.text.startswith("    "):
            assert step is not None
            assert line.text.strip() == step.reason
        else:
            step = next(wanted)
            kind = next(k for k in Kind if line.text.startswith(f"{k.words}  ") and k is step.kind)
            label = line.text.removeprefix(kind.words).strip().removeprefix(step.target)
            risk = next((each.value for each in Risk if each.value in label), "not shown")
            shown = [each for each in step.requires if each in label or each in given_]
            target = step.target if step.target in line.text else line.text
            found.append((name, kind.value, target, risk, shown))
    assert next(wanted, None) is None
    return found


# One rule each, by hand: what the random pairs found worth a name, or cannot draw.

BASE = Table(name="Users", key=Key.parse("pk S, sk S"))


def index(name: str, key: str, **facts: object) -> Index:
    """An index in the words of a data sheet."""
    return Index(name, Key.parse(key), **facts)  # type: ignore[arg-type]


def test_time_to_live_changes_once_an_hour(time: Clock) -> None:
    """Another attribute takes two changes: the second is refused, an hour later it is done."""
    pair = Pair(
        TableSet((replace(BASE, ttl=TimeToLive("endsAt")),)),
        (replace(BASE, ttl=TimeToLive("expiresAt")),),
        "one",
    )
    fake = fake_of(pair)
    fake.ttl_interval, fake._now = 3600, time.now

    first = repair(fake, pair.declared, (PRUNE,))
    time.sleep(3600)
    second = repair(fake, pair.declared, (PRUNE,))

    assert first.error is not None
    assert first.error.code is ErrorCode.TABLE_LIMIT_EXCEEDED
    assert [each.kind for each in first.completed] == [Kind.DISABLE_TTL]
    assert [each.kind for each in second.completed] == [Kind.ENABLE_TTL]
    assert second.error is None


def test_another_view_of_a_stream_needs_its_removal() -> None:
    """A stream is taken away and made anew with --prune only."""
    pair = Pair(
        TableSet((replace(BASE, stream=Stream("NEW_IMAGE")),)),
        (replace(BASE, stream=Stream("KEYS_ONLY")),),
        "one",
    )
    fake = fake_of(pair, delay=2)

    assert repair(fake, pair.declared).completed == ()
    done = repair(fake, pair.declared, (PRUNE,))

    assert [each.kind for each in done.completed] == [Kind.DISABLE_STREAM, Kind.ENABLE_STREAM]
    assert (done.error, fake.refused) == (None, [])


def test_steps_on_indexes_tell_how_far_they_are() -> None:
    """Progress counts the index steps of the table and shows the state and the seconds."""
    declared = replace(BASE, global_indexes=(index("one", "a S"), index("two", "b S")))
    pair = Pair(TableSet((declared,)), (BASE,), "one")

    done = repair(fake_of(pair, delay=3), pair.declared)

    told = [each for each in done.told if each.startswith("index ")]
    assert "index 1 of 2 on Users: create index one (a S)" in told
    assert any("index 2 of 2 on Users" in each and "backfilling" in each for each in told)


def test_a_name_that_a_local_index_has_is_impossible() -> None:
    """A global index cannot have the name of a local one: reported, never attempted."""
    declared = replace(BASE, global_indexes=(index("either", "a S"),))
    held = replace(BASE, local_indexes=(index("either", "pk S, a S"),))
    pair = Pair(TableSet((declared,)), (held,), "one")
    fake = fake_of(pair)

    done = repair(fake, pair.declared, EVERYTHING)

    assert (fake.refused, fake.writes) == ([], [])
    assert [each.possible for each in done.planned] == [False, False]


def test_an_index_behind_one_that_cannot_be_replaced_is_impossible() -> None:
    """What clashes with an index that has to stay cannot be built: reported, never attempted."""
    declared = table("Users", "pk N", {"one": "pk N, a N", "two": "a N"})
    held = table("Users", "pk S", {"one": "pk S, a S"})
    pair = Pair(TableSet((declared,)), (held,), "one")
    fake = fake_of(pair)

    done = repair(fake, pair.declared, EVERYTHING)

    assert (fake.refused, fake.writes) == ([], [])
    assert [each.possible for each in done.planned] == [False, False, False]


def test_no_call_can_delete_a_table() -> None:
    """The fake has no DeleteTable: a repair that came there would fail its test."""
    pair = Pair(TableSet((BASE,)), (BASE,), "one")
    fake = fake_of(pair)

    with pytest.raises(AssertionError):
        fake.delete_table(TableName="Users")

    assert not any("delete" in name for name in dir(store(fake)))


def test_setup_creates_and_completes_on_the_fake() -> None:
    """A fresh setup of a full-featured declaration verifies clean."""
    full = Table(
        name="Users",
        key=Key.parse("pk S, sk N"),
        global_indexes=(index("one", "a S + b N, sk N"),),
        local_indexes=(index("local", "pk S, b N"),),
        tags=tuple((f"key-{number:02}", "v") for number in range(25)),
        ttl=TimeToLive("expiresAt"),
        stream=Stream("NEW_IMAGE"),
        deletion_protection=True,
        point_in_time_recovery=True,
        table_class="STANDARD_INFREQUENT_ACCESS",
    )
    pair = Pair(TableSet((full,)), (), "one")
    fake = fake_of(pair, delay=3)
    run, _ = new_run(fake, pair.declared)

    setup(run)

    assert (differences(fake, pair.declared), fake.refused) == (set(), [])
