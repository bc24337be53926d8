"""``db.docs``: the declared data model as Markdown and as a picture, from the declaration alone."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.config.commands import command as command_line
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark, Outcome, counted
from osem_tasks.tasks import files
from osem_tasks.tasks.command import command
from osem_tasks.tasks.connect import declared_tables
from osem_tasks.tasks.narrow import only
from osem_tasks.tasks.offline import offline_target
from osem_tasks.tasks.options import TABLE, TARGET_OPTIONS
from osem_tasks.tasks.printed import print_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.config.target import Target
    from osem_tasks.declarations.docs.data_model import DataModel
    from osem_tasks.tasks.job import Job

NAME = "data-model"
# The most lines of a difference that are shown.
MOST = 60
FORCE = (False, "Overwrite a file that db.docs did not write.")


@command(
    {**TARGET_OPTIONS, "force": FORCE},
    texts={
        "output": f"Write the Markdown to this file; into a folder: {NAME}.md and {NAME}.svg.",
        "svg": f"Write the picture to this file, or {NAME}.svg into this folder; the Markdown shows it.",
        "check": "Write nothing; exit code 1 if the files are not what the declaration says.",
        "table": TABLE,
    },
    repeatable=["table"],
)
def docs(
    job: Job,
    output: str | None = None,
    svg: str | None = None,
    check: bool = False,
    table: Sequence[str] | None = None,
) -> Outcome:
    """Write the declared data model as Markdown with diagrams. Asks no engine.

    Tables, keys, indexes and settings come from the declaration, attributes and access patterns
    from its notes or from the file of osem.notes: see docs/model-docs.md.

    Example: inv db.docs --output docs/data-model.md --svg docs/images/data-model.svg
    """
    from osem_tasks.declarations.docs import as_json, markdown
    from osem_tasks.declarations.docs import svg as pictures

    page, picture = _paths(output, svg)
    if problem := _problem(page, picture, check=check):
        raise ConfigurationError(
            [problem], remediation=command_line("db.docs", "--check", "--output", f"{NAME}.md")
        )
    target = offline_target(job)
    model = _model(job, target, table)
    texts = {}
    if page:
        texts[page] = markdown.page(model, _between(page, picture))
    if picture:
        texts[picture] = pictures.picture(model)
    data = as_json.content(model)
    if not texts:
        text = markdown.page(model)
        print_document(job, text)
        return Outcome(data={**data, "markdown": text})
    again = target.narrowed(table or ()).command("db.docs", *_words(output, svg))
    found = [_File.of(path, text) for path, text in texts.items()]
    if check:
        return _checked(data, found, again)
    return _written(job, data, found, again)


def _model(job: Job, target: Target, table: Sequence[str] | None) -> DataModel:
    """Return the model of the declared tables that ``--table`` names. Raises OsemError."""
    from osem_tasks.declarations.docs import noted
    from osem_tasks.declarations.docs.data_model import data_model

    tables = declared_tables(job, target.context())
    file = job.settings.notes
    notes = noted.read(Path(file), target.environment.name) if file else {}
    model = data_model(tables, notes)
    if not table:
        return model
    chosen = only(target, target.tables_of(tables), table)
    return model.only(tuple(target.naming.declared(name) or name for name in chosen.names))


def _problem(page: str, picture: str, *, check: bool) -> str:
    """Return what is wrong with the files, or an empty text."""
    if check and not (page or picture):
        return "--check compares files, and none is named"
    if page and picture and os.path.abspath(page) == os.path.abspath(picture):  # noqa: PTH100  resolve follows links
        return f"--output and --svg name the same file, {page}"
    return ""


def _paths(output: str | None, svg: str | None) -> tuple[str, str]:
    """Return the files of the Markdown and of the picture, each empty if none is wanted."""
    page, picture = output or "", svg or ""
    if _is_folder(page):
        picture = picture or page
        page = str(Path(page) / f"{NAME}.md")
    if _is_folder(picture):
        picture = str(Path(picture) / f"{NAME}.svg")
    return page, picture


def _is_folder(path: str) -> bool:
    """Whether a path names a folder, which may not be there yet."""
    return bool(path) and (path.endswith(("/", os.sep)) or os.path.isdir(path))  # noqa: PTH112  Path raises


def _between(page: str, picture: str) -> str:
    """Return the path of the picture as the page names it."""
    if not picture:
        return ""
    try:
        return Path(os.path.relpath(picture, Path(page).parent)).as_posix()
    except ValueError:  # another drive
        return Path(picture).as_posix()


def _words(output: str | None, svg: str | None) -> list[str]:
    pairs = (("--output", output), ("--svg", svg))
    return [word for option, path in pairs if path for word in (option, path)]


@dataclass(frozen=True, slots=True)
class _File:
    """A file with the text that it should have, and the one that it has; None if it is missing."""

    path: str
    text: str
    found: str | None

    @classmethod
    def of(cls, path: str, text: str) -> _File:
        """Read what the file holds. Raises OsemError."""
        file = Path(path)
        try:
            # Universal newlines: a checkout on Windows may have others.
            found = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else None
        except OSError as error:
            raise OsemError(
                f"{path} cannot be read: {error.strerror}.",
                code=ErrorCode.INVALID_CONFIGURATION,
                remediation="Make the file readable, or name another one.",
            ) from error
        return cls(path, text, found)

    @property
    def state(self) -> str:
        """How the file is: ``current``, ``stale`` or ``missing``."""
        if self.found is None:
            return "missing"
        return "current" if self.found == self.text else "stale"

    @property
    def is_foreign(self) -> bool:
        """Whether something else wrote the file."""
        from osem_tasks.declarations.docs.data_model import MARK

        return bool(self.found and self.found.strip()) and MARK not in str(self.found)

    def difference(self) -> list[str]:
        """Return the lines that differ; a picture's tell nothing."""
        if self.state != "stale" or not self.text.startswith("<!--"):
            return [f"{self.path}: {self.state}"]
        there, wanted = str(self.found).splitlines(), self.text.splitlines()
        lines = list(
            difflib.unified_diff(there, wanted, self.path, "as declared", n=1, lineterm="")
        )
        more = [f"and {len(lines) - MOST:,} more lines"] if len(lines) > MOST else []
        return [*lines[:MOST], *more]


