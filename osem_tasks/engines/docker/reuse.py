"""Reuses the running container without the Docker SDK, where nothing speaks against it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.engines import records
from osem_tasks.engines.base import UpResult
from osem_tasks.engines.docker import glance, reach
from osem_tasks.engines.docker.container import mismatches, started_at

if TYPE_CHECKING:
    from osem_tasks.engines.base import EngineRecord, EngineRequest


def reused(request: EngineRequest, kind: str) -> UpResult | None:
    """Return the recorded engine if it runs as requested and answers; None if it is to be looked at.

    What a user has to read, an error or a warning, is left to the SDK's way as well.
    """
    record = records.load(request.name)
    if record is None or not _may_be_reused(record, request, kind):
        return None
    seen = glance.inspected(record)
    if seen is None:
        return None
    found, attrs = seen
    if not found.belongs_to(request.name) or mismatches(found, request) or found.is_exposed:
        return None
    place = reach.answering([reach.published(found)])
    if place is None:
        return None
    again = replace(
        record,
        endpoint=place.endpoint,
        started_at=started_at(attrs),
        persist=bool(request.persist or found.persist),
        image=found.image,
        shared=found.shared,
        **request.ownership,
    )
    return UpResult(record=records.save(again), how="reused")


def _may_be_reused(record: EngineRecord, request: EngineRequest, kind: str) -> bool:
    """Return whether the record is of this kind, its start has ended, and the shell names its Docker."""
    if record.engine != kind or request.fresh or records.begun(request.name):
        return False
    here = glance.here()
    return here is not None and here.shown == record.docker_host
