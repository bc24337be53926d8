"""The kinds of engine: which one ``local.up`` would take, and what each of them says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.engines import manager, presence, settings
from osem_tasks.engines.registry import AUTO
from osem_tasks.errors import ErrorCode
from osem_tasks.findings import Finding, Status, failed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from osem_tasks.doctor.situation import Situation

NAME = "engine"


def chosen(requested: str, running: str | None, found: Mapping[str, Sequence[Finding]]) -> str:
    """Return the kind of engine that ``local.up`` takes; empty if none can run here.

    ``found`` maps the kinds, in the order of ``auto``, to their findings; the first finding says
    whether the kind can run. ``running`` is the kind of a process that runs under the name.
    """
    if requested != AUTO:
        return requested
    if running:
        return running
    return next((kind for kind, findings in found.items() if _works(findings)), "")


def judged(
    kind: str, taken: str, first: str, findings: Sequence[Finding], *, reused: bool = False
) -> list[Finding]:
    """Return the findings of ``kind`` as they concern the main job, which takes the kind ``taken``.

    Only that one can stop it, unless a running engine of it is ``reused``: that needs no program
    to start. If ``taken`` is not the ``first`` choice, that is a warning; that a third kind cannot
    run is a mere fact.
    """
    if not taken or (kind == taken and not reused):
        return list(findings)
    worst = Status.WARNING if kind in (first, taken) else Status.INFO
    return [
        replace(finding, status=worst) if _is_worse(finding.status, worst) else finding
        for finding in findings
    ]


def conflict(situation: Situation) -> Iterator[Finding]:
    """Yield the failures that the request does not suit the engine that runs, or any here."""
    running, request = situation.running, situation.request
    if running and request.engine not in (AUTO, running.engine):
        yield failed(
            NAME,
            f"engine '{request.name}' runs as {running.engine} at {running.endpoint}, and "
            f"{request.engine} is requested",
            request.replacing_command(),
            ErrorCode.ENGINE_UNAVAILABLE,
        )
    elif refused := manager.not_persisting(request):
        yield Finding.of_error(NAME, refused)
    elif running:
        # The port is a check of its own.
        engine = presence.engine_of(running)
        if differing := engine.differing(running, replace(request, port=None)):
            yield Finding.of_error(NAME, settings.runs_otherwise(request, differing))


def _works(findings: Sequence[Finding]) -> bool:
    return bool(findings) and findings[0].status is not Status.FAILED


def _is_worse(status: Status, worst: Status) -> bool:
    order = list(Status)
    return order.index(status) > order.index(worst)
