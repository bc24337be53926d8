"""The project's file, read without Invoke and checked before Invoke reads it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from osem_tasks.config import file
from osem_tasks.config.settings import DEFAULTS
from osem_tasks.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "name, text",
    [
        pytest.param("invoke.yaml", "osem: {port: 1}\n", id="yaml"),
        pytest.param("invoke.yml", "osem: {port: 1}\n", id="yml"),
        pytest.param("invoke.json", '{"osem": {"port": 1}}', id="json"),
    ],
)
def test_the_file_is_read_over_the_defaults(tmp_path: Path, name: str, text: str) -> None:
    """The plugin reads the same file as the tasks."""
    (tmp_path / name).write_text(text, encoding="utf-8")

    assert file.section(tmp_path) == {**DEFAULTS, "port": 1}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("osem: {}\n", id="empty-section"),
        pytest.param("other: 5\n", id="of-others"),
    ],
)
def test_a_file_that_says_nothing_leaves_the_defaults(tmp_path: Path, text: str) -> None:
    """A file without the key ``osem``, or with nothing in it, is sound."""
    (tmp_path / "invoke.yaml").write_text(text, encoding="utf-8")

    assert file.section(tmp_path) == DEFAULTS


def test_no_file_leaves_the_defaults(tmp_path: Path) -> None:
    """A project needs no file at all."""
    assert file.section(tmp_path) == DEFAULTS


@pytest.mark.parametrize(
    "name, text, problem",
    [
        pytest.param("invoke.yaml", "osem: [a\n", "it cannot be parsed: line 2", id="yaml"),
        pytest.param("invoke.json", "{", "it cannot be parsed", id="json"),
        pytest.param("invoke.yaml", "- a\n", "must be a mapping, of which 'osem'", id="list"),
        pytest.param("invoke.yaml", "osem: 5\n", "'osem' must be a mapping, not 5", id="section"),
        pytest.param(
            "invoke.yaml", "osem: {port: {a: 1}}\n", "osem.port must not be a mapping", id="value"
        ),
        pytest.param(
            "invoke.yaml",
            "osem: {environments: [a]}\n",
            "osem.environments must be a mapping",
            id="environments",
        ),
    ],
)
def test_a_file_that_invoke_would_stumble_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, problem: str
) -> None:
    """What is wrong is said in words, with the path, by ``section`` and ``check`` alike."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    monkeypatch.delitem(sys.modules, "tasks", raising=False)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError) as of_section:
        file.section(tmp_path)
    with pytest.raises(ConfigurationError) as of_check:
        file.check()

    assert of_section.value.problems == of_check.value.problems
    (told,) = of_check.value.problems
    assert told.startswith(f"{path}: ")
    assert problem in told


def test_a_directory_of_that_name_is_no_file(tmp_path: Path) -> None:
    """Only a file is read."""
    (tmp_path / "invoke.yaml").mkdir()

    assert file.section(tmp_path) == DEFAULTS


@pytest.mark.parametrize("inside", ["tasks.py", "tasks/__init__.py"], ids=["module", "package"])
def test_the_project_is_where_its_tasks_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    """The root is the directory of ``tasks.py``, or of the package ``tasks``."""
    module = ModuleType("tasks")
    module.__file__ = str(tmp_path / inside)
    monkeypatch.setitem(sys.modules, "tasks", module)

    assert file.project() == tmp_path


def test_a_project_without_tasks_is_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program ``osem`` needs no ``tasks.py``."""
    monkeypatch.delitem(sys.modules, "tasks", raising=False)
    monkeypatch.chdir(tmp_path)

    assert file.project() == tmp_path


@pytest.mark.parametrize(
    "value, number", [("soon", 1), ("8123", 0), ("", 1)], ids=["word", "number", "empty"]
)
def test_a_variable_that_invoke_could_not_cast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, number: int
) -> None:
    """Invoke casts a variable to the type of the file's value: a number must stay one."""
    (tmp_path / "invoke.yaml").write_text("osem: {port: 8000}\n", encoding="utf-8")
    monkeypatch.setenv("INVOKE_OSEM_PORT", value)

    try:
        file.section(tmp_path)
        problems: tuple[str, ...] = ()
    except ConfigurationError as error:
        problems = error.problems

    assert len(problems) == number
    assert all("INVOKE_OSEM_PORT must be a number" in problem for problem in problems)
