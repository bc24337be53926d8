"""Which engine a command without ``--name`` means: every case of the one rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import records, selection
from osem_tasks.engines.base import EngineRecord, Intent
from osem_tasks.errors import ErrorCode
from tests.support.fake_engines import fake_dynamodb

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE, THERE = "/work/here", "/work/there"
SILENT = "http://127.0.0.1:9"


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Where a DynamoDB answers."""
    with fake_dynamodb() as url:
        yield url


def saved(name: str, endpoint: str, **facts: Any) -> EngineRecord:
    """A recorded engine of a fake kind, which runs if its endpoint answers."""
    return records.save(
        EngineRecord(
            engine="lasting", name=name, endpoint=endpoint, started_at="now", used_at=0.0, **facts
        )
    )


@dataclass(frozen=True, kw_only=True)
class Case:
    """Recorded engines with their projects, the words of the command, and what it means."""

    running: dict[str, str | None]
    silent: tuple[str, ...] = ()
    named: str | None = None
    started: str | None = None
    name: str
    found: bool
    others: tuple[str, ...] = ()
    is_own: bool = True


CASES = {
    "nothing": Case(running={}, name="ours", found=False),
    "the configured one": Case(running={"ours": HERE, "other": HERE}, name="ours", found=True),
    "the configured one is recorded and silent": Case(
        running={"other": HERE}, silent=("ours",), name="ours", found=True
    ),
    "the only one": Case(running={"other": HERE}, name="other", found=True),
    "the only one is silent": Case(running={}, silent=("other",), name="ours", found=False),
    "the only one of another project": Case(
        running={"other": THERE}, name="other", found=True, is_own=False
    ),
    "the only one of an earlier version": Case(
        running={"other": None}, name="other", found=True, is_own=False
    ),
    "the only one of this project": Case(
        running={"other": THERE, "another": HERE}, name="another", found=True
    ),
    "several of this project": Case(
        running={"b": HERE, "a": HERE}, name="ours", found=False, others=("a", "b")
    ),
    "several of other projects": Case(
        running={"b": THERE, "a": None}, name="ours", found=False, others=("a", "b")
    ),
    "a name that runs": Case(running={"a": HERE, "b": HERE}, named="b", name="b", found=True),
    "a name that does not run": Case(
        running={"a": HERE}, named="b", name="b", found=False, others=("a",)
    ),
    "this command line's": Case(
        running={"ours": HERE, "a": HERE}, started="a", name="a", found=True
    ),
    "a name before this command line's": Case(
        running={"b": HERE, "a": HERE}, started="a", named="b", name="b", found=True
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.usefixtures("scripts")
def test_the_rule(case: Case, endpoint: str) -> None:
    """Named, started, configured, the only one of the project, the only one: in this order."""
    for name, project in case.running.items():
        saved(name, endpoint, project=project)
    for name in case.silent:
        saved(name, SILENT, project=HERE)
    chosen = selection.select("ours", named=case.named, started=case.started, project=HERE)

    assert (chosen.name, bool(chosen.record), chosen.is_own) == (case.name, case.found, case.is_own)
    assert tuple(other.name for other in chosen.others) == case.others


@pytest.mark.usefixtures("scripts")
def test_a_test_runs_engine_is_nobody_elses(endpoint: str) -> None:
    """It has an owner, and ends with that."""
    saved("run", endpoint, owner_pid=1, owner_started=0.0)

    assert selection.select("ours").record is None


@pytest.mark.usefixtures("scripts")
def test_a_start_that_was_killed_is_the_configured_engine(endpoint: str) -> None:
    """What is left of it is to be mended or removed, whatever else runs."""
    records.begin(Intent(engine="lasting", name="ours", started_at="now"))
    saved("other", endpoint)
    chosen = selection.select("ours")

    assert (chosen.name, chosen.record, chosen.others) == ("ours", None, ())


@pytest.mark.usefixtures("scripts")
def test_what_else_runs_is_named_with_its_command(endpoint: str) -> None:
    """By name and endpoint, and the very task on it; several need a choice."""
    saved("a", endpoint)
    saved("b", endpoint)
    chosen = selection.select("ours", project=HERE)
    error, several = chosen.not_running("local.logs"), chosen.ambiguous()

    assert error.code is several.code is ErrorCode.ENGINE_NOT_RUNNING
    assert error.message == (
        f"Engine 'ours' is not running. Running: 'a' at {endpoint}, 'b' at {endpoint}."
    )
    assert error.remediation == (
        "inv local.logs --name a   or: inv local.logs --name b   or start it: "
        "inv local.up --name ours"
    )
    assert f"--endpoint {endpoint}" in several.remediation
