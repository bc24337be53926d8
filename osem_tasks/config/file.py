"""Reads the configuration files with limits, and checks them before Invoke reads them.

Invoke 3 shows a traceback for a file that it cannot read, parse or merge. It reads the
project's file after it imports ``tasks.py``, so that a better message is possible. It reads
the user's file (``~/.invoke.yaml``) earlier, except in ``osem``.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osem_tasks.config import near_misses, pyproject, reading
from osem_tasks.config.defaults import invoke_variable
from osem_tasks.config.levels import expanded, files, first, load, project_at
from osem_tasks.config.project import (
    NAMES,
    Sources,
    Start,
    current,
    ignored_files,
    near_files,
    starting_point,
)
from osem_tasks.errors import ConfigurationError

if TYPE_CHECKING:
    from invoke.config import Config

    from osem_tasks.config.project import Project
    from osem_tasks.config.settings import Settings

RUNTIME = "INVOKE_RUNTIME_CONFIG"
# The key of Invoke's configuration under which ``namespace.build`` leaves where it was called.
PLACES = "osem_places"


def section(start: Path) -> dict[str, Any]:
    """Return the section ``osem`` of the project at ``start`` or above, without tasks.

    All levels count as they do for the tasks. Raises ConfigurationError.
    """
    return _read_for(Start(start, start))[0]


def settings(start: Path, engines: tuple[str, ...], tables: str = "") -> Settings:
    """Return the settings of the project at ``start`` or above, without tasks.

    ``tables`` replaces ``osem.tables`` and is relative to ``start``. ``engines`` are the allowed
    kinds of engine. Raises ConfigurationError.
    """
    from osem_tasks.config.secrets import shell
    from osem_tasks.config.settings import Settings

    values, sources = _read_for(Start(start, start))
    if tables:
        values["tables"] = tables
        sources = replace(sources, folders={**sources.folders, "tables": start})
    return Settings.read(values, shell(), engines=engines, sources=sources)


def of_task(config: Config) -> tuple[dict[str, Any], Sources]:
    """Return a task's section ``osem`` and where it comes from. Raises ConfigurationError.

    Invoke reads only the file beside ``tasks.py``; the project's may be in another folder.
    """
    places = config.get(PLACES)
    start = Start(*map(Path, places["folders"])) if places else starting_point()
    project = project_at(start.folder)
    # Invoke keeps the paths of the files that it read to itself.
    runtime, beside = (getattr(config, name, None) for name in ("_runtime_path", "_project_path"))
    read = beside is not None and project.file and _is_same(project.file, Path(beside))
    if project.pyproject or (project.file and not read):
        _checked(list(project.files))
        config = config.clone()
        load(config, project)
        config.load_shell_env()
    return dict(config.get("osem", {})), _sources(start, project, runtime)


def _is_same(one: Path, other: Path) -> bool:
    return os.path.abspath(one) == os.path.abspath(other)  # noqa: PTH100  resolve follows links


def _read_for(start: Start) -> tuple[dict[str, Any], Sources]:
    from invoke.config import Config

    from osem_tasks.config import sections

    project, runtime = project_at(start.folder), os.environ.get(RUNTIME)
    _refuse_toml(runtime)
    _checked(files(project, runtime))
    config = Config(
        defaults=sections.defaults(),
        runtime_path=Path(expanded(runtime)) if runtime else None,
    )
    if project.home:
        load(config, project)
    config.load_runtime()
    config.load_shell_env()
    return dict(config.get("osem")), _sources(start, project, runtime)


def _sources(start: Start, project: Project, runtime: str | None) -> Sources:
    """Return where the values come from; a file of Python is not read here, Invoke runs it."""
    folders: dict[str, Path] = {}
    warnings: list[str] = []
    for path in files(project, runtime):
        content = reading.content(path)
        warnings += [f"{path}: {doubt}" for doubt in near_misses.doubts(content)]
        own = content.get("osem") if isinstance(content, Mapping) else None
        folders.update(dict.fromkeys(own if isinstance(own, Mapping) else (), _folder(path)))
    for key in folders.keys() | {"tables"}:
        if os.environ.get(invoke_variable(key)):
            folders[key] = current()
    # What no file names comes from tasks.py, or from a configuration file of Python.
    program = project.file is not None and project.file.suffix == ".py"
    default = project.folder if program else start.tasks
    warnings += [f"{path} is not read: its name is not {NAMES[0]}" for path in _near(start)]
    return Sources(project, default, folders, tuple(warnings))


def _folder(path: Path) -> Path:
    return Path(os.path.abspath(path)).parent  # noqa: PTH100  resolve follows links


def check(runtime: str | None = None, start: Start | None = None) -> Project:
    """Return the project. Raises ConfigurationError for a file or variable that would mislead.

    ``runtime`` is the file given with ``-f``; without it the variable INVOKE_RUNTIME_CONFIG
    counts. ``start`` is where the search for the project begins.
    """
    runtime = os.environ.get(RUNTIME) if runtime is None else runtime
    if runtime == "":
        raise ConfigurationError(
            [f"-f or {RUNTIME} is empty, and Invoke takes that for the name of a file"],
            remediation=f"unset {RUNTIME}",
        )
    _refuse_toml(runtime)
    start = start or starting_point()
    project = project_at(start.folder)
    paths = files(project, runtime)
    # Invoke reads the file beside tasks.py, also where a nearer one is the project's.
    beside = first(str(start.tasks / "invoke"))
    if beside and beside not in paths:
        _checked([beside])
    merged = _checked(paths)
    _refuse_unread(start, project)
    _check_executor(merged["tasks"]["executor_class"])
    return project


def _refuse_toml(runtime: str | None) -> None:
    """Refuse a ``pyproject.toml`` as the file of ``-f``: Invoke reads no TOML."""
    if runtime and Path(runtime).name == pyproject.NAME:
        raise ConfigurationError(
            [f"{runtime} is given by -f or {RUNTIME}, and Invoke reads no TOML"],
            remediation=f"Leave it out: the nearest {pyproject.NAME} with {pyproject.SECTION} counts.",
        )


def _refuse_unread(start: Start, project: Project) -> None:
    """Refuse a second file of the project, and one of another name where there is no first."""
    problems = [
        f"{path} is not read, because {project.file} stands beside it"
        for path in ignored_files(project)
    ]
    if project.home is None:
        problems += [
            f"{path} is not read: its name is none of {', '.join(NAMES)}" for path in _near(start)
        ]
    if problems:
        raise ConfigurationError(problems, remediation=f"Keep one file, and name it {NAMES[0]}.")
    folders = dict.fromkeys((start.folder, start.tasks))
    if near := [problem for folder in folders for problem in pyproject.near_misses(folder)]:
        raise ConfigurationError(near, remediation=f"Name the section {pyproject.SECTION}.")


def _near(start: Start) -> list[Path]:
    folders = dict.fromkeys((start.folder, start.tasks))
    return [path for folder in folders for path in near_files(folder)]


def _check_executor(name: str | None) -> None:
    """Refuse an executor class that Invoke could not import."""
    if name is None:
        return
    module, _, attribute = name.rpartition(".")
    try:
        getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            [f"tasks.executor_class is {name!r}, which cannot be imported: {error}"],
            remediation="Leave tasks.executor_class out, or name a class as 'package.module.Class'.",
        ) from error


def _checked(paths: list[Path]) -> dict[str, Any]:
    """Merge the files over the defaults. Raises ConfigurationError with every problem."""
    from invoke.config import AmbiguousMergeError, copy_dict, merge_dicts

    from osem_tasks.config import sections

    merged = copy_dict(sections.defaults())
    problems: list[str] = []
    for path in paths:
        content, mine = reading.read(path)
        mine = mine or [*sections.problems(content), *near_misses.problems(content)]
        try:
            if not mine:
                merge_dicts(merged, content)
        except AmbiguousMergeError:
            mine = ["it has a mapping where another configuration file has none, or none for one"]
        problems += [f"{path}: {problem}" for problem in mine]
    problems = problems or sections.variable_problems(merged, os.environ)
    if problems:
        names = ", ".join(path.name for path in paths) or "the variable"
        raise ConfigurationError(
            problems, remediation=f"Correct {names}; the README shows an example."
        )
    return merged