def _checked(data: dict[str, object], found: list[_File], again: str) -> Outcome:
    stale = [file for file in found if file.state != "current"]
    data = {**data, "files": [{"path": file.path, "state": file.state} for file in found]}
    if not stale:
        names = ", ".join(file.path for file in found)
        return Outcome(data=data, summary=Line(Mark.DONE, f"up to date: {names}"))
    error = OsemError(
        f"Not what the declaration says: {', '.join(f'{f.path} ({f.state})' for f in stale)}.",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=again,
        details={"files": [file.path for file in stale]},
    )
    lines = [Line(Mark.PLAIN, line) for file in stale for line in file.difference()]
    return Outcome(data=data, lines=lines, error=error)


def _written(job: Job, data: dict[str, object], found: list[_File], again: str) -> Outcome:
    foreign = [file.path for file in found if file.is_foreign]
    if foreign and not job.options["force"]:
        raise OsemError(
            f"Not written by db.docs: {', '.join(foreign)}. Nothing was overwritten.",
            code=ErrorCode.CONFIRMATION_REQUIRED,
            remediation=f"Name another file, or overwrite it: {again} --force",
            details={"files": foreign},
        )
    states = []
    for file in found:
        changed = file.state != "current"
        if changed and not job.dry:
            _write(file)
        states.append({"path": file.path, "state": "written" if changed else "current"})
    would = "would be written" if job.dry else "written"
    lines = [
        Line(Mark.DONE, f"{one['path']} {would if one['state'] == 'written' else 'is up to date'}")
        for one in states
    ]
    tables = data["tables"]
    count = counted(len(tables) if isinstance(tables, list) else 0, "table")
    return Outcome(
        data={**data, "files": states},
        lines=lines,
        summary=Line(Mark.DONE, f"data model of {count}"),
    )


def _write(file: _File) -> None:
    folder = Path(file.path).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OsemError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=files.REMEDY,
        ) from error
    files.write(file.path, file.text)
