"""The README, the tasks and the configuration tell the same story."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from invoke.parser import Parser

import osem_tasks
from osem_tasks import namespace
from osem_tasks.config.defaults import DEFAULTS, VARIABLES
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.errors import ErrorCode

if TYPE_CHECKING:
    from invoke.collection import Collection

ROOT = Path(osem_tasks.__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NS: Collection = namespace.build()
TASKS = sorted(NS.task_names)


def commands() -> list[str]:
    """Every `inv` command of the README's shell blocks, without its comment."""
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", README, re.DOTALL)
    lines = [
        line.partition("#")[0].strip().removeprefix("$ ") for b in blocks for line in b.splitlines()
    ]
    found = [part for line in lines for part in re.split(r"&&", line)]
    return [
        each.strip() for each in found if each.strip().startswith(("inv ", "nox", 'eval "$(inv'))
    ]


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_in_the_readme(name: str) -> None:
    """The task table names every task."""
    assert f"| `{name}` |" in README


@pytest.mark.process
@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_summary_help_and_example(name: str) -> None:
    """One-line summary, help for every option, an example; as `inv --help TASK` shows them."""
    command = [sys.executable, "-m", "invoke", "--help", name]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    documentation, _, options = shown.partition("Options:")
    rows = [each for each in options.splitlines() if each.strip().startswith("--")]
    helpless = [each for each in rows if len(each.split()) == 1]

    summary = (inspect.getdoc(NS[name].body) or "").splitlines()[0]
    assert (summary.endswith("."), "Example:" in documentation, helpless) == (True, True, [])


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("inv ")])
def test_every_inv_command_of_the_readme_parses(command: str) -> None:
    """No command of the README has a task or an option that is not there."""
    words = [word for word in command.split()[1:] if word != "--dry"]

    parsed = Parser(contexts=NS.to_contexts()).parse_argv(words)

    assert [each.name for each in parsed] == [w for w in words if re.match(r"(local|db)\.", w)]


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_error_code_is_in_the_readme(code: ErrorCode) -> None:
    """A script's author finds every code."""
    assert code.value in README


@pytest.mark.parametrize("name", [*DEFAULTS, *VARIABLES.values(), *BUILT_IN])
def test_every_setting_and_environment_is_in_the_readme(name: str) -> None:
    """Keys, variables and environments are documented."""
    assert f"`{name}`" in README


def test_the_defaults_of_the_readme_are_the_defaults() -> None:
    """The configuration table shows what the code says."""
    section = README.partition("## Configuration")[2]
    shown = dict(re.findall(r"^\| `(\w+)` \| [^|]*\| `([^`]*)` \|", section, re.MULTILINE))

    expected = {key: value for key, value in DEFAULTS.items() if value}

    assert shown == expected


def test_the_readme_names_every_heading_once() -> None:
    """No section stands twice."""
    headings = re.findall(r"^##+ (.*)$", README, re.MULTILINE)

    assert len(headings) == len(set(headings))
