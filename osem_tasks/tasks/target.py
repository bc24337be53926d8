"""Where a task acts: its options, the shell and the running engines, put together."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import DEFAULT_ENDPOINT
from osem_tasks.errors import OsemError
from osem_tasks.tasks.job import NOT_STARTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.config.environments import Environment
    from osem_tasks.config.resolve import TargetOptions
    from osem_tasks.config.target import Target
    from osem_tasks.engines.base import EngineRecord
    from osem_tasks.tasks.job import Job
    from osem_tasks.waiting.clock import Deadline


def resolve_target(job: Job) -> Target:
    """Return the target of the task from options, variables and running engines."""
    from osem_tasks.config.endpoints import same_place
    from osem_tasks.config.resolve import resolve

    environment = job.settings.environment(job.options["env"], os.environ)
    recorded = _recorded_engine(job)
    options = _options(job, environment, recorded)
    target = resolve(environment, options, _shell(environment, options.profile))
    # A record is a claim: an endpoint from it must belong to exactly that engine.
    unnamed = target.local and not options.endpoint
    if recorded and unnamed and same_place(target.endpoint, recorded.endpoint):
        from osem_tasks.engines import presence

        presence.refuse_stranger(recorded)
    return replace(target, warnings=(*target.warnings, *_empty_variables(job, target)))


def _options(job: Job, environment: Environment, recorded: EngineRecord | None) -> TargetOptions:
    from osem_tasks.config.resolve import TargetOptions

    started = job.session.get("endpoint")
    if job.session.get(NOT_STARTED) and environment.where == "aws":
        started = started or DEFAULT_ENDPOINT  # a dry local.up: where the engine would be
    return TargetOptions(
        region=job.options["region"],
        endpoint=job.options["endpoint"],
        profile=job.options["profile"],
        force=bool(job.options["force"]),
        started=started,
        recorded=recorded.endpoint if recorded else None,
        chosen_by=chosen_by(job, environment),
    )


def chosen_by(job: Job, environment: Environment) -> str:
    """Return the option or the variable that chose the environment; empty if nothing did."""
    from osem_tasks.config import variables
    from osem_tasks.config.target import BY_OPTION

    option = str(job.options.get("named_by", BY_OPTION)) if job.options["env"] else ""
    return variables.chosen_by(environment.name, option, os.environ)


def _shell(environment: Environment, profile: str | None) -> Mapping[str, str]:
    """Return the variables of this shell; a profile may tell the SDK to ignore some of them."""
    from osem_tasks.config import secrets
    from osem_tasks.config.endpoints import IGNORE_ENDPOINTS
    from osem_tasks.config.target import ENDPOINT_VARIABLES

    shell = secrets.shell()
    if environment.where == "aws" and any(map(shell.get, ENDPOINT_VARIABLES)):
        from osem_tasks.aws.endpoints import ignores_configured

        if ignores_configured(profile):
            shell[IGNORE_ENDPOINTS] = "true"
    return shell


def _recorded_engine(job: Job) -> EngineRecord | None:
    """Return the record of the engine that a task means, if there is one.

    Raises OsemError if several engines run and the task needs one of them.
    """
    from osem_tasks.engines import records

    try:
        for text in records.unreadable():
            job.console.warn(text)
        if _is_elsewhere(job):
            return records.load(job.settings.name) or records.newest()
        if record := records.load(job.settings.name):
            return record
        from osem_tasks.engines.selection import select

        chosen = select(job.settings.name, project=job.project)
    except OsemError as error:  # AWS does not need the state directory
        job.console.warn(error.message)
        return None
    if chosen.others:
        raise chosen.ambiguous()
    return chosen.record


def _is_elsewhere(job: Job) -> bool:
    """Return whether a task acts elsewhere than on the engine that it would find itself."""
    from osem_tasks.config.target import ENDPOINT_VARIABLES

    environment = job.settings.environment(job.options["env"], os.environ)
    named = job.options["endpoint"] or job.session.get("endpoint")
    return environment.where != "local" or bool(
        named or any(map(os.environ.get, ENDPOINT_VARIABLES))
    )


def check_server(job: Job, target: Target, deadline: Deadline) -> None:
    """Refuse a server that is not DynamoDB, and wait for one that is just starting.

    An engine of ours was checked against its record. No engine was recorded at the default
    endpoint: only CI services are expected there.
    """
    from osem_tasks.config.target import DEFAULT, ENDPOINT_VARIABLES, OPTION, STARTED

    ours = target.source == STARTED or job.session.get(NOT_STARTED)
    recorded = target.source not in (*ENDPOINT_VARIABLES, OPTION, DEFAULT)
    if not target.local or ours or recorded:
        return
    from osem_tasks.engines import service, strangers

    strangers.refuse_stranger(target)
    if target.source != DEFAULT or service.is_ci(os.environ):
        with job.console.working(f"waiting for {target.endpoint}"):
            service.wait_for(str(target.endpoint), deadline, job.console.info, os.environ)


def _empty_variables(job: Job, target: Target) -> list[str]:
    """Return a warning for each empty variable that would have determined the target."""
    from osem_tasks.config import variables
    from osem_tasks.config.target import STARTED

    options = ["env", "prefix", "region"]
    # Only AWS uses a profile; an engine of this command line overrides the variables.
    options += [] if target.local else ["profile"]
    options += [] if target.source == STARTED else ["endpoint"]
    options += ["name"] if target.local and target.source != STARTED else []
    return [
        variables.warning(name)
        for option in options
        if job.options.get(option) is None and not (option == "name" and job.options["endpoint"])
        for name in variables.passed_over(option, job.empty_variables, os.environ)
    ]
