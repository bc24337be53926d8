"""A run without options takes nothing away, whatever is declared and whatever is held.

What "takes away" means is written down here once more, from AWS's documentation and on the
state of the control plane, without asking the planner.
"""

from __future__ import annotations

import contextlib
import threading
from math import inf
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import event, given
from hypothesis import strategies as st

from osem_tasks.apply.setup import setup
from osem_tasks.errors import OsemError
from osem_tasks.plan.actions import OPTIONS, PRUNE, REDUCE, REPLACE, UNPROTECT
from osem_tasks.schema.model import Index, Key, Table, TableSet, Throughput, table
from tests.properties.pairs import Pair, pairs
from tests.properties.world import differences, fake_of, new_run, repair
from tests.support.examples import examples
from tests.support.patience import Clock, no_waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.fake_dynamodb import FakeDynamoDB

Json = dict[str, Any]
SUBSETS = st.sets(st.sampled_from(OPTIONS))


@pytest.fixture(scope="module", autouse=True)
def _no_waiting() -> Iterator[None]:
    """Let the package sleep on a clock of its own."""
    with no_waiting(Clock()):
        yield


def taken(was: Json, now: Json) -> set[str]:
    """What a table has less of than before, by the option that would have to allow it."""
    less = set()
    if not was["indexes"].keys() <= now["indexes"].keys() or (
        was["stream"] not in (None, now["stream"])
        or (now["ttl"] not in (None, was["ttl"]) and was["items"])
    ):
        less.add(PRUNE)
    if any(
        was["indexes"][name][part] != now["indexes"][name][part]
        for name in was["indexes"].keys() & now["indexes"].keys()
        for part in ("key", "projection")
    ):
        less.add(REPLACE)
    if was["protection"] > now["protection"] or was["recovery"] > now["recovery"]:
        less.add(UNPROTECT)
    if was["recovery"] and now["recovery"] and was["period"] > now["period"]:
        less.add(UNPROTECT)  # the backups of the days between are gone
    if was["kms"] not in (None, now["kms"]):
        less.add(UNPROTECT)
    if _less_capacity(was, now):
        less.add(REDUCE)
    if _less_warm(was, now):
        less.add("nothing allows it")
    return less


def _less_warm(was: Json, now: Json) -> bool:
    """Whether warm throughput is lower that was raised or grew with use."""
    own = (12_000, 4_000)
    for before, after in [(was, now), *_both(was, now)]:
        least = own if was["billing"] == "PAY_PER_REQUEST" else _units(before)
        for number, one in enumerate(("ReadUnitsPerSecond", "WriteUnitsPerSecond")):
            if before["warm"][one] > max(least[number], after["warm"][one]):
                return True
    return False


def _less_capacity(was: Json, now: Json) -> bool:
    if was["billing"] == "PAY_PER_REQUEST" != now["billing"]:
        return True  # only the declared units are left of what on-demand serves
    if was["billing"] != now["billing"]:
        # What was provisioned is served on demand, unless a limit is lower.
        held = [(was, now), *_both(was, now)]
        return any(_below(_limits(after), _units(before)) for before, after in held)
    for before, after in [(was, now), *_both(was, now)]:
        if _below(_units(after), _units(before)) or _below(_limits(after), _limits(before)):
            return True
        if any(
            one != inf and other == inf
            for one, other in zip(_limits(before), _limits(after), strict=True)
        ):
            return True  # nothing bounds the cost any more
    return False


def _both(was: Json, now: Json) -> list[tuple[Json, Json]]:
    names = was["indexes"].keys() & now["indexes"].keys()
    return [(was["indexes"][name], now["indexes"][name]) for name in sorted(names)]


def _units(held: Json) -> tuple[float, float]:
    units = held["throughput"] or {}
    return units.get("ReadCapacityUnits", 0), units.get("WriteCapacityUnits", 0)


