"""Which program runs, and how a user types it again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from osem_tasks.config.commands import Program, command, typed_in
from osem_tasks.tasks import program
from tests.support.inv import ROOT

BIN = Path(sys.executable).parent
TASKS = """
from invoke import Collection, task
from osem_tasks import namespace
from osem_tasks.tasks import local
{body}
"""
PLAIN = TASKS.format(body="ns = namespace.build()")
RENAMED = TASKS.format(body="ns = Collection()\nns.add_collection(namespace.build(), name='ddb')")
FROM_A_BODY = TASKS.format(
    body="@task\ndef dev(c):\n    local.status(c)\nns = Collection(dev)\n"
    "ns.add_collection(namespace.build(), name='ddb')"
)
ALONE = TASKS.format(body="ns = Collection()\nns.add_task(local.status, name='where')")
OWN_PROGRAM = """#!/usr/bin/env python
from invoke import Program
from osem_tasks import namespace
Program(namespace=namespace.build(), name="Ladders").run()
"""
SCRIPT = """
from invoke import Context, Executor, Config
from osem_tasks import namespace
Executor(namespace.build(), Config()).execute("local.status")
"""


@pytest.mark.process
@pytest.mark.parametrize(
    "files, typed, again",
    [
        pytest.param({"tasks.py": PLAIN}, "inv local.status", "inv local.up", id="inv"),
        pytest.param({"tasks.py": PLAIN}, "invoke local.status", "invoke local.up", id="invoke"),
        pytest.param({}, "osem local.status", "osem local.up", id="osem"),
        pytest.param({"tasks.py": PLAIN}, "osem local.status", "osem local.up", id="osem-beside"),
        pytest.param(
            {"tasks.py": PLAIN},
            "python -m invoke local.status",
            "python -m invoke local.up",
            id="python-m-invoke",
        ),
        pytest.param(
            {},
            "python -X utf8 -m osem_tasks local.status",
            "python -X utf8 -m osem_tasks local.up",
            id="python-m-osem",
        ),
        pytest.param(
            {"tasks.py": RENAMED}, "inv ddb.local.status", "inv ddb.local.up", id="renamed"
        ),
        pytest.param({"tasks.py": FROM_A_BODY}, "inv dev", "inv ddb.local.up", id="body"),
        pytest.param({"tasks.py": ALONE}, "inv where", "osem local.up", id="task-that-is-missing"),
        pytest.param(
            {"ops.py": RENAMED},
            "inv -c ops ddb.local.status",
            "inv --collection ops ddb.local.up",
            id="collection",
        ),
        pytest.param(
            {"deep/tasks.py": PLAIN, "my.yaml": "osem: {timeout: 5}"},
            "inv -r deep -f my.yaml local.status",
            "inv --search-root deep --config my.yaml local.up",
            id="root-and-file",
        ),
        pytest.param(
            {"my file.yaml": "osem: {timeout: 5}"},
            "osem -f 'my file.yaml' local.status",
            "osem --config 'my file.yaml' local.up",
            id="file",
        ),
        pytest.param(
            {"own.py": OWN_PROGRAM}, "./own.py local.status", "./own.py local.up", id="own"
        ),
        pytest.param(
            {"own.py": OWN_PROGRAM},
            "python own.py local.status",
            "python own.py local.up",
            id="python-own",
        ),
        pytest.param({"run.py": SCRIPT}, "python run.py", "osem local.up", id="script"),
        pytest.param(
            {"run.py": SCRIPT, "tasks.py": PLAIN},
            "python run.py",
            "inv local.up",
            id="script-beside-tasks",
        ),
    ],
)
def test_a_message_names_the_program_that_runs(
    tmp_path: Path, files: dict[str, str], typed: str, again: str
) -> None:
    """What is told to type is what was typed, with the other task; typed so, it is accepted."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    said = in_shell(typed, tmp_path).split("to start it: ")[1].split(")")[0]
    answer = in_shell(f"{said} --help", tmp_path)

    assert said == again
    assert "Usage: " in answer


def in_shell(line: str, cwd: Path) -> str:
    """What a shell gives for a line, on both streams."""
    variables = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        line, shell=True, cwd=cwd, env=variables, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "path, expected",
    [
        pytest.param("/root/.cache/uv/archive-v0/x/bin/osem", "uvx --from", id="uvx"),
        pytest.param("/home/a/.cache/pipx/1a2b/bin/osem", "pipx run --spec", id="pipx"),
        pytest.param("/home/a/.local/pipx/.cache/1a2b/bin/osem", "pipx run --spec", id="pipx-old"),
    ],
)
def test_a_program_that_is_installed_for_one_run(
    monkeypatch: pytest.MonkeyPatch, path: str, expected: str
) -> None:
    """Its file is gone later, so that the way to run it is named."""
    monkeypatch.setattr(sys, "argv", [path, "local.status"])
    monkeypatch.setattr(sys, "orig_argv", ["python", path, "local.status"])
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)

    words = program._typed()

    assert " ".join(words).startswith(expected)
    assert words[-1] == "osem"


def test_a_program_names_its_own_tasks() -> None:
    """A task under another name is called by it; ``osem`` has the tasks that are missing."""
    ladders = Program(("inv", "-c", "ops"), {"db.setup": "ddb.db.setup"})

    with typed_in(ladders):
        found = command("db.setup", "--env", "dev"), command("local.up")

    assert found == ("inv -c ops ddb.db.setup --env dev", "osem local.up")


@pytest.mark.parametrize(
    "file, expected",
    [
        pytest.param("tasks.py", "inv", id="tasks.py"),
        pytest.param("tasks/__init__.py", "inv", id="package"),
        pytest.param("other.py", "osem", id="none"),
    ],
)
def test_without_a_program_the_project_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, expected: str
) -> None:
    """In pytest and Nox there is none: ``inv`` where it has tasks, also from a subfolder."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")

    assert command("db.setup") == f"{expected} db.setup"
