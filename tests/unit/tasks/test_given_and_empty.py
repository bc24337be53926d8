"""An option that is given and empty is no option that was left out: in every task."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osem_tasks import namespace
from tests.support.inv import Inv, finished, spawned

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

NS = namespace.build()
# Every option that takes a value, of every task.
OPTIONS = [
    (task, argument.names[0])
    for task in sorted(NS.task_names)
    for argument in NS[task].get_arguments()
    if argument.takes_value
]
BLANK = st.text(st.sampled_from(" \t\n\r\u00a0\u2003"), max_size=4)


@pytest.fixture
def inv(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Inv:
    """`inv` in this process."""
    return Inv(capsys, monkeypatch)


def flag(name: str) -> str:
    """The option as it is typed."""
    return f"--{name.replace('_', '-')}"


@pytest.mark.parametrize("task, name", OPTIONS, ids=lambda value: value)
def test_every_option_refuses_an_empty_value(inv: Inv, task: str, name: str) -> None:
    """INVALID_CONFIGURATION with the option named, before anything is read, sent or started."""
    run = inv(task, "--json", flag(name), "")

    document = run.document
    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert f"{flag(name)} is given and empty" in document["error"]["message"]
    assert (document["environment"], document["endpoint"], document["data"]) == (None, None, {})


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    option=st.sampled_from([pair for pair in OPTIONS if pair[0].startswith("db.")]),
    blank=BLANK,
    others=st.lists(st.sampled_from(["--force", "--quiet"]), unique=True),
)
def test_a_blank_value_is_empty(
    inv: Inv, option: tuple[str, str], blank: str, others: list[str]
) -> None:
    """Whatever white space a shell leaves, and whatever else is given, the value is missing."""
    task, name = option

    run = inv(task, "--json", *others, flag(name), blank)

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert f"{flag(name)} is given and empty" in run.document["error"]["message"]


@pytest.mark.parametrize("task, name", OPTIONS, ids=lambda value: value)
def test_every_option_refuses_another_option_for_a_value(inv: Inv, task: str, name: str) -> None:
    """An unset variable without quotes makes the next word the value."""
    run = inv(task, flag(name), "--unknown")
    nothing = inv(task, flag(name))

    assert (run.code, nothing.code) == (1, 1)
    assert f"{flag(name)} has no value" in run.err
    assert nothing.err


@pytest.mark.parametrize("name", ["OSEM_ENV", "NODE_ENV", "OSEM_DB_PREFIX", "AWS_REGION"])
def test_an_empty_variable_is_told_beside_the_target(
    inv: Inv, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It counts as unset, and what it would have decided is decided without it."""
    monkeypatch.setenv(name, "")

    run = inv("db.list", "--endpoint", "http://127.0.0.1:1")

    assert f"{name} is set and empty: it counts as unset." in run.err
    assert "environment local · region us-east-1 · prefix osem-local-" in run.err
    assert os.environ[name] == ""


@pytest.mark.parametrize("name", ["OSEM_LOCAL_NAME", "OSEM_LOCAL_PORT"])
def test_an_empty_variable_of_the_engine_is_told(
    inv: Inv, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The `local` tasks name it where they would have gone by it."""
    monkeypatch.setenv(name, "")

    run = inv("--dry", "local.up", "--engine", "moto")

    assert f"{name} is set and empty: it counts as unset." in run.err


def test_a_given_option_makes_the_variable_unimportant(
    inv: Inv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said of a variable that would not have decided."""
    monkeypatch.setenv("OSEM_ENV", "")

    assert "OSEM_ENV" not in inv("db.list", "--env", "dev", "--endpoint", "http://127.0.0.1:1").err


SCRIPT = """
import sys
from invoke.collection import Collection
from invoke.program import Program
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.tasks.command import command
from osem_tasks.tasks.options import OUTPUT_OPTIONS

def reset(job):
    '''Change something.'''
    error = OsemError("Late.", code=ErrorCode.TIMEOUT, remediation="Again.") if FAILS else None
    return Outcome(lines=[Line(Mark.DONE, "osem-dev-Users  deleted")], error=error, changed=CHANGED)

Program(namespace=Collection(reset=command(OUTPUT_OPTIONS)(reset))).run(["inv", "reset", *WORDS])
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
@pytest.mark.parametrize("words", [[], ["--json"]], ids=["people", "programs"])
@pytest.mark.parametrize(
    "changed, fails, code", [(True, False, 2), (True, True, 2), (False, False, 1), (False, True, 1)]
)
def test_a_result_that_cannot_be_written_is_told_on_stderr(
    words: list[str], changed: bool, fails: bool, code: int
) -> None:
    """Exit code 1 says that nothing was changed: after a change it is 2, and the result is told."""
    values = f"FAILS, CHANGED, WORDS = {fails}, {changed}, {words}\n"
    shell = ["sh", "-c", 'exec "$0" -c "$1" > /dev/full', sys.executable, values + SCRIPT]

    run = finished(spawned(shell))

    assert run.code == code
    assert "osem-dev-Users  deleted" in run.err
    assert "cannot be written to stdout" in run.err
    assert ("TIMEOUT" in run.err) == fails
    assert "Traceback" not in run.err
    assert "Exception ignored" not in run.err
