"""The ``local`` tasks: the engine on this machine."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import ACCESS_KEY, DEFAULT_REGION, SECRET_KEY
from osem_tasks.config.settings import engine_name, option, port_number, seconds
from osem_tasks.engines import manager
from osem_tasks.engines import records as state
from osem_tasks.engines.base import EngineRequest
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.tasks.command import command
from osem_tasks.tasks.job import NOT_STARTED, Job
from osem_tasks.tasks.options import OUTPUT_OPTIONS

if TYPE_CHECKING:
    from osem_tasks.engines.base import EngineRecord

NAME = "Name of the engine, and of its container; default: osem-dynamodb-local."
UP_HELP = {
    "engine": "auto (default), docker or moto.",
    "port": "Port on 127.0.0.1 (default 8000); 0 takes any free one.",
    "name": NAME,
    "image": "Image of DynamoDB Local to run.",
    "persist": "Keep the data in a named volume.",
    "isolated": "Keep a database for each access key and region, for tests.",
    "fresh": "Begin empty: replace a running engine and drop its data.",
    "timeout": "Seconds to wait for the first answer (default 60).",
}


@command(OUTPUT_OPTIONS, texts=UP_HELP)
def up(
    job: Job,
    *,
    engine: str | None = None,
    port: str | None = None,
    name: str | None = None,
    image: str | None = None,
    persist: bool = False,
    isolated: bool = False,
    fresh: bool = False,
    timeout: str | None = None,
) -> Outcome:
    """Start a local DynamoDB, or find the one that runs, and wait until it answers.

    Example: inv local.up db.setup db.verify
    """
    choice, request = _request(
        job,
        engine=engine,
        port=port,
        name=name,
        image=image,
        timeout=timeout,
        persist=persist,
        isolated=isolated,
        fresh=fresh,
    )
    if job.dry:
        return _dry_up(job, choice, request)
    begin = time.monotonic()
    with job.console.working(f"starting engine {request.name}"):
        raised, why = manager.bring_up(choice, request, job.console.say)
    record = raised.record
    job.remember("endpoint", record.endpoint)
    job.location["endpoint"] = record.endpoint
    if why:
        # An image that could not be had is worth a warning, an absent Docker is not.
        tell = job.console.warn if record.engine == "moto" and "Image" in why else job.console.info
        tell(f"Engine: {record.engine}, because {_lower(why)}")
    if raised.note:
        job.console.warn(raised.note)
    if record.image and record.image != (request.image or request.default_image):
        job.console.warn(
            f"It runs {record.image}, configured is {request.default_image}; "
            "replace it: inv local.up --fresh"
        )
    took = time.monotonic() - begin
    return Outcome(
        data={**record.as_json(), "how": raised.how, "reason": why},
        summary=Line(
            Mark.DONE,
            f"{_described(record)} ready at {record.endpoint} ({raised.how} in {took:.2f} s)",
        ),
    )


@command(
    OUTPUT_OPTIONS, texts={"name": NAME, "volumes": "Also remove the data that --persist kept."}
)
def down(job: Job, name: str | None = None, volumes: bool = False) -> Outcome:
    """Stop and remove what local.up started; nothing else is ever touched.

    Example: inv local.down --volumes
    """
    chosen = _name(job, name)
    if job.dry:
        record = state.load(chosen)
        what = _described(record) if record else "nothing"
        return Outcome(summary=Line(Mark.INFO, f"{what} would be stopped; nothing was changed"))
    with job.console.working(f"stopping engine {chosen}"):
        removed = manager.take_down(chosen, drop_data=volumes)
    what = ", ".join(removed)
    return Outcome(
        data={"name": chosen, "removed": removed},
        summary=Line(Mark.DONE, f"{what} removed" if removed else f"{chosen}: nothing to stop"),
    )


@command(OUTPUT_OPTIONS, texts={"name": NAME})
def status(job: Job, name: str | None = None) -> Outcome:
    """Show whether the engine runs, where, and since when.

    Example: inv local.status --json
    """
    chosen = _name(job, name)
    record = state.load(chosen)
    if record is None:
        return Outcome(
            data={"name": chosen, "running": False},
            summary=Line(Mark.INFO, f"{chosen} is not running   (start it: inv local.up)"),
        )
    job.location["endpoint"] = record.endpoint
    running = manager.answering(record)
    text = f"{_described(record)} at {record.endpoint}, since {record.started_at}"
    if record.image:
        text += f", image {record.image}"
    summary = (
        Line(Mark.DONE, f"running: {text}")
        if running
        else Line(Mark.WARNING, f"not answering: {text}   (mend it: inv local.up)")
    )
    return Outcome(data={**record.as_json(), "running": running}, summary=summary)


@command(OUTPUT_OPTIONS, texts={"name": NAME, "lines": "How many lines (default 100)."})
def logs(job: Job, name: str | None = None, lines: str = "100") -> Outcome:
    """Show the engine's own log.

    Example: inv local.logs --lines 20
    """
    count = option("--lines", lines, _positive)
    record = _known(job, name)
    text = list(manager.engine_of(record).logs(record.name, count))
    return Outcome(
        data={"name": record.name, "lines": text},
        lines=[Line(Mark.PLAIN, each) for each in text],
    )


@command(OUTPUT_OPTIONS, texts={"name": NAME})
def env(job: Job, name: str | None = None) -> Outcome:
    """Print export lines, so that the AWS CLI and an application find the engine.

    Example: eval "$(inv local.env)"
    """
    record = _known(job, name)
    variables = {
        "AWS_ENDPOINT_URL_DYNAMODB": record.endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": DEFAULT_REGION,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
    }
    return Outcome(
        data={"variables": variables},
        lines=[
            Line(Mark.PLAIN, f"export {key}={shlex.quote(value)}")
            for key, value in variables.items()
        ],
    )


def _request(
    job: Job,
    *,
    engine: str | None,
    port: str | None,
    name: str | None,
    image: str | None,
    timeout: str | None,
    persist: bool,
    isolated: bool,
    fresh: bool,
) -> tuple[str, EngineRequest]:
    settings = job.settings
    choice = engine or settings.engine
    if choice not in manager.CHOICES:
        raise ConfigurationError(
            [f"--engine must be one of {', '.join(manager.CHOICES)}, not {choice!r}"],
            remediation="inv local.up --engine auto",
        )
    request = EngineRequest(
        name=_name(job, name),
        default_port=settings.port,
        default_image=settings.image,
        timeout=settings.timeout if timeout is None else option("--timeout", timeout, seconds),
        port=None if port is None else option("--port", port, port_number),
        image=image,
        # Not asked is not the same as asked not to: a kept volume stays in use.
        persist=True if persist else None,
        shared=not isolated,
        fresh=fresh,
    )
    return choice, request


def _dry_up(job: Job, choice: str, request: EngineRequest) -> Outcome:
    record = state.load(request.name)
    if record and manager.answering(record) and not request.fresh:
        text = f"{_described(record)} runs at {record.endpoint} and would be reused"
    else:
        chosen = manager.choose(choice, request)
        job.remember(NOT_STARTED, request.name)
        port = request.default_port if request.port is None else request.port
        where = f"port {port}" if port else "a free port"
        text = f"engine {request.name} ({chosen.engine.kind}) would be started on {where}"
    return Outcome(
        data={"name": request.name, "dryRun": True},
        summary=Line(Mark.INFO, f"{text}; nothing was changed"),
    )


def _known(job: Job, name: str | None) -> EngineRecord:
    chosen = _name(job, name)
    record = state.load(chosen)
    if record is None:
        raise OsemError(
            f"Engine '{chosen}' is not running.",
            code=ErrorCode.ENGINE_NOT_RUNNING,
            remediation="inv local.up",
        )
    job.location["endpoint"] = record.endpoint
    return record


def _described(record: EngineRecord) -> str:
    if record.container:
        return f"DynamoDB Local in container {record.name}"
    return f"moto in process {record.pid}"


def _name(job: Job, name: str | None) -> str:
    """``--name``, checked because it also names files, else the configured one."""
    return job.settings.name if name is None else option("--name", name, engine_name)


def _positive(value: str) -> int:
    if not value.isdigit() or int(value) == 0:
        msg = "must be a whole number greater than 0"
        raise ValueError(msg)
    return int(value)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")
