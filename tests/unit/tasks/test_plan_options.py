"""`--plan` and `--plan-out`: files that are no plan, and options that contradict each other.

All of it is said before any request: no engine runs here.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from osem_tasks import __version__
from osem_tasks.plan.saved import sealed
from tests.support.inv import Inv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TARGET = {
    "environment": "local",
    "account": None,
    "region": "us-east-1",
    "endpoint": "http://127.0.0.1:8000",
    "tables": "osem-local-{table}",
    "engine": "moto",
}
EMPTY = sealed(
    {
        "osemPlan": 1,
        "task": "db.repair",
        "version": __version__,
        "written": "2026-01-01T00:00:00+00:00",
        "target": TARGET,
        "options": ["--prune"],
        "narrowed": False,
        "tables": [],
        "actions": [],
    }
)
PLAN = json.dumps(EMPTY, indent=2)
DEV = json.dumps(sealed({**EMPTY, "target": {**TARGET, "environment": "dev"}}))


@pytest.fixture
def inv(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Inv:
    """`inv` in a folder of the test, with a state of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OSEM_STATE_DIR", str(tmp_path / "state"))
    return Inv(capsys, monkeypatch)


@pytest.mark.parametrize("task", ["db.setup", "db.repair"])
@pytest.mark.parametrize(
    "content, words",
    [
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(PLAN.encode()[:200], "it cannot be parsed: line", id="cut"),
        pytest.param(PLAN.replace("moto", "AWS").encode(), "its checksum does not", id="edited"),
        pytest.param(PLAN.replace(": 1,", ": 2,", 1).encode(), "of format 2", id="format"),
        pytest.param(
            PLAN.replace(f'"{__version__}"', '"99.0"').encode(), "osem_tasks 99.0", id="version"
        ),
        pytest.param(b'{"terraform_version": "1.9"}', "of Terraform", id="terraform"),
        pytest.param(b"PK\x03\x04\x00", "line 1 column 1", id="zip"),
        pytest.param(b"\xff\xfe\x00", "UTF-16", id="binary"),
        pytest.param(b"a: 1", "line 1 column 1", id="yaml"),
        pytest.param(b"[" * 100_000, "levels deep", id="deep"),
        pytest.param(b"1" * 5_000, "too many digits", id="digits"),
        pytest.param(b" " * 4_000_001, "more than 4,000,000 bytes", id="big"),
        pytest.param(b'{"osemPlan": 1, "osemPlan": 1}', "appears twice", id="twice"),
        pytest.param(b'{"osemPlan": "\\u001b[31m\\ud800"}', "half a character", id="surrogate"),
        pytest.param(b'{"osemPlan": "\\u001b[31m"}', "of format", id="escapes"),
    ],
)
def test_what_is_no_plan_is_refused(
    inv: Inv, tmp_path: Path, task: str, content: bytes, words: str
) -> None:
    """One sentence, INVALID_CONFIGURATION, exit code 1, and a command that writes a plan."""
    (tmp_path / "plan.json").write_bytes(content)

    run = inv(task, "--plan", "plan.json", "--json")

    error = run.document["error"]
    assert (run.code, error["code"]) == (1, "INVALID_CONFIGURATION")
    assert error["message"].startswith("plan.json cannot be applied: ")
    assert words in error["message"]
    assert error["remediation"] == f"inv {task} --plan-out FILE   writes a plan"
    assert "\x1b" not in run.err


@pytest.mark.parametrize(
    "make, words",
    [
        pytest.param(str, "No such file", id="missing"),
        pytest.param(lambda path: path.mkdir(), "Is a directory", id="folder"),
        pytest.param(os.mkfifo, "it is a pipe or a device", id="pipe"),
        pytest.param(lambda path: path.symlink_to(path), "symbolic links", id="loop"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "a pipe or a device", id="device"),
    ],
)
def test_what_cannot_be_read_is_refused(
    inv: Inv, tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    """Nothing hangs, and the reason is said."""
    make(tmp_path / "plan.json")

    run = inv("db.repair", "--plan", "plan.json", "--json")

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert words in run.document["error"]["message"]


@pytest.mark.parametrize(
    "content, typed, told",
    [
        pytest.param(
            PLAN,
            ("db.setup",),
            (
                "plan.json holds a plan of db.repair, not of db.setup.",
                "inv db.repair --plan plan.json",
            ),
            id="task",
        ),
        pytest.param(
            DEV,
            ("db.repair", "--env", "staging", "--region", "eu-west-1"),
            (
                "The plan in plan.json is for environment 'dev'; the task is for 'staging'.",
                "inv db.repair --env dev --region eu-west-1 --plan plan.json",
            ),
            id="environment",
        ),
        pytest.param(
            PLAN,
            ("db.repair", "--reduce", "--prune"),
            (
                "The plan in plan.json was written without --reduce; nothing was changed.",
                "inv db.repair --prune --reduce --plan-out plan.json   writes a plan with it",
            ),
            id="option",
        ),
        pytest.param(
            PLAN,
            ("db.repair", "--plan-out", "other.json"),
            (
                "Invalid configuration: --plan applies a plan, --plan-out writes one: give one of them",
                "inv db.repair --plan plan.json",
            ),
            id="both",
        ),
    ],
)
def test_a_plan_of_something_else_is_refused(
    inv: Inv, tmp_path: Path, content: str, typed: tuple[str, ...], told: tuple[str, str]
) -> None:
    """Another task, environment or option: what it is, and what to type instead."""
    (tmp_path / "plan.json").write_text(content, encoding="utf-8")

    run = inv(*typed, "--plan", "plan.json", "--json")

    error = run.document["error"]
    assert (run.code, error["code"]) == (1, "INVALID_CONFIGURATION")
    assert (error["message"], error["remediation"]) == told


def test_no_plan_of_an_engine_that_a_dry_run_did_not_start(inv: Inv, tmp_path: Path) -> None:
    """`inv --dry local.up db.setup` has no tables to read: it writes no plan."""
    run = inv("--dry", "local.up", "--engine", "moto", "db.setup", "--plan-out", "p.json", "--json")

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert "--dry local.up has started no engine" in run.document["error"]["message"]
    assert not (tmp_path / "p.json").exists()
