"""The interface of local engines, and the values that they take and return."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from osem_tasks.config.commands import engine_command
from osem_tasks.engines.registry import AUTO
from osem_tasks.errors import OsemError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from osem_tasks.findings import Finding

    Say = Callable[[str], None]


class Milestone(str):
    """Progress that a user should also read where no spinner shows it, as in a pipe."""

    __slots__ = ()


class Waiting(str):
    """Progress after which the command only waits for the engine."""

    __slots__ = ()


class EngineFailureError(OsemError):
    """Docker or another engine runtime is absent or broken; another kind of engine may work."""


class NotInstalledError(EngineFailureError):
    """The program of a kind of engine is not installed: no reason to report it for ``auto``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """The engine that ``local.up`` requests. ``None`` in a field accepts any running engine.

    ``engine`` is the name of a kind, or ``auto``. ``timeout`` (seconds) limits the wait for
    the first answer. ``default_port`` and ``default_image`` apply when a new engine starts
    and no port or image was requested. An engine that is not ``shared`` keeps one database
    per access key and region (DynamoDB Local). An engine with an ``owner`` may be removed
    when that process has ended. ``lock_timeout`` (seconds) limits the wait for another
    command on the same engine; ``None`` waits as long as a pull may take. ``project`` is the
    folder from which the engine is started.
    """

    name: str
    default_port: int
    default_image: str
    timeout: float
    engine: str = AUTO
    port: int | None = None
    image: str | None = None
    persist: bool | None = None
    fresh: bool = False
    shared: bool = True
    owner: Owner | None = None
    # Not compared: requests for the same engine may have different lock timeouts, and come from
    # different folders.
    lock_timeout: float | None = field(default=None, compare=False)
    project: str | None = field(default=None, compare=False)

    @property
    def wanted_port(self) -> int:
        """The port at which a new engine starts; 0 for any free one."""
        return self.default_port if self.port is None else self.port

    @property
    def ownership(self) -> dict[str, Any]:
        """The owner and the project as fields of a record."""
        owner, project = self.owner, {"project": self.project} if self.project else {}
        if owner is None:
            return project
        identity = {"owner_identity": owner.identity} if owner.identity else {}
        return {"owner_pid": owner.pid, "owner_started": owner.started, **identity, **project}

    def command(self, *words: str) -> str:
        """Return the ``local.up`` command for the same request, with ``words`` appended."""
        options = {
            "--engine": None if self.engine == AUTO else self.engine,
            "--port": self.port,
            "--image": self.image,
        }
        flags = {"--persist": self.persist, "--isolated": not self.shared, "--fresh": self.fresh}
        return engine_command(
            "local.up",
            self.name,
            *(
                word
                for option, value in options.items()
                if value is not None
                for word in (option, str(value))
            ),
            *(flag for flag, is_set in flags.items() if is_set),
            *words,
        )

    def replacing_command(self) -> str:
        """Return the commands that stop the engine and start it as requested.

        Unlike ``--fresh``, they keep the data in a volume.
        """
        return f"{engine_command('local.down', self.name)} && {self.command()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process that an engine was started for.

    ``started`` is in seconds since the epoch. ``identity`` (see ``host.process_identity``)
    identifies the process even if its pid is reused or the wall clock changes.
    """

    pid: int
    started: float
    identity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRecord:
    """The record of a running engine: a claim that must be checked before use.

    ``process_identity`` makes ``pid`` unique, because the system reuses pids.
    Records of earlier versions have ``process_started`` (seconds since the epoch) instead.
    ``container`` is the id of a container in the Docker engine at ``docker_host``.
    ``project`` is the folder from which the engine was started.
    """

    engine: str
    name: str
    endpoint: str
    started_at: str
    used_at: float
    persist: bool = False
    image: str | None = None
    container: str | None = None
    pid: int | None = None
    process_started: float | None = None
    log: str | None = None
    shared: bool = True
    owner_pid: int | None = None
    owner_started: float | None = None
    owner_identity: str | None = None
    process_identity: str | None = None
    docker_host: str | None = None
    project: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields that ``local.status --json`` shows."""
        return {
            "engine": self.engine,
            "name": self.name,
            "endpoint": self.endpoint,
            "startedAt": self.started_at,
            "persist": self.persist,
            "image": self.image,
            "container": self.container,
            "pid": self.pid,
            "log": self.log,
        }

    def as_state(self) -> dict[str, Any]:
        """Return the record as the content of its state file."""
        return asdict(self)


