"""The GitHub workflows, ours and the examples: what no schema and no linter knows.

`nox -s lint` checks their shape, and known weaknesses.
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import nox
import pytest
from invoke.parser import Parser

from osem_tasks import __version__, namespace
from osem_tasks.config.defaults import DEFAULTS
from tests.support import workflows
from tests.support.workflows import EXAMPLES, OURS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

FILES = [*OURS, *EXAMPLES]
CI, RELEASE = (ROOT / ".github" / "workflows" / name for name in ("ci.yml", "release.yml"))
NS = namespace.build()
CI_PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
USES = re.compile(r"^\s*(?:- )?uses: (?P<action>[\w./-]+)@(?P<commit>\S+) # (?P<version>v\S+)$")
# What writes, and where: all other jobs only read.
WRITERS = {
    ("release.yml", "publish", "id-token"),
    ("release.yml", "announce", "contents"),
    ("drift.yml", "verify", "id-token"),
    ("deploy.yml", "plan", "id-token"),
    ("deploy.yml", "apply", "id-token"),
}
# A session for a developer's machine: the workflows have a job for each Python, and benches are noise there.
LOCAL_SESSIONS = {"pythons", "bench"}


def by_file(path: Path) -> str:
    """The name of a case."""
    return path.name


def commands() -> list[str]:
    """Every command of the suite in a workflow or in a shell block of the page about CI."""
    blocks = re.findall(r"```sh\n(.*?)```", CI_PAGE, re.DOTALL)
    shown = [line for block in blocks for line in block.splitlines()]
    found = workflows.suite_commands(iter(shown))
    for path in FILES:
        found += workflows.suite_commands(workflows.lines(path))
    return sorted({re.split(" >{1,2} ", command)[0] for command in found})


@pytest.mark.parametrize("path", FILES, ids=by_file)
def test_every_action_is_pinned(path: Path) -> None:
    """Foreign code is named by a whole commit, with the version beside it for people."""
    text = path.read_text(encoding="utf-8")
    used = [line for line in text.splitlines() if "uses: " in line and "uses: ./" not in line]

    pins = [USES.match(line) for line in used]

    assert [line for line, pin in zip(used, pins, strict=True) if pin is None] == []
    assert [pin[0] for pin in pins if pin and not re.fullmatch("[0-9a-f]{40}", pin["commit"])] == []


def test_an_action_has_one_version() -> None:
    """The same action is the same commit in every file, so that one change updates all."""
    pins: dict[str, set[str]] = {}
    for path in FILES:
        for line in path.read_text(encoding="utf-8").splitlines():
            if pin := USES.match(line):
                pins.setdefault(pin["action"], set()).add(f"{pin['commit']} {pin['version']}")

    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


def test_what_may_write_is_known() -> None:
    """Every job reads at most the code, but for what is listed here with its permission."""
    writing = {
        (path.name, name, permission)
        for path in FILES
        for name, job in workflows.jobs(path).items()
        for permission, level in {
            **workflows.read(path)["permissions"],
            **job.get("permissions", {}),
        }.items()
        if level != "read"
    }

    assert writing == WRITERS


def test_every_session_runs_in_ci() -> None:
    """No session of the noxfile is forgotten, and none is named that is not there."""
    text = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    sessions = set(re.findall(r"@nox\.session.*\ndef (\w+)\(", text))
    named = {word for job in workflows.jobs(CI) for word in sessions_of(job)}

    assert named == sessions - LOCAL_SESSIONS


def sessions_of(job: str) -> set[str]:
    """The sessions that a job of ci.yml runs."""
    definition = workflows.jobs(CI)[job]
    matrix = definition.get("strategy", {}).get("matrix", {})
    runs = " ".join(step.get("run", "") for step in definition["steps"])
    return {*matrix.get("session", ()), *re.findall(r"nox -s (\w+)", runs)}


def test_every_supported_python_is_tested() -> None:
    """The matrix has exactly the versions of the classifiers, from the lowest that is required."""
    project = nox.project.load_toml(ROOT / "pyproject.toml")
    versions = nox.project.python_versions(project)

    assert workflows.jobs(CI)["tests"]["strategy"]["matrix"]["python"] == versions
    assert project["project"]["requires-python"] == f">={versions[0]}"


def test_the_service_is_the_engine_of_local_up() -> None:
    """A service container has the image that `local.up` starts."""
    images = {
        service["image"]
        for path in FILES
        for job in workflows.jobs(path).values()
        for service in job.get("services", {}).values()
    }

    assert images == {DEFAULTS["image"]}


@pytest.mark.parametrize("command", commands())
def test_every_command_parses(command: str) -> None:
    """No workflow, and no block of docs/ci.md, has a task or an option that is not there."""
    words = command.split()[1:]

    parsed = Parser(contexts=NS.to_contexts()).parse_argv(words)

    assert [context.name for context in parsed] == [
        word for word in words if re.match(r"(local|db)\.", word)
    ]


@pytest.mark.process
def test_the_release_has_the_notes_of_its_version(tmp_path: Path) -> None:
    """The release's notes are its section of the changelog, and nothing of an older one."""
    (notes,) = (line for line in workflows.lines(RELEASE) if line.startswith("awk "))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    older = f"{changelog}\n## 0.0.1 - 2001-01-01\n\nolder\n"
    (tmp_path / "CHANGELOG.md").write_text(older, encoding="utf-8")
    variables = {"GITHUB_REF_NAME": f"v{__version__}", "PATH": "/usr/bin:/bin"}

    subprocess.run(["/bin/sh", "-ec", notes], cwd=tmp_path, env=variables, check=True)

    text = (tmp_path / "notes.md").read_text(encoding="utf-8").strip()
    assert text
    assert text in changelog
    assert "## 0" not in text
    assert "older" not in text
