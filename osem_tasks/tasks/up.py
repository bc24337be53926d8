"""``local.up``: start the engine, or reuse the running one."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from osem_tasks.config.settings import option
from osem_tasks.config.values import engine_name, one_of, port_number, seconds
from osem_tasks.engines import presence, records, registry
from osem_tasks.engines.base import EngineRequest, Milestone, Waiting
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.tasks import ahead, chosen
from osem_tasks.tasks.chosen import NAME_OPTION
from osem_tasks.tasks.command import command
from osem_tasks.tasks.job import NOT_STARTED, Job
from osem_tasks.tasks.options import OUTPUT_OPTIONS
from osem_tasks.waiting import clock

if TYPE_CHECKING:
    from osem_tasks.engines.base import UpResult

UP_OPTIONS: dict[str, tuple[Any, str]] = {
    "engine": (None, f"Kind of engine: {registry.choices_in_words('auto (default)')}."),
    "port": (None, "Port on 127.0.0.1 (default 8000); 0 picks a free port."),
    **NAME_OPTION,
    "image": (None, "Image of DynamoDB Local to run."),
    "persist": (False, "Keep the data, in a named volume or a directory."),
    "isolated": (False, "Use a separate database per access key and region (for tests)."),
    "fresh": (False, "Start empty: replace the running engine and delete its data."),
    "timeout": (None, "Maximum seconds to wait for the first response (default 60)."),
    **OUTPUT_OPTIONS,
}


@command(UP_OPTIONS)
def up(job: Job) -> Outcome:
    """Start a local DynamoDB, or reuse the running one, and wait until it responds.

    Example: inv local.up db.setup db.verify
    """
    request = requested(job)
    chosen.warn_of_unreadable(job)
    if job.dry:
        return _dry_up(job, request)
    begin = clock.now()
    with job.console.working(f"starting engine {request.name}"):
        result = presence.reused(request) or _brought_up(job, request)
    record = result.record
    job.remember("endpoint", record.endpoint)
    job.remember("name", record.name)
    job.location["endpoint"] = record.endpoint
    _remark(job, request, result)
    took = f"{result.how} in {clock.now() - begin:.2f} s"
    return Outcome(
        data={
            **record.as_json(),
            "how": result.how,
            "reason": result.reason,
            "weakness": result.weakness or None,
        },
        summary=Line(Mark.DONE, f"{chosen.described(record)} ready at {record.endpoint} ({took})"),
        changed=result.how == "started",
    )


def _brought_up(job: Job, request: EngineRequest) -> UpResult:
    from osem_tasks.engines import manager

    return manager.bring_up(request, partial(_say, job), job.console.warn)


def requested(job: Job) -> EngineRequest:
    """Return the engine that the options and the configuration request. Raises OsemError."""
    settings, options = job.settings, job.options

    def given(name: str, check: Any) -> Any:
        value = options.get(name)
        return None if value is None else option(f"--{name}", value, check)

    return EngineRequest(
        name=_name(job),
        default_port=settings.port,
        default_image=settings.image,
        timeout=given("timeout", seconds) or settings.timeout,
        lock_timeout=given("timeout", seconds),
        engine=given("engine", one_of(registry.choices())) or settings.engine,
        port=given("port", port_number),
        image=options["image"],
        # None, not False: without a request, a kept volume stays in use.
        persist=options["persist"] or None,
        shared=not options["isolated"],
        fresh=bool(options.get("fresh")),
        project=job.project,
    )


def _dry_up(job: Job, request: EngineRequest) -> Outcome:
    record = records.load(request.name)
    if record and presence.is_answering(record) and not request.fresh:
        text = f"{chosen.described(record)} runs at {record.endpoint} and would be reused"
    else:
        from osem_tasks.engines import manager

        kind = manager.choose(request).engine.kind
        job.remember(NOT_STARTED, request.name)
        port = request.wanted_port
        where = f"port {port}" if port else "a free port"
        text = f"engine {request.name} ({kind}) would be started on {where}"
    return Outcome(
        data={"name": request.name, "dryRun": True},
        summary=Line(Mark.INFO, f"{text}; nothing was changed"),
    )


def _say(job: Job, text: str) -> None:
    """Show progress; what a user should read in any case is a line of its own."""
    if isinstance(text, Waiting) and ahead.follows(sys.argv):
        ahead.load()
    tell = job.console.info if isinstance(text, Milestone) else job.console.say
    tell(text)


def _remark(job: Job, request: EngineRequest, result: UpResult) -> None:
    """Report why this kind of engine runs, and any unexpected facts."""
    from osem_tasks.engines.docker import names

    record, console = result.record, job.console
    if result.reason:
        # Warn if a preferred engine could not start, but not if it is absent.
        tell = console.warn if result.fallback else console.info
        tell(f"Engine: {record.engine}, because {_lower(result.reason)}")
    if result.weakness:
        console.info(result.weakness)
    if result.note:
        console.warn(result.note)
    if record.image and not names.same(record.image, request.image or request.default_image):
        again = replace(request, persist=record.persist or None).replacing_command()
        console.warn(
            f"The running engine uses image {record.image}, but {request.default_image} is "
            f"configured. To replace it (data in memory is lost): {again}"
        )


def _name(job: Job) -> str:
    """Return ``--name``, else the engine that this command line started, else the configured one.

    The name is checked because files are named after it.
    """
    name = job.options["name"]
    if name is None:
        return str(job.session.get("name") or job.settings.name)
    return option("--name", name, engine_name)


def _lower(sentence: str) -> str:
    if sentence.startswith("Docker"):
        return sentence.rstrip(".")
    return sentence[:1].lower() + sentence[1:].rstrip(".")
