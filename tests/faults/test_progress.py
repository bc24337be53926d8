"""Progress of the whole program on a slow control plane, where no terminal shows it."""

from __future__ import annotations

import os
import re
import signal
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pexpect
import pyte
import pytest

from osem_tasks.waiting.policy import using
from tests.faults.cases.case import SIX
from tests.support.faulty_aws import Plane
from tests.support.inv import LONGEST, ROOT, finished, started
from tests.support.patience import SHORT

if TYPE_CHECKING:
    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv, Run

FOREVER = 3600.0
SLOW = Plane(creating=0.2, deleting=0.2, latency=0.06)
OFTEN = replace(SHORT, progress=0.01)
LINE = re.compile(r"^ℹ (?P<text>.+ [a-z]+: \d+ of \d+ done, \d+ s(: .*)?)$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """A task on tables that exist in ``there``; what its lines say, with the number as ``n``."""

    words: tuple[str, ...]
    says: tuple[str, ...]
    there: tuple[str, ...] = ("dev",)
    drifted: bool = False

    def __str__(self) -> str:
        return " ".join(self.words)


CASES = [
    Case(("db.setup",), ("reading tables: n of 6 done", "creating tables: n of 6 done"), ()),
    Case(("db.setup",), ("reading tables: n of 6 done",)),
    Case(("db.setup", "--dry-run"), ("reading tables: n of 6 done",), ()),
    Case(("db.verify",), ("reading tables: n of 6 done",)),
    Case(("db.verify", "--table", "Users"), ("reading tables: n of 1 done",)),
    Case(("db.list",), ("reading tables: n of 6 done",)),
    Case(("db.import",), ("reading tables: n of 6 done",)),
    Case(
        ("db.compare", "--with", "staging"),
        ("reading tables: n of 12 done",),
        there=("dev", "staging"),
    ),
    Case(
        ("db.repair",),
        ("reading tables: n of 6 done", "carrying out steps: n of 1 done"),
        drifted=True,
    ),
    Case(("db.repair", "--dry-run"), ("reading tables: n of 6 done",), drifted=True),
    Case(("db.delete", "--yes"), ("reading tables: n of 6 done", "deleting tables: n of 6 done")),
    Case(
        ("db.reset", "--yes"),
        ("deleting tables: n of 6 done", "creating tables: n of 6 done"),
    ),
]


# A task that creates, one that reads, one that changes, one that deletes.
SOME = (CASES[0], CASES[3], CASES[8], CASES[10])


def run(case: Case, cloud: Cloud, inv: Inv, *more: str, plane: Plane = SLOW) -> Run:
    """The task of the case on its tables."""
    for environment in case.there:
        cloud.hold(environment, *SIX)
    if case.drifted:
        cloud.drift("dev")
    cloud.server.arm(plane=plane)
    return inv(*case.words, "--env", "dev", "--force", *more)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_long_task_is_never_silent(case: Case, cloud: Cloud, inv: Inv) -> None:
    """A line at the interval tells what is done, on how many, and for how long; on stderr."""
    with using(OFTEN):
        done = run(case, cloud, inv)

    lines = [match["text"] for match in LINE.finditer(done.err)]
    said = {re.sub(r": \d+ of", ": n of", line).partition(",")[0] for line in lines}
    assert done.code == 0, done.err
    assert set(case.says) <= said
    assert LINE.findall(done.out) == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_short_task_says_no_more_than_before(case: Case, cloud: Cloud, inv: Inv) -> None:
    """What ends within the interval has no line of progress."""
    done = run(case, cloud, inv, plane=Plane())

    assert (done.code, LINE.findall(done.err)) == (0, [])
    assert not re.search(r"\b(creating|deleting|waiting for)\b", done.err)


@pytest.mark.parametrize("case", SOME, ids=str)
def test_quiet_is_quiet(case: Case, cloud: Cloud, inv: Inv) -> None:
    """`--quiet` tells no progress and shows no row, however long it takes."""
    with using(OFTEN):
        done = run(case, cloud, inv, "--quiet")

    assert (done.code, done.err) == (0, "")
    assert len(done.out.splitlines()) <= 1


@pytest.mark.parametrize("case", SOME, ids=str)
def test_json_is_one_document(case: Case, cloud: Cloud, inv: Inv) -> None:
    """Rows and lines of progress do not reach stdout of `--json`."""
    with using(OFTEN):
        done = run(case, cloud, inv, "--json")

    assert done.document["success"]


@pytest.mark.parametrize(
    "words, plane, count",
    [
        (("db.setup",), SLOW, 0),
        (("db.setup",), replace(SLOW, simultaneous=2), 0),
        (("db.setup",), SLOW, 3),
        (("db.delete", "--yes"), SLOW, 6),
        (("db.reset", "--yes"), SLOW, 6),
    ],
    ids=["creates", "two-at-a-time", "some-are-there", "deletes", "resets"],
)
def test_every_table_has_one_row(
    cloud: Cloud, inv: Inv, words: tuple[str, ...], plane: Plane, count: int
) -> None:
    """The rows that appear on the way are not repeated at the end, and all are aligned."""
    cloud.hold("dev", *SIX[:count])
    cloud.server.arm(plane=plane)

    done = inv(*words, "--env", "dev")

    rows = [line for line in done.out.splitlines() if line.startswith("✓ osem-dev-")]
    rows = [row for row in rows if not row.split()[1].endswith(":") and "  backed up " not in row]
    columns = [re.findall(r"\S+ +", row)[1] for row in rows]
    assert sorted(column.strip() for column in columns) == sorted(f"osem-dev-{n}" for n in SIX)
    assert len({len(column) for column in columns}) == 1


def test_every_step_of_a_repair_has_one_row(cloud: Cloud, inv: Inv) -> None:
    """What is done is shown once, when it is done."""
    case = next(case for case in CASES if case.words == ("db.repair",))

    done = run(case, cloud, inv)

    first, last = done.out.splitlines()
    assert (done.code, first.startswith("✓ osem-dev-Users: ")) == (0, True)
    assert last.startswith("✓ 1 of 1 step done")


@pytest.mark.parametrize(
    "words, operation, what",
    [
        pytest.param(("db.setup",), "CreateTable", "CREATING, not waited for", id="setup"),
        pytest.param(
            ("db.delete", "--yes"),
            "DeleteTable",
            "deletion requested, not waited for",
            id="delete",
        ),
    ],
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.usefixtures("inv")
def test_an_interrupted_task_ends_with_every_table(
    cloud: Cloud, number: signal.Signals, words: tuple[str, ...], operation: str, what: str
) -> None:
    """What did not finish is named in the report, each table once, in the model's order."""
    if operation == "DeleteTable":
        cloud.hold("dev", *SIX)
    cloud.server.arm(plane=Plane(creating=FOREVER, deleting=FOREVER))
    process = started(*words, "--env", "dev")
    cloud.server.await_calls(len(SIX), operation)
    cloud.server.await_calls(len(cloud.server.of("DescribeTable")) + 6, "DescribeTable")
    process.send_signal(number)

    done = finished(process)

    told = [row for row in done.out.splitlines()[:-1] if row.startswith("⚠")]
    rows = [re.sub(r"(  +\d+\.\d+ s)?$", "", row) for row in told]
    width = len(f"osem-dev-{max(SIX, key=len)}")
    named = [f"⚠ {f'osem-dev-{name}':{width}}  {what}" for name in SIX]
    assert (done.code, rows) == (130, named)


@pytest.mark.parametrize("columns", [160, 60, 30])
@pytest.mark.usefixtures("inv")
def test_a_terminal_shows_the_count_and_keeps_the_rows(cloud: Cloud, columns: int) -> None:
    """The spinner counts what is left on one line of any width; at the end, only rows stay."""
    cloud.server.arm(plane=Plane(creating=1.0))
    command = ["-m", "invoke", "db.setup", "--env", "dev"]
    shell = {key: value for key, value in os.environ.items() if key != "CI"}
    child = pexpect.spawn(
        sys.executable,
        command,
        cwd=str(ROOT),
        env={**shell, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"},
        dimensions=(90, columns),
        encoding="utf-8",
        timeout=LONGEST,
    )
    try:
        child.expect(r"waiting for 6 of 6, \d+ s")
        raw = child.before + child.after
        child.expect(pexpect.EOF)
        raw += child.before
    finally:
        child.close(force=True)
    screen = pyte.Screen(columns, 90)
    pyte.Stream(screen).feed(raw)
    text = "".join(line.ljust(columns) for line in screen.display)

    assert (child.exitstatus, "waiting for" in text, screen.cursor.hidden) == (0, False, False)
    for name in SIX:
        assert text.count(f"✓ osem-dev-{name} ") == 1
