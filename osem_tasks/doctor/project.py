"""The configuration, the environment and the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.config import pyproject, variables
from osem_tasks.config.local_access import DEFAULT_ENDPOINT
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.errors import ConfigurationError, ModelError
from osem_tasks.findings import Finding, fine, info, warning

if TYPE_CHECKING:
    from osem_tasks.config.environments import Environment
    from osem_tasks.doctor.situation import Situation

CONFIGURATION, ENVIRONMENT, TABLES, OURS = "configuration", "environment", "tables", "OSEM_*"


def configuration(situation: Situation) -> list[Finding]:
    """Say where the configuration comes from, or why it cannot be read."""
    if situation.problem:
        return [Finding.of_error(CONFIGURATION, situation.problem)]
    project = situation.settings.sources.project
    if project.home is None:
        names = f"invoke.yaml and no {pyproject.NAME} with {pyproject.SECTION}"
        where = f"no {names} in {project.folder} or above: the defaults"
        return [info(CONFIGURATION, where)]
    return [fine(CONFIGURATION, ", ".join(map(str, project.files)))]


def environment(situation: Situation) -> list[Finding]:
    """Say which environment the db tasks mean in this shell, and what chose it."""
    if situation.problem:
        return []
    try:
        found = _environment(situation)
    except ConfigurationError as error:
        return [Finding.of_error(ENVIRONMENT, error)]
    by = variables.chosen_by(found.name, "", situation.variables)
    if not by or found.where == "local":
        return [fine(ENVIRONMENT, f"{found.name} ({by or 'the default'})")]
    value = situation.variables[by]
    return [
        warning(
            ENVIRONMENT,
            f"{by}={value} chooses {found.name}, which is on AWS: behind local.up its table names "
            f"({found.default_prefix}...) are used, and alone the db tasks go to AWS",
            f"unset {by}",
        )
    ]


def tables(situation: Situation) -> list[Finding]:
    """Say how many tables are declared, and where; or why they cannot be read."""
    # The readers of all formats are many modules.
    from osem_tasks.declarations import load

    if situation.problem:
        return []
    settings = situation.settings
    try:
        sources, folder = settings.declaration()
        started = situation.endpoint or DEFAULT_ENDPOINT
        options = TargetOptions(started=started, recorded=started, chosen_by="")
        target = resolve(_environment(situation), options, situation.variables)
        declared = load.load(sources, folder, target.context())
        named = target.tables_of(declared.ignoring(settings.ignore))
    except (ConfigurationError, ModelError) as error:
        return [Finding.of_error(TABLES, error)]
    count = "1 table" if len(named) == 1 else f"{len(named)} tables"
    where = settings.declared_in(settings.sources.default)
    return [
        fine(TABLES, f"{count} of {where}: {named.names[0]}{', ...' if len(named) > 1 else ''}")
    ]


def ours(situation: Situation) -> list[Finding]:
    """Name the variables of this suite that the shell holds."""
    found = sorted(
        name
        for name in situation.variables
        if name.startswith(("OSEM_", "INVOKE_OSEM_")) and situation.variables[name]
    )
    if not found:
        return [fine(OURS, "no variable of this suite is set")]
    named = ", ".join(f"{name}={situation.variables[name]}" for name in found)
    return [info(OURS, named, f"unset {' '.join(found)}   for the configured values")]


def _environment(situation: Situation) -> Environment:
    return situation.settings.environment(None, situation.variables)
