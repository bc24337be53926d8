"""Settings for a configuration file that exists: a section at its end, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from osem_tasks.config import commands, pyproject
from osem_tasks.declarations import parsing
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.scaffold import texts

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.config.project import Project

NOTHING = "Nothing was written."


@dataclass(frozen=True, slots=True)
class Addition:
    """A file that gets a section, with its whole new text."""

    path: Path
    text: str


def refuse(path: Path, wanted: str) -> NoReturn:
    """Raise OsemError for a file whose settings are others than the ``wanted`` ones."""
    lines = " / ".join(wanted.rstrip().split("\n"))
    raise OsemError(
        f"{NOTHING} {path} has other settings already, and stays as it is.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation=(
            f"Change it by hand to: {lines}   Then, for the other files: {commands.command('init')}"
        ),
    )


def addition(folder: Path, found: Project, settings: texts.Settings) -> Addition | None:
    """Return ``pyproject.toml`` with the section; None if it has exactly that already.

    Raises OsemError for a file that cannot get the section.
    """
    path, section = folder / pyproject.NAME, texts.section_toml(settings)
    if found.folder == folder and found.pyproject:
        if pyproject.read(path) == {"osem": settings}:
            return None
        refuse(path, section)
    try:
        text = parsing.read_text(path)
    except ValueError as error:
        raise OsemError(
            f"{NOTHING} {path}: {error}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=f"Leave out --pyproject, or create the file first: touch {pyproject.NAME}",
        ) from error
    line = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text else line if text.endswith("\n") else 2 * line
    new = text + gap + section.replace("\n", line)
    if not _is_sound(new, settings):
        raise OsemError(
            f"{NOTHING} {path} cannot get a section {pyproject.SECTION} at its end.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation="Correct the file, or leave out --pyproject.",
        )
    return Addition(path, new)


def _is_sound(text: str, settings: texts.Settings) -> bool:
    try:
        content = pyproject.parse(text)
    except ValueError:
        return False
    return bool(content["tool"]["osem"] == settings)
