"""The engine of a test run: at a given endpoint, already running, or started for the run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from osem_tasks.config.commands import pytest_command
from osem_tasks.config.local_access import SECRET_KEY
from osem_tasks.engines import host, manager, presence, probe, records, registry, strangers
from osem_tasks.engines.base import EngineRequest
from osem_tasks.engines.registry import AUTO
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.emulators import Isolation
from osem_tasks.testing.created import left_behind
from osem_tasks.testing.databases import IsolatedDatabase, Server, delete_tables
from osem_tasks.testing.trial import keys_share_tables
from osem_tasks.waiting import wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from osem_tasks.config.settings import Settings
    from osem_tasks.engines.base import EngineRecord, Say
    from osem_tasks.schema import emulators

PROBE_SECONDS = 5.0
# A CI service is started beside the tests: DynamoDB Local answers after two to five seconds.
SERVICE_SECONDS = 20.0
OPTION = "--dynamodb-endpoint"
_NAME = "osem-pytest-"


class RunRequest(EngineRequest):
    """The engine of a test run; its commands are pytest's."""

    __slots__ = ()

    def command(self, *words: str) -> str:
        """Return the pytest command that requests the same engine."""
        options = [("--dynamodb-engine", None if self.engine == AUTO else self.engine)]
        options.append(("--dynamodb-image", self.image))
        again = pytest_command(*(word for pair in options if pair[1] for word in map(str, pair)))
        if "--timeout" in words:
            again += f"   with osem.timeout: {words[words.index('--timeout') + 1]} in invoke.yaml"
        return again

    def replacing_command(self) -> str:
        """Return the same: the engine of a run is never used again."""
        return self.command()


def server_at(
    endpoint: str,
    source: str = OPTION,
    seconds: float = 0.0,
    say: Say = lambda _text: None,
    *,
    by_prefix: bool = False,
) -> Server:
    """Return the server at an endpoint that we did not start.

    ``source`` names the endpoint: an option or a variable. A server that does not respond is
    asked again for ``seconds``, and ``say`` is told so. With ``by_prefix``, databases are kept
    apart by table names. Raises OsemError.
    """
    found = probe.ask(endpoint, timeout=PROBE_SECONDS)
    known = found is not None and found is not probe.ANOTHER_SERVER
    stranger = None if known else strangers.stranger_at(endpoint)
    if found is None and seconds and (stranger is None or stranger.silent):
        say(f"waiting for {endpoint} (by {source}) for up to {seconds:g} s")
        found = wait.poll(
            lambda: probe.ask(endpoint, timeout=PROBE_SECONDS),
            lambda answer: answer is not None,
            Deadline(seconds),
        )
    if found is None or found is probe.ANOTHER_SERVER:
        raise _no_dynamodb(endpoint, source, found, stranger, seconds)
    _delete_left_behind(endpoint)
    shared = found.isolation is Isolation.ACCESS_KEY and keys_share_tables(endpoint)
    if by_prefix and found.isolation is Isolation.ACCESS_KEY and not shared:
        raise OsemError(
            f"{found.name} at {endpoint} keeps a database for every access key, so that "
            "prefixes alone do not let another key see the tables.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=f"Start it with -sharedDb, or have an engine started: {_own_engine(source)}",
        )
    separate = not (shared or by_prefix)
    return Server(endpoint, found.isolation if separate else Isolation.TABLE_PREFIX, found)


def _no_dynamodb(
    endpoint: str,
    source: str,
    found: emulators.Engine | None,
    stranger: strangers.Stranger | None,
    seconds: float,
) -> OsemError:
    other = stranger is not None and not stranger.silent
    what = probe.ANOTHER_SERVER.name if found or other else "no server"
    how = f": {stranger.words}" if stranger and other else ""
    how = how or (f" within {seconds:g} s" if seconds and not found else "")
    check = f"Use {stranger.address} there" if stranger and stranger.address else f"Check {source}"
    return OsemError(
        f"No DynamoDB at {endpoint} (by {source}): {what} responds{how}.",
        code=ErrorCode.ENGINE_NOT_RUNNING,
        remediation=f"{check}, or have an engine started: {_own_engine(source)}",
    )


def _own_engine(source: str) -> str:
    """Return how to let the run start its own engine, although ``source`` names another one."""
    if source.startswith("-"):
        return f"leave {source} out"
    return pytest_command("--dynamodb-engine", AUTO)


def _delete_left_behind(endpoint: str) -> None:
    """Delete the tables that killed runs recorded for this endpoint."""
    for created in left_behind(endpoint):
        database = IsolatedDatabase(endpoint, created.access_key, SECRET_KEY)
        for name in delete_tables(database, created.names):
            created.discard(name)


def running_server(*, by_prefix: bool = False) -> Server | None:
    """Return the engine that ``local.up`` started, if it answers; not one that a run has kept."""
    record = records.newest(lambda started: not _is_kept(started))
    if record is None or not presence.is_answering(record):
        return None
    return server_at(record.endpoint, by_prefix=by_prefix)


def start_server(
    settings: Settings,
    engine: str,
    image: str | None,
    run: str,
    owner_pid: int | None,
    *,
    by_prefix: bool = False,
) -> Server:
    """Return the engine of test run ``run``, which the first worker starts and all share.

    ``engine`` is the name of a kind or ``auto``. The engine belongs to process ``owner_pid``, or
    to nobody if it is to be kept; engines whose owner has ended are removed first. With ``by_prefix``, databases are kept
    apart by table names. Raises OsemError.
    """
    remove_abandoned()
    request = RunRequest(
        name=engine_name(run),
        default_port=0,
        default_image=settings.image,
        timeout=settings.timeout,
        engine=engine,
        image=image,
        shared=by_prefix,
        owner=None if owner_pid is None else host.owner(owner_pid),
    )
    record = manager.bring_up(request, lambda _: None).record
    answers_as = registry.kind_of(record.engine).answers_as
    isolation = Isolation.TABLE_PREFIX if by_prefix else answers_as.isolation
    return Server(record.endpoint, isolation, answers_as)


def remove_abandoned() -> None:
    """Remove the engines of killed test runs."""
    with contextlib.suppress(OsemError):  # without a state directory there are no records
        manager.remove_abandoned()


def remove_server(run: str) -> None:
    """Remove the engine of test run ``run``, if any, and its files."""
    name = engine_name(run)
    manager.take_down(name)
    records.erase(name)


def engine_name(run: str) -> str:
    """Return the name of the engine of test run ``run``, as ``local.down --name`` takes it."""
    return f"{_NAME}{run}"


def _is_kept(record: EngineRecord) -> bool:
    return record.name.startswith(_NAME)