def _limits(held: Json) -> tuple[float, float]:
    limits = held["ceiling"] or {}
    numbers = (limits.get("MaxReadRequestUnits", -1), limits.get("MaxWriteRequestUnits", -1))
    return inf if numbers[0] < 0 else numbers[0], inf if numbers[1] < 0 else numbers[1]


def _below(now: tuple[float, float], was: tuple[float, float]) -> bool:
    return now[0] < was[0] or now[1] < was[1]


def _kept(before: Json, fake: FakeDynamoDB, allowed: set[str]) -> None:
    """Check that no table lost what the options do not allow, nor a tag, an item or its key."""
    after = fake.state()
    assert fake.refused == []
    assert before.keys() <= after.keys()
    for name, was in before.items():
        now = after[name]
        assert taken(was, now) <= allowed, name
        assert was["tags"].keys() <= now["tags"].keys()
        assert (was["items"], was["key"], was["local"]) == (now["items"], now["key"], now["local"])


@given(pairs(), st.booleans())
@examples(200)
def test_a_repair_without_options_takes_nothing_away(pair: Pair, empty: bool) -> None:
    """Billing, capacity, limits, protection, recovery, keys, streams, expiry, indexes and tags."""
    fake = fake_of(pair, items=0 if empty else 3)
    before = fake.state()

    repair(fake, pair.declared)

    _kept(before, fake, set())


@given(pairs(), st.booleans())
@examples(200)
def test_a_setup_with_repair_takes_nothing_away(pair: Pair, repairing: bool) -> None:
    """``db.setup`` has no option that takes away: with ``--repair`` neither."""
    fake = fake_of(pair)
    before = fake.state()
    run, _ = new_run(fake, pair.declared)

    with contextlib.suppress(OsemError):
        setup(run, repairing=repairing)

    _kept(before, fake, set())


@given(pairs(), SUBSETS)
@examples(200)
def test_an_option_takes_away_its_own_kind_only(pair: Pair, given_: set[str]) -> None:
    """Every loss is of a kind that one of the given options names."""
    fake = fake_of(pair)
    before = fake.state()

    repair(fake, pair.declared, tuple(given_))

    event(", ".join(sorted(given_)) or "none")
    _kept(before, fake, given_)


# A replacement of an index is one step, whatever happens to other tables.

OLD = table("Teams", "id S", {"one": "a S", "two": "b S"})
NEW = table("Teams", "id S", {"one": "b S", "two": "a S"})
CODES = ("AccessDeniedException", "ValidationException")


def failing_at(fake: FakeDynamoDB, name: str, at: int, code: str) -> None:
    """Refuse every call on the table ``name`` from its call number ``at`` on."""
    lock, seen = threading.Lock(), 0

    def before(operation: str, request: Json) -> None:
        nonlocal seen
        if request.get("TableName") != name:
            return
        with lock:
            seen += 1
            number = seen
        if number > at:
            raise ClientError({"Error": {"Code": code, "Message": "refused"}}, operation)

    fake.before = before


@given(
    pairs(),
    st.sampled_from(("Users", "Teams", "Plans")),
    st.integers(3, 12),
    st.sampled_from(CODES),
    st.integers(0, 2),
)
@examples(100)
def test_a_failing_table_costs_no_other_table_an_index(
    pair: Pair, name: str, at: int, code: str, delay: int
) -> None:
    """Wherever the calls of one table begin to fail, every other table keeps its indexes."""
    fake = fake_of(pair, delay=delay)
    declared = {t.name: {i.name for i in t.global_indexes} for t in pair.declared}
    kept = {
        (held.name, index.name)
        for held in pair.held
        for index in held.global_indexes
        if index.name in declared[held.name] and held.name != name
    }
    failing_at(fake, name, at, code)

    with contextlib.suppress(OsemError):
        repair(fake, pair.declared, OPTIONS)

    assert {
        (table, index) for table, index in kept if index not in fake.index_names(table)
    } == set()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("names", ["same-time", "before"])
