"""The task ``local.admin``: a data browser on a local engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from osem_tasks.config.settings import option
from osem_tasks.config.values import port_number, seconds
from osem_tasks.engines import presence, service
from osem_tasks.engines.admin import record
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.tasks import chosen
from osem_tasks.tasks.chosen import OPTIONS
from osem_tasks.tasks.command import command
from osem_tasks.waiting import clock
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from osem_tasks.engines.admin.browser import BrowserRequest
    from osem_tasks.tasks.job import Job

TO_LOOK = (
    "The browser is for looking at data: an item that is saved in it gets lists in place of its "
    "sets, and its long numbers rounded."
)


@command(
    OPTIONS,
    texts={
        "port": "Port on 127.0.0.1; default 8001, or a free one if that is taken; 0 picks one.",
        "endpoint": "Endpoint of a DynamoDB that runs already; default: the engine's.",
        "image": f"Image of the browser for an engine in a container (default {record.IMAGE}).",
        "timeout": "Maximum seconds to wait for the first page (default 60).",
    },
)
def admin(
    job: Job,
    port: str | None = None,
    endpoint: str | None = None,
    image: str | None = None,
    timeout: str | None = None,
) -> Outcome:
    """Open a data browser (dynamodb-admin) on the engine, on this machine only.

    It runs until local.down.

    Example: inv local.up db.setup local.admin
    """
    from osem_tasks.engines.admin import browser

    request = _request(job, port, endpoint, image, timeout)
    if job.dry:
        return _dry(request)
    if request.engine is None:  # otherwise the browser would show that error, and no table
        deadline = Deadline(request.timeout)
        service.wait_for(request.endpoint, deadline, job.console.info, os.environ)
    begin = clock.now()
    with job.console.working("starting the data browser"):
        result = browser.up(request, job.console.say)
    if result.note:
        job.console.warn(result.note)
    job.console.info(TO_LOOK)
    took = f"{result.how} in {clock.now() - begin:.2f} s"
    text = f"dynamodb-admin shows the tables of {request.endpoint} at {result.record.url} ({took})"
    return Outcome(
        data={**result.record.as_json(), "how": result.how},
        summary=Line(Mark.DONE, text),
        changed=result.how == "started",
    )


def _request(
    job: Job, port: str | None, endpoint: str | None, image: str | None, timeout: str | None
) -> BrowserRequest:
    from osem_tasks.engines.admin.browser import BrowserRequest

    wanted = None if port is None else option("--port", port, port_number)
    patience = None if timeout is None else option("--timeout", timeout, seconds)
    engine = None
    if endpoint:
        place, name = chosen.checked_endpoint(job, endpoint), chosen.selection(job).name
    else:
        engine = chosen.recorded(job, "local.admin")
        presence.refuse_stranger(engine)
        place, name = engine.endpoint, engine.name
    return BrowserRequest(
        name=name,
        endpoint=place,
        image=image or record.IMAGE,
        timeout=patience or job.settings.timeout,
        engine=engine,
        port=wanted,
    )


def _dry(request: BrowserRequest) -> Outcome:
    running = record.load(request.name)
    what = f"reused at {running.url}" if running else f"started on {request.endpoint}"
    return Outcome(
        data={"name": request.name, "dryRun": True},
        summary=Line(Mark.INFO, f"the data browser would be {what}; nothing was changed"),
    )
