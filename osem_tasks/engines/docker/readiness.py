"""Wait until a container answers, and report why it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.engines import probe
from osem_tasks.engines.base import EngineFailureError
from osem_tasks.engines.docker.container import Snapshot
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import emulators

if TYPE_CHECKING:
    from docker.models.containers import Container

    from osem_tasks.engines.base import Say

LOG_LINES = 12
# The exit code of a process that SIGKILL ended.
KILLED = 137
MEMORY = (
    "Give Docker more memory; it has: docker info --format '{{.MemTotal}}', and the containers "
    "use: docker stats --no-stream"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedies:
    """The remedies for a container that ended and for one that is too slow."""

    ended: str
    slow: str


def wait_until_ready(container: Container, timeout: float, remedies: Remedies, say: Say) -> None:
    """Wait at most ``timeout`` seconds until DynamoDB Local answers in a started container.

    Raises OsemError with the end of the container's log: ENGINE_UNAVAILABLE if it has ended,
    TIMEOUT if it does not answer in time.
    """

    def check_alive() -> None:
        container.reload()
        if container.status not in ("running", "created", "restarting"):
            raise _ended(container, remedies.ended)

    container.reload()
    snapshot = Snapshot.of(container.attrs)
    if snapshot.port is None:
        # A container without a published port has already ended.
        raise _ended(container, remedies.ended)
    say(f"waiting for an answer at {snapshot.endpoint}")
    if not probe.wait_for(snapshot.endpoint, emulators.DYNAMODB_LOCAL, timeout, check_alive):
        what = f"did not answer within {timeout:g} s"
        raise _not_ready(container, what, ErrorCode.TIMEOUT, remedies.slow)


def _ended(container: Container, remedy: str) -> OsemError:
    state = container.attrs["State"]
    code = state.get("ExitCode")
    what = f"ended ({container.status}{f', code {code}' if code else ''})"
    if state.get("OOMKilled") or code == KILLED:
        what += (
            ": Docker had no memory left for it"
            if state.get("OOMKilled")
            else ": it was killed, most often because memory ran out"
        )
        remedy = f"{MEMORY}   {remedy}"
    return _not_ready(container, what, ErrorCode.ENGINE_UNAVAILABLE, remedy, EngineFailureError)


def _not_ready(
    container: Container,
    what: str,
    code: ErrorCode,
    remedy: str,
    kind: type[OsemError] = OsemError,
) -> OsemError:
    log = container.logs(tail=LOG_LINES).decode(errors="replace").strip()
    shown = "\n".join(f"  {line}" for line in log.splitlines()) or "  (it is empty)"
    return kind(
        f"Container {container.name} {what}. Its log ends:\n{shown}", code=code, remediation=remedy
    )
