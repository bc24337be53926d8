"""What the example workflows run, line by line, on an account that a stranger could have."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.support import workflows
from tests.support.workflows import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv, Run

FOLDER = ROOT / "examples" / "github"
WRITES = ("CreateTable", "UpdateTable", "TagResource", "UpdateContinuousBackups")


def runs(inv: Inv, name: str, job: str) -> list[Run]:
    """What the suite's lines of a job give, until one fails, as a runner does it."""
    done: list[Run] = []
    for step in workflows.jobs(FOLDER / name)[job]["steps"]:
        for line in workflows.suite_commands(iter(step.get("run", "").splitlines())):
            if not any(run.code for run in done):
                done.append(inv.plain(*shlex.split(line)[1:]))
    return done


@pytest.fixture(autouse=True)
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A GitHub runner for the environment dev: prod is stopped where AWS is a local server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("OSEM_ENV", "dev")
    return tmp_path


def test_the_service_example_sets_up_and_verifies(
    inv: Inv, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One variable leads the tasks to the service; no credentials are there, and none are needed."""
    for name in ("AWS_ENDPOINT_URL", "OSEM_ENV", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", cloud.engine)

    done = runs(inv, "dynamodb.yml", "tables")

    assert [run.code for run in done] == [0]
    assert len(cloud.names) == 6


def test_the_drift_example_is_silent_without_drift(inv: Inv, cloud: Cloud, runner: Path) -> None:
    """Tables as declared: the run passes, no annotation appears, and the report has no failure."""
    inv("db.setup")
    cloud.server.calls.clear()

    (run,) = runs(inv, "drift.yml", "verify")

    assert (run.code, "::error" in run.out + run.err) == (0, False)
    assert ET.parse(runner / "drift.xml").getroot().get("failures") == "0"
    assert cloud.server.of(*WRITES) == []


def test_the_drift_example_names_the_difference(inv: Inv, cloud: Cloud, runner: Path) -> None:
    """A difference fails the run, as annotation, in the step summary and in the report."""
    inv("db.setup")
    cloud.drift("dev")

    (run,) = runs(inv, "drift.yml", "verify")

    assert run.code == 1
    assert "::error title=" in run.out + run.err
    assert "osem-dev-Users" in (runner / "summary.md").read_text(encoding="utf-8")
    assert ET.parse(runner / "drift.xml").getroot().get("failures") == "1"


@pytest.mark.parametrize("drifted", [False, True], ids=["empty", "drifted"])
def test_the_deploy_example_applies_what_it_planned(
    inv: Inv, cloud: Cloud, *, drifted: bool
) -> None:
    """The first job writes a plan and nothing else; the second applies it and verifies."""
    if drifted:
        inv("db.setup")
        cloud.drift("dev")
    cloud.server.calls.clear()

    planned = runs(inv, "deploy.yml", "plan")
    written = cloud.server.of(*WRITES)
    applied = runs(inv, "deploy.yml", "apply")

    assert ([run.code for run in planned], written) == ([0], [])
    assert [run.code for run in applied] == [0, 0]
    assert len(cloud.names) == 6


def test_the_deploy_example_stops_at_a_change_after_the_plan(inv: Inv, cloud: Cloud) -> None:
    """Tables that changed between the jobs are left as they are, and nothing is deployed on them."""
    runs(inv, "deploy.yml", "plan")
    inv("db.setup", "--table", "Users")
    cloud.server.calls.clear()

    (run,) = runs(inv, "deploy.yml", "apply")

    assert run.code == 1
    assert cloud.server.of(*WRITES) == []