def test_a_failure_between_removal_and_build_waits_for_the_build(code: str, names: str) -> None:
    """The other table fails once the index is gone: it is built all the same, and both are told."""
    users = table("Users", "id S", {"by-x": "x S"})
    bare = table("Users", "id S")
    fake = fake_of(Pair(TableSet((users, NEW)), (bare, OLD), "one"), delay=2)
    gone = threading.Event()

    def before(operation: str, request: Json) -> None:
        if operation != "UpdateTable":
            return
        (change,) = request["GlobalSecondaryIndexUpdates"]
        if request["TableName"] == "Teams" and "Delete" in change:
            gone.set()
        if request["TableName"] == "Users":
            gone.wait(20)
            raise ClientError({"Error": {"Code": code, "Message": "refused"}}, operation)

    fake.before = before
    tables = (users, NEW) if names == "before" else (NEW, users)

    done = repair(fake, TableSet(tables), (REPLACE,))

    state = fake.state()["Teams"]["indexes"]
    assert {name: index["key"][0]["AttributeName"] for name, index in state.items()} in (
        {"one": "b", "two": "b"},
        {"one": "b", "two": "a"},
    )
    assert done.error is not None
    assert done.error.table == "Users"


def test_a_failed_removal_of_one_index_leaves_the_other_built() -> None:
    """The second removal of a table fails: the first index is built, the second is as it was."""
    fake = fake_of(Pair(TableSet((NEW,)), (OLD,), "one"))

    def before(operation: str, request: Json) -> None:
        for change in request.get("GlobalSecondaryIndexUpdates", ()):
            if change.get("Delete", {}).get("IndexName") == "two":
                raise ClientError({"Error": {"Code": CODES[0], "Message": "no"}}, operation)

    fake.before = before

    done = repair(fake, TableSet((NEW,)), (REPLACE,))

    state = fake.state()["Teams"]["indexes"]
    assert {name: index["key"][0]["AttributeName"] for name, index in state.items()} == {
        "one": "b",
        "two": "b",
    }
    assert done.error is not None
    assert [action.target.split()[0] for action in done.completed] == ["one", "one"]


MANY, FEW = Throughput(9, 9), Throughput(5, 5)


def _provisioned(indexes: dict[str, tuple[str, Throughput]]) -> Table:
    return Table(
        name="Teams",
        key=Key.parse("id S"),
        billing="PROVISIONED",
        throughput=FEW,
        global_indexes=tuple(
            Index(name, Key.parse(key), throughput=units) for name, (key, units) in indexes.items()
        ),
    )


@pytest.mark.parametrize(
    "held, declared",
    [
        pytest.param(
            {"one": ("a S", MANY)}, {"one": ("b S", FEW), "two": ("a N", FEW)}, id="missing"
        ),
        pytest.param(
            {"one": ("a S", MANY), "two": ("b S", FEW)},
            {"one": ("b N", FEW), "two": ("a N", FEW)},
            id="replaced",
        ),
        pytest.param(
            {"one": ("a S", MANY), "two": ("b S", FEW)},
            {"one": ("c S", FEW), "two": ("a N", FEW), "three": ("b N", FEW)},
            id="at-third-hand",
        ),
    ],
)
def test_an_index_waits_for_the_options_of_what_stands_in_its_way(
    held: dict[str, tuple[str, Throughput]], declared: dict[str, tuple[str, Throughput]]
) -> None:
    """An attribute has one type: what cannot be built yet is not begun, and nothing is deleted."""
    tables = TableSet((_provisioned(declared),))
    fake = fake_of(Pair(tables, (_provisioned(held),), "one"))
    before = fake.state()

    done = repair(fake, tables, (REPLACE,))
    kept = fake.state()
    repair(fake, tables, (REPLACE, REDUCE))

    assert (done.completed, kept, fake.refused) == ((), before, [])
    assert fake.index_names("Teams") == {*declared}
    assert differences(fake, tables) == set()
