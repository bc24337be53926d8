"""What is told while a run goes on: every table once, when nothing is left to do on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.apply.repair import repair
from osem_tasks.apply.setup import setup
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.progress import spinner_text
from osem_tasks.output.setup import completed_line, finished_line, setup_outcome
from osem_tasks.plan.repair import repair_actions
from osem_tasks.schema.compare import compare_all
from osem_tasks.schema.model import TableSet, TimeToLive, table
from osem_tasks.waiting.policy import using
from tests.support.fake_dynamodb import Killed
from tests.support.scripted_dynamodb import Fault, ScriptedDynamoDB, Way, refused
from tests.support.still_clock import still_clock
from tests.unit.apply.runs import MINUTE, POLICY, Told, new_run

if TYPE_CHECKING:
    from osem_tasks.apply.run import Run
    from osem_tasks.output.outcome import Line

NAMES = ("Users", "Teams", "Plans", "Reports")
PLAIN = {name: table(name, "id S") for name in NAMES}
TABLES = TableSet(
    (
        PLAIN["Users"],
        table("Teams", "id S", {"a-index": "a S"}, ttl=TimeToLive("at")),
        table("Plans", "id S", point_in_time_recovery=True, tags=(("team", "core"),)),
        PLAIN["Reports"],
    )
)
OPERATIONS = ("CreateTable", "DescribeTable", "UpdateTimeToLive", "UpdateContinuousBackups")
DENIED = "AccessDeniedException"


def watched(
    fake: ScriptedDynamoDB, tables: TableSet = TABLES, seconds: float = MINUTE
) -> tuple[Run, Told, list[Line]]:
    """A run, what it tells, and the lines that appear while it goes on."""
    run, told = new_run(fake, tables, seconds)
    lines: list[Line] = []

    run = replace(
        run,
        finished=lambda name: lines.append(finished_line(run.journal, name)),
        completed=lambda action: lines.append(completed_line(action)),
    )
    return run, told, lines


def set_up(run: Run, *, repairing: bool = False) -> OsemError | None:
    """How a setup ended; None: well."""
    try:
        setup(run, repairing=repairing)
    except OsemError as error:
        return error
    except Killed:
        return OsemError("Interrupted.", code=ErrorCode.INTERRUPTED, remediation="Again.")
    return None


faults = st.builds(
    Fault,
    st.sampled_from(OPERATIONS),
    st.sampled_from([Way.REFUSED, Way.DROPPED, Way.LOST]),
    code=st.sampled_from([DENIED, "ThrottlingException", "LimitExceededException"]),
    message=st.sampled_from(["Subscriber limit exceeded: 2500 tables per account", "its words"]),
    times=st.integers(1, 3),
    table=st.sampled_from(["", *NAMES]),
    after=st.integers(0, 12),
)


@given(
    st.lists(faults, max_size=3),
    st.sets(st.sampled_from(NAMES)),
    st.integers(0, 3),
    st.floats(0.5, MINUTE),
    st.booleans(),
)
def test_the_report_repeats_no_row_and_leaves_no_table_out(
    wrong: list[Fault], held: set[str], delay: int, seconds: float, repairing: bool
) -> None:
    """Whatever happens, a row that was shown is a line of the report, as it stands there.

    So the console can leave it out, and every table is there exactly once.
    """
    with still_clock(), using(POLICY):
        fake = ScriptedDynamoDB(*wrong, delay=delay)
        for name in sorted(held):
            fake.hold(PLAIN[name])
        run, _, early = watched(fake, seconds=seconds)

        error = set_up(run, repairing=repairing)
        final = setup_outcome(run.journal, error, 1.0).lines

        assert [line for line in early if line not in final] == []
        assert len(early) == len(set(early))
        named = [line.text.split()[0] for line in final if ":" not in line.text]
        assert named in (list(NAMES), [])
        if error is None:
            assert sorted(map(str, early)) == sorted(map(str, final))


def test_a_table_appears_once_it_is_ready_and_completed() -> None:
    """Not when it was requested, and not before its time to live is on."""
    run, told, early = watched(ScriptedDynamoDB(delay=2))

    assert set_up(run) is None

    words = [line.text.split()[0] for line in early]
    assert words[:2] == ["Users", "Reports"]
    assert sorted(words[2:]) == ["Plans", "Plans:", "Teams", "Teams:"]
    assert words.index("Teams:") < words.index("Teams")
    assert words.index("Plans:") < words.index("Plans")
    assert [spinner_text(step).partition(",")[0] for step in told.steps] == [
        "reading 4 of 4 tables",
        "waiting for 0 of 4",
        "carrying out 2 of 2 steps",
        "verifying 4 of 4 tables",
    ]


def test_what_was_there_appears_before_anything_is_created() -> None:
    """A table as declared is finished with the reading."""
    fake = ScriptedDynamoDB(delay=2)
    for name in ("Users", "Reports"):
        fake.hold(PLAIN[name])
    run, _, early = watched(fake)

    assert set_up(run) is None
    assert [line.text.split()[:2] for line in early[:2]] == [
        ["Users", "verified"],
        ["Reports", "verified"],
    ]


def test_after_a_failure_only_what_was_accepted_is_waited_for() -> None:
    """The count is that of the tables that can still come, not of those given up."""
    tables = TableSet(tuple(PLAIN.values()))
    fake = ScriptedDynamoDB(refused("CreateTable", DENIED, table="Plans"), delay=3)
    run, told, early = watched(fake, tables)

    error = set_up(run)

    assert error is not None
    assert [line.text.split()[0] for line in early] == ["Users", "Teams"]
    assert (told.steps[1].done, told.steps[1].total) == (2, 2)


def test_what_holds_a_request_up_stays_in_sight() -> None:
    """While the next table is refused, the note says which and why; then it is gone."""
    words = "Subscriber limit exceeded: Too many operations for a given subscriber"
    fake = ScriptedDynamoDB(
        refused("CreateTable", "LimitExceededException", message=words, times=2, table="Plans"),
        delay=1,
    )
    run, told, _ = watched(fake, TableSet(tuple(PLAIN.values())))

    assert set_up(run) is None
    assert [text for text in told.texts if text.startswith("Plans has to wait: ")] != []
    assert told.steps[1].note == ""


def test_a_table_whose_completion_failed_does_not_count_as_verified() -> None:
    """It was as declared but for what setup completes: failed, and one row."""
    declared = TableSet((replace(PLAIN["Users"], ttl=TimeToLive("at")), PLAIN["Teams"]))
    fake = ScriptedDynamoDB(refused("UpdateTimeToLive", DENIED))
    for name in ("Users", "Teams"):
        fake.hold(PLAIN[name])
    run, _, early = watched(fake, declared)

    error = set_up(run)

    assert error is not None
    assert [line.text.split()[0] for line in early] == ["Teams"]
    assert ([*run.journal.verified], [*run.journal.failed]) == (["Teams"], ["Users"])


@pytest.mark.parametrize("delay", [0, 3])
def test_a_repair_tells_every_step_once_it_is_done(delay: int) -> None:
    """n of m steps, over all tables, and what is done as soon as it is."""
    declared = TableSet(
        tuple(
            replace(PLAIN[name], global_indexes=TABLES["Teams"].global_indexes, tags=(("a", "1"),))
            for name in NAMES
        )
    )
    fake = ScriptedDynamoDB(delay=delay)
    for name in NAMES:
        fake.hold(PLAIN[name])
    run, told = new_run(fake, declared)
    done: list[str] = []
    run = replace(run, completed=lambda action: done.append(str(action)))
    found = run.store.read_all(declared)
    actions = repair_actions(compare_all(declared, found))

    repair(run, actions)

    assert sorted(done) == sorted(map(str, actions))
    assert done == [str(action) for action in run.journal.completed]
    assert spinner_text(told.steps[0]).startswith("carrying out 8 of 8 steps, ")


def test_the_items_of_a_growing_index_are_told() -> None:
    """DescribeTable counts them while the index is built; the table's count is the whole."""
    declared = TableSet((replace(TABLES["Teams"], ttl=None),))
    fake = ScriptedDynamoDB(delay=3)
    fake.hold(PLAIN["Teams"], 1200)
    run, told = new_run(fake, declared)

    repair(run, repair_actions(compare_all(declared, run.store.read_all(declared))))

    assert [text for text in told.texts if text.endswith(", 1,200 of 1,200 items")] != []