class EngineState(Enum):
    """The state of a recorded engine; the value is text for people."""

    RUNNING = "running"
    SILENT = "not responding"
    UNKNOWN = "responding, but it cannot be checked"
    REPLACED = "not running, and another server answers at its port"

    @property
    def runs(self) -> bool:
        """Whether an engine answers, even if it cannot be checked that it is the recorded one."""
        return self in (EngineState.RUNNING, EngineState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The start of an engine, recorded first so that a killed start can be cleaned up.

    ``attempt`` is the label of the container that the start creates in the Docker engine
    at ``docker_host``. ``started_at`` is a time in ISO 8601.
    """

    engine: str
    name: str
    started_at: str
    attempt: str | None = None
    docker_host: str | None = None
    owner_pid: int | None = None
    owner_started: float | None = None
    owner_identity: str | None = None
    project: str | None = None

    def as_state(self) -> dict[str, Any]:
        """Return the intent as the content of its state file."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpResult:
    """The result of ``up``: the engine, and whether it was ``started`` or ``reused``.

    ``note`` is shown as a warning. ``reason`` says why this kind of engine was chosen; it is
    empty when the request named the kind. The engine is a ``fallback`` if a preferred kind
    was available but could not start. ``weakness`` is set where ``auto`` ended at an engine that
    lets pass what AWS refuses; it says that, and how to get a stricter one.
    """

    record: EngineRecord
    how: str
    note: str = ""
    reason: str = ""
    fallback: bool = False
    weakness: str = ""


class Engine(Protocol):
    """One kind of local engine; creating one costs nothing. Every method may raise OsemError.

    An engine that ``persists`` can keep its data in a volume after it is removed; one that does
    not says in ``forgets`` how it loses them.
    """

    kind: str
    persists: bool
    forgets: str = "keeps its data in memory only"

    def check(self) -> str:
        """Describe the runtime of the engine. Raises OsemError if it cannot run here."""

    def findings(self, request: EngineRequest) -> Iterator[Finding]:  # noqa: ARG002  for overriding
        """Yield what there is to say about this kind for ``request``; nothing is changed.

        The first finding says whether the kind can run here; a kind that knows who holds the
        port says so under the name ``port``.
        """
        from osem_tasks.findings import fine

        yield fine(self.kind, self.check())

    def prepare(self, request: EngineRequest, say: Say) -> None:  # noqa: ARG002  for overriding
        """Get what a start needs, before another engine is stopped for it. Raises OsemError."""
        return

    def describe(self, record: EngineRecord) -> str:
        """Describe the engine of ``record`` briefly: its product, and its container or process."""

    def is_running(self, record: EngineRecord) -> bool:
        """Return whether exactly the engine of ``record`` runs, not another one at its endpoint."""

    def differing(self, running: EngineRecord, request: EngineRequest) -> list[str]:  # noqa: ARG002  for overriding
        """Describe how a running engine differs from the explicitly requested settings."""
        return []

    def why_ended(self, record: EngineRecord) -> str:  # noqa: ARG002  for overriding
        """Return a sentence about how the engine of ``record`` ended; empty if it is unknown."""
        return ""

    def reused(self, request: EngineRequest) -> UpResult | None:  # noqa: ARG002  for overriding
        """Return the engine that runs as requested, if one look shows that; None for ``up``.

        A look changes nothing but the time of the record, and takes no lock.
        """
        return None

    def up(self, request: EngineRequest, say: Say) -> UpResult:
        """Start the engine or reuse the running one, and wait until it answers."""

    def down(self, name: str, *, drop_data: bool) -> list[str]:
        """Stop and remove what ``up`` started under ``name``; return descriptions of it."""

    def logs(self, name: str, lines: int) -> Iterator[str]:
        """Yield the last ``lines`` lines of the engine's log."""

    def follow(self, record: EngineRecord, lines: int) -> Iterator[str]:
        """Yield the last ``lines`` lines of the log, then those that come, until the engine ends."""
        yield from self.logs(record.name, lines)
