"""`osem schema`: what a user gets who wants to check documents."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from jsonschema_rs import Draft202012Validator

from osem_tasks.output import schemas
from tests.support import processes

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def called(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`osem WORDS...` in a folder."""
    return processes.call([sys.executable, "-m", "osem_tasks", *words], cwd=folder)


@pytest.mark.parametrize(
    "task, words",
    [
        ("db.verify", []),
        ("verify", []),
        ("configuration", ["--quiet"]),
        ("init", ["--verbose"]),
    ],
)
def test_it_prints_the_schema_and_nothing_else(tmp_path: Path, task: str, words: list[str]) -> None:
    """A task is named as it is typed, or as `command` says it; the file needs no other."""
    done = called(tmp_path, "schema", "--task", task, *words)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == schemas.schema(task.rpartition(".")[2])


def test_one_schema_serves_the_lines_of_every_task(tmp_path: Path) -> None:
    """Without a task it is that of any document, also of what several tasks print."""
    schema = json.loads(called(tmp_path, "schema").stdout)
    lines = called(tmp_path, "schema", "--json", "schema", "--task", "up", "--json").stdout

    validator = Draft202012Validator(schema)
    documents = [json.loads(line) for line in lines.splitlines()]
    assert [validator.is_valid(document) for document in documents] == [True, True]


def test_it_is_in_the_document(tmp_path: Path) -> None:
    """`--json` gives one document here too."""
    done = called(tmp_path, "schema", "--task", "db.setup", "--json")

    assert json.loads(done.stdout)["data"] == {"schema": schemas.schema("setup")}


@pytest.mark.parametrize(
    "task, meant",
    [
        ("db.verfy", "; did you mean 'verify'?\n"),
        ("common", "\n"),
        ("x\ny", "\n"),
        ("../verify", ""),
    ],
)
def test_a_task_without_a_document(tmp_path: Path, task: str, meant: str) -> None:
    """It is refused with the nearest name, and a command that works."""
    done = called(tmp_path, "schema", "--task", task)

    assert (done.returncode, done.stdout) == (1, "")
    assert meant in done.stderr
    assert "schema --task verify\n" in done.stderr
