"""The engine of a test run: at a given endpoint, already running, or started for the run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import SECRET_KEY
from osem_tasks.engines import host, manager, probe, records, registry
from osem_tasks.engines.base import EngineRequest
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.emulators import Isolation
from osem_tasks.testing.created import left_behind
from osem_tasks.testing.databases import IsolatedDatabase, Server, delete_tables
from osem_tasks.testing.trial import keys_share_tables

if TYPE_CHECKING:
    from osem_tasks.config.settings import Settings

PROBE_SECONDS = 5.0


def server_at(endpoint: str) -> Server:
    """Return the server at an endpoint that we did not start. Raises OsemError."""
    found = probe.ask(endpoint, timeout=PROBE_SECONDS)
    if found is None or found is probe.ANOTHER_SERVER:
        what = "no server" if found is None else found.name
        raise OsemError(
            f"No DynamoDB at {endpoint}: {what} responds.",
            code=ErrorCode.ENGINE_NOT_RUNNING,
            remediation="Check --dynamodb-endpoint, or leave it out to have an engine started.",
        )
    _delete_left_behind(endpoint)
    shared = found.isolation is Isolation.ACCESS_KEY and keys_share_tables(endpoint)
    return Server(endpoint, Isolation.TABLE_PREFIX if shared else found.isolation)


def _delete_left_behind(endpoint: str) -> None:
    """Delete the tables that killed runs recorded for this endpoint."""
    for created in left_behind(endpoint):
        database = IsolatedDatabase(endpoint, created.access_key, SECRET_KEY)
        for name in delete_tables(database, created.names):
            created.discard(name)


def running_server() -> Server | None:
    """Return the engine that ``local.up`` started, if it answers."""
    record = records.newest()
    return server_at(record.endpoint) if record and manager.is_answering(record) else None


def start_server(
    settings: Settings, engine: str, image: str | None, run: str, owner_pid: int
) -> Server:
    """Return the engine of test run ``run``, which the first worker starts and all share.

    ``engine`` is the name of a kind or ``auto``. The engine belongs to process ``owner_pid``;
    engines whose owner has ended are removed first. Raises OsemError.
    """
    remove_abandoned()
    request = EngineRequest(
        name=_engine_name(run),
        default_port=0,
        default_image=settings.image,
        timeout=settings.timeout,
        engine=engine,
        image=image,
        shared=False,
        owner=host.owner(owner_pid),
    )
    record = manager.bring_up(request, lambda _: None).record
    return Server(record.endpoint, registry.kind_of(record.engine).answers_as.isolation)


def remove_abandoned() -> None:
    """Remove the engines of killed test runs."""
    with contextlib.suppress(OsemError):  # without a state directory there are no records
        manager.remove_abandoned()


def remove_server(run: str) -> None:
    """Remove the engine of test run ``run``, if any, and its files."""
    name = _engine_name(run)
    manager.take_down(name)
    records.erase(name)


def _engine_name(run: str) -> str:
    return f"osem-pytest-{run}"
