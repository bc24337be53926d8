"""Finds a project's configuration: in a folder, or in the nearest one above it."""

from __future__ import annotations

import inspect
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osem_tasks.config import pyproject
from osem_tasks.declarations import parsing
from osem_tasks.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Invoke's own, in its order: it reads the first file that exists.
SUFFIXES = (".yaml", ".yml", ".json", ".py")
NAMES = tuple(f"invoke{suffix}" for suffix in SUFFIXES)
_NEAR = re.compile(r"\.?(invoke|osem)\.(ya?ml|json|toml)(\.txt|\.bak|~)?", re.IGNORECASE)
# A configuration file is small; of another file the beginning suffices.
_MAX_LOOK = 1_000_000


@dataclass(frozen=True, slots=True)
class Project:
    """A project's folder and its configuration files.

    ``file`` is Invoke's own (``invoke.yaml``), ``pyproject`` the ``pyproject.toml`` beside it if
    that has a section ``[tool.osem]``. Without both, ``folder`` is where the search began.
    ``searched`` are the folders that were searched, the first one first.
    """

    folder: Path
    file: Path | None
    searched: tuple[Path, ...]
    pyproject: Path | None = None

    @property
    def home(self) -> Path | None:
        """The file that holds the settings of ``osem``, or may hold them."""
        return self.pyproject or self.file

    @property
    def name(self) -> str:
        """The name of that file, or of the one to write."""
        return self.home.name if self.home else NAMES[0]

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that count, the later ones over the earlier ones."""
        return tuple(path for path in (self.file, self.pyproject) if path)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a search begins, and the folder of the tasks file that Invoke loads."""

    folder: Path
    tasks: Path


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the configuration comes from.

    ``folders`` has the folder of the file that names a key of ``osem``; paths in the value are
    relative to it. ``default`` is the folder for all other keys. ``warnings`` are doubts about
    the files.
    """

    project: Project
    default: Path
    folders: Mapping[str, Path] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def folder(self, key: str) -> Path:
        """Return the folder to which paths in the key's value are relative."""
        return self.folders.get(key, self.default)


def find(start: Path) -> Project:
    """Return the nearest project at ``start`` or above it."""
    searched: list[Path] = []
    for folder in (start, *start.parents):
        searched.append(folder)
        file = next((path for name in NAMES if _is_there(path := folder / name)), None)
        toml = folder / pyproject.NAME if pyproject.is_home(folder) else None
        if file or toml:
            return Project(folder, file, tuple(searched), toml)
    return Project(start, None, tuple(searched))


def _is_there(path: Path) -> bool:
    # Path's own methods raise where access is denied.
    return os.path.exists(path) and not os.path.isdir(path)  # noqa: PTH110, PTH112


def starting_point() -> Start:
    """Return where the search begins for the tasks file that is being loaded.

    Invoke seeks it from ``-r DIR`` or the current directory, under the name of ``-c NAME``,
    and tells neither; so the call of its loader is read.
    """
    frame = inspect.currentframe()
    module: Any = None
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            module = frame.f_globals.get("__file__")
        loader: Any = frame.f_locals.get("self")
        if frame.f_globals.get("__name__") == "invoke.loader" and hasattr(loader, "start"):
            return Start(Path(os.path.abspath(loader.start)), _tasks_folder(module))  # noqa: PTH100  Path.resolve follows links
        frame = frame.f_back
    return Start(current(), tasks_folder())


def tasks_folder() -> Path:
    """Return the directory with ``tasks.py`` or the package ``tasks``, else the current one."""
    return _tasks_folder(getattr(sys.modules.get("tasks"), "__file__", None))


def _tasks_folder(file: str | None) -> Path:
    if not file:
        return current()
    path = Path(file)
    return path.parent.parent if path.name == "__init__.py" else path.parent


def current() -> Path:
    """Return the current directory. Raises ConfigurationError."""
    try:
        return Path.cwd()
    except OSError as error:
        raise ConfigurationError(
            [f"the current directory cannot be read: {error.strerror}"],
            remediation="Change to the project's directory, then run the command again.",
        ) from error


def ignored_files(project: Project) -> list[Path]:
    """Return the files beside the project's that Invoke never reads, though they name ``osem``."""
    if project.file is None:
        return []
    later = NAMES[NAMES.index(project.file.name) + 1 :]
    return [path for name in later if names_osem(path := project.folder / name)]


def near_files(folder: Path) -> list[Path]:
    """Return the files in ``folder`` that name ``osem`` under a name that Invoke does not read."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208  only the names
    except OSError:
        return []
    near = [name for name in names if _NEAR.fullmatch(name) and name not in NAMES]
    if str(folder) == os.path.expanduser("~"):  # noqa: PTH111  Path raises where there is no home
        near = [name for name in near if not name.startswith(".invoke.")]
    return [path for name in near if names_osem(path := folder / name)]


def names_osem(path: Path) -> bool:
    """Return whether a file holds the word ``osem``, in any encoding."""
    try:
        found = parsing.beginning(path, _MAX_LOOK)
    except OSError:
        return False
    return b"osem" in found.replace(b"\0", b"").lower()


def undeclared(project: Project, folder: Path) -> ConfigurationError:
    """Return the error of a task that needs tables where nothing declares any.

    ``folder`` is where a new configuration file belongs.
    """
    looked = ", ".join(str(place) for place in project.searched)
    home = project.home
    if home is None:
        found = (
            f"there is no invoke.yaml (.yml, .json, .py), and no {pyproject.NAME} with "
            f"{pyproject.SECTION}, in {looked}"
        )
    else:
        found = f"{home} does not name them"
    near = [str(path) for place in project.searched for path in near_files(place)]
    unread = f"; Invoke does not read {', '.join(near)}" if near else ""
    from osem_tasks.config import commands

    target = home or folder / NAMES[0]
    return ConfigurationError(
        [f"no tables are declared: osem.tables is not set, and {found}{unread}"],
        remediation=(
            f"Write into {target}: {_line_of_tables(target)}   (relative to that file: "
            "CreateTable requests as JSON or YAML, or a CloudFormation template; or a Python "
            "object as 'package.module:NAME')"
            + ("" if home else f". Or let it be written: {commands.command('init')}")
        ),
    )


def unseeded(project: Project, folder: Path, environment: str) -> ConfigurationError:
    """Return the error of a task that needs a seed where nothing names any.

    ``folder`` is where a new configuration file belongs.
    """
    target = project.home or folder / NAMES[0]
    line = "osem: {seed: seed/*.jsonl}"
    if target.name == pyproject.NAME:
        line = f'seed = "seed/*.jsonl" below {pyproject.SECTION}'
    return ConfigurationError(
        [f"no seed is configured for environment '{environment}': osem.seed is not set"],
        remediation=(
            f"Write into {target}: {line}   (relative to that file: items as JSON lines, JSON, "
            "YAML or CSV, named by their table, such as seed/Orders.jsonl; or a function as "
            "'package.module:function')"
        ),
    )


def _line_of_tables(target: Path) -> str:
    """Return the setting that declares tables, as the file has to hold it."""
    if target.name == pyproject.NAME:
        return f'tables = "tables.json" below {pyproject.SECTION}'
    return "osem: {tables: tables.json}"
