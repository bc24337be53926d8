"""The ``local`` tasks, which manage the engine on this machine."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from osem_tasks.config.commands import DEFAULT_ENGINE, engine_command
from osem_tasks.config.local_access import variables
from osem_tasks.config.settings import option
from osem_tasks.config.values import engine_name, one_of, port_number, seconds
from osem_tasks.engines import manager, records, registry, strangers
from osem_tasks.engines.base import EngineRequest, EngineState, Milestone
from osem_tasks.engines.docker import names
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.tasks import chosen
from osem_tasks.tasks.command import command
from osem_tasks.tasks.job import NOT_STARTED, Job
from osem_tasks.tasks.options import OUTPUT_OPTIONS
from osem_tasks.waiting import clock

if TYPE_CHECKING:
    from osem_tasks.engines.base import EngineRecord, UpResult

MAX_LINES = 999_999
NAME_OPTION: dict[str, tuple[Any, str]] = {
    "name": (None, f"Name of the engine, and of its container; default: {DEFAULT_ENGINE}."),
}
OPTIONS = {**NAME_OPTION, **OUTPUT_OPTIONS}
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
    request = _request(job)
    _warn_of_unreadable(job)
    if job.dry:
        return _dry_up(job, request)
    begin = clock.now()
    with job.console.working(f"starting engine {request.name}"):
        result = manager.bring_up(request, partial(_say, job), job.console.warn)
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
        summary=Line(Mark.DONE, f"{_described(record)} ready at {record.endpoint} ({took})"),
        changed=result.how == "started",
    )


@command(
    OPTIONS,
    texts={
        "volumes": "Also remove the data that --persist kept.",
        "timeout": "Maximum seconds to wait for another command on the engine (default 600).",
    },
)
def down(job: Job, volumes: bool = False, timeout: str | None = None) -> Outcome:
    """Stop and remove what local.up started; nothing else is ever touched.

    Example: inv local.down --volumes
    """
    engine = chosen.selection(job)
    patience = None if timeout is None else option("--timeout", timeout, seconds)
    _warn_of_unreadable(job)
    # Another project's engine is not stopped unless its name is given.
    name = engine.name if engine.is_own else job.settings.name
    if job.dry:
        record = records.load(name)
        what = _described(record) if record else "nothing"
        return Outcome(summary=Line(Mark.INFO, f"{what} would be stopped; nothing was changed"))
    with job.console.working(f"stopping engine {name}"):
        removed = manager.take_down(
            name, drop_data=volumes, say=job.console.warn, lock_timeout=patience
        )
    return Outcome(
        data={"name": name, "removed": removed},
        summary=chosen.stopped(name, removed, engine),
        changed=bool(removed),
    )


@command(OPTIONS)
def status(job: Job) -> Outcome:
    """Show whether the engine runs, where, and since when.

    Example: inv local.status --json
    """
    engine = chosen.selection(job)
    _warn_of_unreadable(job)
    record = engine.record
    start = engine_command("local.up", engine.name)
    if record is None:
        others = [{"name": other.name, "endpoint": other.endpoint} for other in engine.others]
        return Outcome(
            data={"name": engine.name, "running": False, "others": others},
            summary=chosen.not_recorded(engine, start),
        )
    job.location["endpoint"] = record.endpoint
    state, why = manager.state_of(record)
    text = f"{_described(record)} at {record.endpoint}, since {record.started_at}"
    if record.image:
        text += f", image {record.image}"
    if record.name != job.settings.name:
        text += f", name {record.name}"
    why = f". {why}" if why else ""
    if state is EngineState.RUNNING:
        summary = Line(Mark.DONE, f"running: {text}")
    elif state is EngineState.UNKNOWN:
        summary = Line(Mark.WARNING, f"{state.value}: {text}{why}")
    else:
        stranger = strangers.stranger_at(record.endpoint)
        found = f" ({stranger.words})" if stranger else ""
        text = f"{state.value}{found}: {text}{why}   (to start it again: {start})"
        summary = Line(Mark.WARNING, text)
    running = state is EngineState.RUNNING
    return Outcome(data={**record.as_json(), "running": running}, summary=summary)


@command(OPTIONS, texts={"lines": "How many lines (default 100)."})
def logs(job: Job, lines: str = "100") -> Outcome:
    """Show the engine's own log.

    Example: inv local.logs --lines 20
    """
    count = option("--lines", lines, _positive)
    record = chosen.recorded(job, "local.logs")
    text = list(manager.engine_of(record).logs(record.name, count))
    return Outcome(
        data={"name": record.name, "lines": text},
        lines=[Line(Mark.PLAIN, line) for line in text],
    )


@command(
    OPTIONS,
    texts={"endpoint": "Endpoint of a DynamoDB that runs already; default: the engine's."},
)
def env(job: Job, endpoint: str | None = None) -> Outcome:
    """Print export lines, so that the AWS CLI and an application find the engine.

    Example: eval "$(inv local.env)"
    """
    settings = variables(
        chosen.given_endpoint(job, endpoint) if endpoint else chosen.own_endpoint(job)
    )
    return Outcome(
        data={"variables": settings},
        lines=[
            Line(Mark.PLAIN, f"export {name}={shlex.quote(value)}")
            for name, value in settings.items()
        ],
    )


def _request(job: Job) -> EngineRequest:
    settings, options = job.settings, job.options

    def given(name: str, check: Any) -> Any:
        value = options[name]
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
        fresh=options["fresh"],
        project=job.project,
    )


def _dry_up(job: Job, request: EngineRequest) -> Outcome:
    record = records.load(request.name)
    if record and manager.is_answering(record) and not request.fresh:
        text = f"{_described(record)} runs at {record.endpoint} and would be reused"
    else:
        kind = manager.choose(request).engine.kind
        job.remember(NOT_STARTED, request.name)
        port = request.default_port if request.port is None else request.port
        where = f"port {port}" if port else "a free port"
        text = f"engine {request.name} ({kind}) would be started on {where}"
    return Outcome(
        data={"name": request.name, "dryRun": True},
        summary=Line(Mark.INFO, f"{text}; nothing was changed"),
    )


def _say(job: Job, text: str) -> None:
    """Show progress; what a user should read in any case is a line of its own."""
    tell = job.console.info if isinstance(text, Milestone) else job.console.say
    tell(text)


def _remark(job: Job, request: EngineRequest, result: UpResult) -> None:
    """Report why this kind of engine runs, and any unexpected facts."""
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


def _warn_of_unreadable(job: Job) -> None:
    for text in records.unreadable():
        job.console.warn(text)


def _described(record: EngineRecord) -> str:
    return manager.engine_of(record).describe(record)


def _name(job: Job) -> str:
    """Return ``--name``, else the engine that this command line started, else the configured one.

    The name is checked because files are named after it.
    """
    name = job.options["name"]
    if name is None:
        return str(job.session.get("name") or job.settings.name)
    return option("--name", name, engine_name)


def _positive(value: str) -> int:
    if not re.fullmatch(r"0*[1-9][0-9]{0,5}", value):
        msg = f"must be a whole number from 1 to {MAX_LINES}"
        raise ValueError(msg)
    return int(value)


def _lower(sentence: str) -> str:
    if sentence.startswith("Docker"):
        return sentence.rstrip(".")
    return sentence[:1].lower() + sentence[1:].rstrip(".")
