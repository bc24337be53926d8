"""Where the tables of a new project come from, for ``init``."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.config import commands, project
from osem_tasks.config.local_access import DEFAULT_REGION, LOCAL_ACCOUNT
from osem_tasks.config.naming import Naming
from osem_tasks.declarations.context import Context
from osem_tasks.declarations.export.json_text import json_text
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError
from osem_tasks.output.outcome import counted
from osem_tasks.scaffold import names, section, surroundings, texts
from osem_tasks.scaffold import project as scaffold
from osem_tasks.scaffold.section import NOTHING, Addition
from osem_tasks.schema import requests
from osem_tasks.tasks.documents import declaration_of, read_live

if TYPE_CHECKING:
    from osem_tasks.scaffold.drafts import Draft
    from osem_tasks.tasks.job import Job


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asked for."""

    template: str | None
    from_table: tuple[str, ...]
    example: bool = False
    toml: bool = False

    def options(self) -> list[str]:
        """The options that name a source of tables."""
        given = {
            "--template": self.template,
            "--from-table": self.from_table,
            "--example": self.example,
        }
        return [name for name, value in given.items() if value]


@dataclass(frozen=True, slots=True)
class Origin:
    """What declares the tables, and the files of the project in the order of writing.

    ``unreachable``: the requirement of this package is a folder of this machine.
    """

    source: str
    drafts: tuple[Draft, ...]
    addition: Addition | None = None
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class _Tables:
    """A source of tables, the settings that follow from it, and the file to write for it."""

    source: str
    own: texts.Settings
    draft: Draft | None = None


def find(job: Job, folder: Path, asked: Asked) -> Origin:
    """Return where the tables come from. Raises OsemError before anything is written."""
    options = asked.options()
    if len(options) > 1:
        raise ConfigurationError(
            [f"{' and '.join(options)} name two sources of tables"],
            remediation=f"Give one of them; {commands.command('init', '--help')} shows all.",
        )
    requirement = surroundings.requirement()
    around = tuple(scaffold.surrounding_files(folder, requirement))
    found = job.settings.sources.project
    here = found.home if found.folder == folder else None
    if here and _declares_here(job, folder) and not (options or asked.toml):
        source = job.settings.declared_in(folder)
        _check_tables(job, folder, job.settings.tables, job.settings.sources.folder("tables"))
        job.console.info(f"{here} declares the tables already: {source}")
        return Origin(source, around, unreachable=requirement.local)
    if found.home and here is None:
        job.console.warn(
            f"{found.home} counts here until now; the new configuration of this folder will win, "
            "and takes no setting from it"
        )
    tables = _tables(job, folder, asked)
    origin = _with_configuration(job, folder, asked, tables, around)
    return replace(origin, unreachable=requirement.local)


def _declares_here(job: Job, folder: Path) -> bool:
    return bool(job.settings.tables) and job.settings.sources.folder("tables") == folder


def _with_configuration(
    job: Job,
    folder: Path,
    asked: Asked,
    tables: _Tables,
    around: tuple[Draft, ...],
) -> Origin:
    """Return the origin with the file that gets the settings, which is written last."""
    settings = {"tables": tables.source, **scaffold.general_settings(folder), **tables.own}
    if "table_name" in settings:
        del settings["prefix"]
    drafts = (*([tables.draft] if tables.draft else []), *around)
    found = project.find(folder)
    if asked.toml:
        addition = section.addition(folder, found, settings)
        return Origin(tables.source, drafts, addition)
    home = found.home if found.folder == folder else None
    if home and _declares_here(job, folder) and not _says(home, settings):
        section.refuse(home, texts.section(settings, home.name))
    draft = scaffold.configuration(folder, settings, home)
    return Origin(tables.source, (*drafts, draft))


def _says(path: Path, settings: texts.Settings) -> bool:
    """Return whether a file is as an earlier run wrote it."""
    try:
        return path.read_text(encoding="utf-8") == texts.settings_yaml(settings)
    except (OSError, ValueError):
        return False


def _tables(job: Job, folder: Path, asked: Asked) -> _Tables:
    if asked.from_table:
        return _live(job, folder, asked.from_table)
    if asked.template:
        return _declared(job, folder, _relative(asked.template, folder))
    near = [] if asked.example else surroundings.templates(folder)
    if len(near) > 1:
        listed = "   ".join(commands.command("init", "--template", name) for name in near)
        raise OsemError(
            f"{NOTHING} Several files may declare the tables: {', '.join(near)}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=f"Type one of: {listed}   {commands.command('init', '--example')}",
        )
    if near:
        job.console.info(f"{near[0]} declares the tables (the only such file here)")
        return _declared(job, folder, near[0])
    return _Tables(texts.EXAMPLE_SOURCE, {}, scaffold.example(folder))


def _relative(source: str, folder: Path) -> str:
    """Return a file's path relative to the folder; an object or a pattern as it is."""
    if not os.path.lexists(folder / source):
        return source
    return Path(os.path.relpath(folder / source, folder)).as_posix()


def _declared(job: Job, folder: Path, source: str) -> _Tables:
    problem = ""
    if source != source.strip():
        problem = "begins or ends with a blank, which a configuration file leaves out"
    try:
        source.encode()
    except UnicodeEncodeError:
        problem = "is not UTF-8, and a configuration file must be"
    if problem:
        raise OsemError(
            f"{NOTHING} The name {source!r} {problem}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation="Rename the file.",
        )
    _check_tables(job, folder, (source,), folder)
    return _Tables(source, {})


def _check_tables(job: Job, folder: Path, sources: tuple[str, ...], root: Path) -> None:
    """Read the tables as the local environment has them. Raises OsemError."""
    from osem_tasks.declarations import load

    own = job.settings.sources.project.folder == folder
    context = Context(
        parameters=job.settings.environments["local"].parameters if own else {},
        region=DEFAULT_REGION,
        account=LOCAL_ACCOUNT,
        importing=commands.command("db.import"),
        home=job.settings.sources.project.name if own else "invoke.yaml",
    )
    tables = load.load(sources, root, context)
    job.console.info(f"{counted(len(tables), 'table')}: {', '.join(tables.names)}")


def _live(job: Job, folder: Path, from_table: tuple[str, ...]) -> _Tables:
    """Return the declaration of live tables, and the naming that gives their names."""
    target, found = read_live(job, from_table)
    environment = target.environment
    naming: texts.Settings = dict(
        names.naming_of([live.table.name for live in found], environment.name)
    )
    if "prefix" in naming:
        known = Naming.of_prefix(naming["prefix"], environment.name)
    elif naming:
        known = Naming.of_pattern(naming["table_name"], environment.name)
    else:
        known = Naming()
        if environment.where == "aws":  # its tables keep their names, those of others get a prefix
            naming["environments"] = {environment.name: {"prefix": ""}}
    tables = [declaration_of(replace(target, naming=known), live) for live in found]
    text = json_text({"Tables": [requests.document(table) for table in tables]})
    # Other values of the tag would be differences at once.
    tags = {dict(live.table.tags or ()).get("Application") for live in found}
    own = {"application": tags.pop()} if len(tags) == 1 and all(tags) else {}
    return _Tables(
        scaffold.TABLES,
        {**own, **naming},
        scaffold.live(folder, text, counted(len(tables), "live table")),
    )
