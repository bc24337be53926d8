"""Which configuration files count, and in which order; how they become Invoke's levels."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osem_tasks.config import pyproject, reading
from osem_tasks.config.project import find
from osem_tasks.errors import ConfigurationError

if TYPE_CHECKING:
    from invoke.config import Config

    from osem_tasks.config.project import Project


def project_at(folder: Path) -> Project:
    """Return the project at ``folder`` or above. Raises ConfigurationError for two sections."""
    project = find(folder)
    if project.file and project.pyproject and _has_section(project.file):
        raise ConfigurationError(
            [f"{project.file} and {project.pyproject} both have a section for osem"],
            remediation="Keep one of the two sections, with the settings of both.",
        )
    return project


def _has_section(path: Path) -> bool:
    if path.suffix == ".py":  # only Invoke may run it
        try:
            return bool(re.search(rb"(?m)^osem\b\s*[:=]", path.read_bytes()))
        except OSError:  # Invoke reports it
            return False
    content, _ = reading.read(path)
    return isinstance(content, Mapping) and "osem" in content


def load(config: Config, project: Project) -> None:
    """Read the project's files in the place of those that ``config`` has."""
    config.set_project_location(str(project.folder))
    config.load_project()
    if project.pyproject is None:
        return
    # Invoke has no way to add to the level of the project, which is below -f and variables.
    level = getattr(config, "_project", {})
    content = pyproject.read(project.pyproject)
    config._set(_project={**level, **content}, _project_found=True)  # noqa: SLF001  see above
    config.merge()


def of_pyproject(folder: Path) -> dict[str, Any]:
    """Return what ``pyproject.toml`` says, for ``c.config`` in a project's own tasks.

    The file must have passed ``file.check``.
    """
    found = find(folder).pyproject
    return dict(pyproject.read(found).get("osem", {})) if found else {}


def files(project: Project, runtime: str | None) -> list[Path]:
    """Return the files that count, in Invoke's order: later ones win."""
    levels = ("/etc/invoke", expanded("~/.invoke"))
    found = [path for level in levels if (path := first(level))]
    found += [path for path in project.files if path not in found]
    return [*found, *([Path(expanded(runtime))] if runtime else [])]


def expanded(path: str) -> str:
    """Return the path with the user's home in the place of ``~``."""
    return os.path.expanduser(path)  # noqa: PTH111  Path raises where there is no home


def first(level: str) -> Path | None:
    """Return the file of a level that Invoke reads: the first that exists, of any type."""
    paths = (Path(level + suffix) for suffix in reading.SUFFIXES)
    return next((path for path in paths if os.path.lexists(path) and not _dangles(path)), None)


def _dangles(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:  # it exists, and reading it reports the problem
        return False
    return False
