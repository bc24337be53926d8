"""What every local engine takes and gives: values, and the interface of a kind of engine."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from osem_tasks.config.commands import engine_command
from osem_tasks.errors import OsemError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Say = Callable[[str], None]

# Requests the first kind of engine that works.
AUTO = "auto"


class EngineFailureError(OsemError):
    """What should run an engine, such as Docker, is absent or broken: another kind may work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """What ``local.up`` requests. ``None`` means: not requested, a running engine may have any.

    ``engine`` is a kind's name, or ``auto``. ``timeout`` (seconds) bounds the wait for the
    first answer; ``default_port`` and ``default_image`` apply when a new engine is started
    and no other was requested. An engine that is not ``shared`` keeps a database for every
    access key and region (DynamoDB Local). An engine with an ``owner`` may be removed once
    that process has ended. ``lock_timeout`` (seconds) bounds the wait for another command on
    the same engine; ``None``: as long as a pull may take.
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
    # Not a property of the engine: two requests may differ in it and mean the same engine.
    lock_timeout: float | None = field(default=None, compare=False)

    @property
    def ownership(self) -> dict[str, Any]:
        """The owner as a record keeps it."""
        owner = self.owner
        if owner is None:
            return {}
        identity = {"owner_identity": owner.identity} if owner.identity else {}
        return {"owner_pid": owner.pid, "owner_started": owner.started, **identity}

    def command(self, *words: str) -> str:
        """The ``local.up`` that requests the same engine, with ``words`` at its end."""
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
        """The commands that stop the engine and start it as requested.

        Unlike ``--fresh`` they keep the data that is in a volume.
        """
        return f"{engine_command('local.down', self.name)} && {self.command()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process for whose lifetime an engine was started.

    ``started`` is in seconds since the epoch; ``identity`` (see ``host.process_identity``)
    makes the pid unique, whatever happens to the wall clock.
    """

    pid: int
    started: float
    identity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRecord:
    """A running engine as later commands know it: a claim, to be checked before it is used.

    ``process_identity`` makes ``pid`` unmistakable: a pid alone is reused by the system.
    Records of earlier versions have ``process_started`` (seconds since the epoch) instead.
    ``container`` is the id of a container in the Docker engine at ``docker_host``.
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

    def as_json(self) -> dict[str, Any]:
        """What ``local.status --json`` shows."""
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
        """The record as the state file keeps it."""
        return asdict(self)


class EngineState(Enum):
    """How a recorded engine is found; the value says it in words."""

    RUNNING = "running"
    SILENT = "not responding"
    REPLACED = "not running, and another server answers at its port"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A start that has begun, recorded before anything exists: a kill leaves nothing unknown.

    ``attempt`` labels the container that the start makes in the Docker engine at
    ``docker_host``. ``started_at`` is a time in ISO 8601.
    """

    engine: str
    name: str
    started_at: str
    attempt: str | None = None
    docker_host: str | None = None
    owner_pid: int | None = None
    owner_started: float | None = None
    owner_identity: str | None = None

    def as_state(self) -> dict[str, Any]:
        """The intent as its file keeps it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpResult:
    """What ``up`` came to: the engine, and whether it was ``started`` or ``reused``.

    ``note`` is a remark that deserves a warning. ``reason`` says why this kind of engine was
    chosen; it is empty when the kind was named. It is a ``fallback`` where a preferred kind
    was there and could not start.
    """

    record: EngineRecord
    how: str
    note: str = ""
    reason: str = ""
    fallback: bool = False


class Engine(Protocol):
    """One kind of local engine, at no cost until it is used. Every method may raise OsemError.

    An engine that ``persists`` can keep its data in a volume that outlives it.
    """

    kind: str
    persists: bool

    def check(self) -> str:
        """What there is to run it, in words. Raises OsemError where it cannot run here."""

    def describe(self, record: EngineRecord) -> str:
        """The engine of ``record`` in a few words: what it is, and in what it runs."""

    def is_running(self, record: EngineRecord) -> bool:
        """Whether the very engine of ``record`` runs, not only something at its endpoint."""

    def up(self, request: EngineRequest, say: Say) -> UpResult:
        """Start the engine or find the running one, and wait until it answers."""

    def down(self, name: str, *, drop_data: bool) -> list[str]:
        """Stop and remove what ``up`` started under ``name``; what was removed, in words."""

    def logs(self, name: str, lines: int) -> Iterator[str]:
        """The last ``lines`` lines of the engine's log."""
