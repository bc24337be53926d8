"""The project's file, read without Invoke and checked before Invoke reads it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from osem_tasks.config import file, project
from osem_tasks.config.defaults import DEFAULTS
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

    assert project.tasks_folder() == tmp_path


def test_a_project_without_tasks_is_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program ``osem`` needs no ``tasks.py``."""
    monkeypatch.delitem(sys.modules, "tasks", raising=False)
    monkeypatch.chdir(tmp_path)

    assert project.tasks_folder() == tmp_path


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


def write_all(folder: Path, files: dict[str, str]) -> None:
    """Files by their names below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "files, problem",
    [
        pytest.param(
            {"home/.invoke.yaml": "osem: 5\n"},
            ".invoke.yaml: 'osem' must be a mapping, not 5",
            id="user",
        ),
        pytest.param(
            {"home/.invoke.json": "{"}, ".invoke.json: it cannot be parsed: line 1", id="user-json"
        ),
        pytest.param(
            {
                "home/.invoke.yaml": "osem: {environments: {dev: {tags: {a: b}}}}\n",
                "invoke.yaml": "osem: {environments: {dev: {tags: 5}}}\n",
            },
            "invoke.yaml: it has a mapping where another",
            id="two-files",
        ),
        pytest.param({"invoke.json": "\ufeff{}"}, "begins with a byte order mark", id="mark"),
        pytest.param({"invoke.yaml": "osem: !Ref a\n"}, "line 1: could not determine", id="tag"),
        pytest.param({"invoke.yaml/x": ""}, "it cannot be read: Is a directory", id="directory"),
        pytest.param(
            {"invoke.yaml": "tasks: {executor_class: Mine}\n"},
            "tasks.executor_class is 'Mine', which cannot be imported",
            id="executor",
        ),
        pytest.param({"invoke.yaml": "a: &a [*a]\n"}, "an alias contains itself", id="alias"),
    ],
)
def test_every_level_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], problem: str
) -> None:
    """The user's file and the project's, each with its path."""
    write_all(tmp_path, files)
    monkeypatch.delitem(sys.modules, "tasks", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    with pytest.raises(ConfigurationError) as caught:
        file.check()

    assert problem in caught.value.message


@pytest.mark.parametrize(
    "name, problem",
    [
        ("", "is empty"),
        ("missing.yaml", "missing.yaml: it cannot be read: No such file"),
        ("bad.txt", "bad.txt: its name must end in .yaml, .yml, .json or .py"),
        ("bad.yaml", "bad.yaml: 'run' must be a mapping, not 5"),
    ],
)
@pytest.mark.parametrize("by", ["option", "variable"])
def test_the_file_of_a_run_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, problem: str, by: str
) -> None:
    """``-f`` and INVOKE_RUNTIME_CONFIG name one file more."""
    write_all(tmp_path, {"bad.yaml": "run: 5\n"})
    monkeypatch.chdir(tmp_path)
    if by == "variable":
        monkeypatch.setenv("INVOKE_RUNTIME_CONFIG", name)

    with pytest.raises(ConfigurationError) as caught:
        file.check(name if by == "option" else None)

    assert problem in caught.value.message


def test_a_program_as_configuration_is_left_to_invoke(tmp_path: Path) -> None:
    """A file of Python runs once only, and by Invoke."""
    write_all(tmp_path, {"settings.py": "raise SystemExit"})

    file.check(str(tmp_path / "settings.py"))
