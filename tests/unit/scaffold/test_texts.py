"""The texts of a new project's files are what their readers expect."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.config import pyproject
from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.scaffold import project, texts
from osem_tasks.scaffold.surroundings import Requirement
from osem_tasks.tables import TableSet

VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SETTINGS = st.fixed_dictionaries(
    {"tables": VALUES, "prefix": VALUES},
    optional={
        "environments": st.dictionaries(
            st.text("abc-_ \"'", min_size=1), st.fixed_dictionaries({"prefix": VALUES}), max_size=2
        )
    },
)


@given(settings=SETTINGS)
def test_what_is_written_is_read_again(settings: dict[str, Any]) -> None:
    """Any name of a file or a folder survives, in YAML, TOML and JSON."""
    in_yaml = texts.settings_yaml(settings)

    assert yaml.safe_load(in_yaml) == {"osem": settings}
    assert pyproject.parse(texts.section_toml(settings)) == {"tool": {"osem": settings}}
    assert json.loads(f"{{{texts.section(settings, 'invoke.json')}}}") == {"osem": settings}
    assert in_yaml.isascii()


@pytest.mark.parametrize("name", ["invoke.yaml", "invoke.yml", "invoke.py", "pyproject.toml"])
def test_lines_to_add_are_in_the_file_s_language(name: str) -> None:
    """What a user copies fits the file that is there."""
    text = texts.section({"tables": "t.json"}, name)

    begins = {"invoke.py": "osem = {", "pyproject.toml": "[tool.osem]\n"}.get(name, "osem:\n  ")
    assert text.startswith(begins)


def test_the_example_declares_two_tables() -> None:
    """The example is a module that a project can import as it stands."""
    names: dict[str, Any] = {}

    exec(texts.EXAMPLE, names)

    assert isinstance(names["TABLES"], TableSet)
    assert names["TABLES"].names == ("Orders", "Carts")


@pytest.mark.parametrize(
    "text",
    [texts.EXAMPLE, texts.TASKS, texts.NOXFILE, texts.TEST],
    ids=["tables", "tasks", "nox", "test"],
)
def test_the_modules_are_python(text: str) -> None:
    """Each one compiles, has a docstring and lines of a usual length."""
    compile(text, "file.py", "exec")

    assert text.startswith('"""')
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("folder", ["", "shop", "a b/ä: #'\"", "- x", "{}"])
def test_the_workflow_is_yaml(folder: str) -> None:
    """It has the keys that GitHub wants, and every step runs in the project's folder."""
    content = yaml.safe_load(texts.workflow("3.12", folder))

    job = content["jobs"]["tables"]
    assert content[True].keys() == {"push", "pull_request", "workflow_dispatch"}  # YAML's `on`
    assert job.get("defaults", {}).get("run", {}).get("working-directory", "") == folder
    assert [step for step in job["steps"] if not ("uses" in step or "run" in step)] == []
    assert job["steps"][1]["with"] == {"python-version": "3.12"}
    assert job["steps"][-1] == {"if": "always()", "run": "osem local.down"}


def test_a_requirement_that_ci_cannot_reach_says_so() -> None:
    """The file of requirements is one line, and a comment where that is of no use elsewhere."""
    near = texts.requirements(Requirement("osem-tasks @ file:///x", local=True))
    far = texts.requirements(Requirement("osem-tasks>=1"))

    lines = [line for line in near.splitlines() if not line.startswith("#")]
    assert (lines, "CI cannot reach" in near, "CI cannot reach" in far) == (
        ["osem-tasks @ file:///x"],
        True,
        False,
    )


def test_the_settings_are_known(tmp_path: Any) -> None:
    """Every key that is written is one of osem's."""
    assert project.general_settings(tmp_path).keys() <= DEFAULTS.keys()
