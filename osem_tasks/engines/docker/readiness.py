"""Wait until a container answers, and report why it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osem_tasks.engines.base import EngineFailureError, Waiting
from osem_tasks.engines.docker import reach
from osem_tasks.engines.docker.container import Snapshot
from osem_tasks.engines.docker.product import DOCKER, Product
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import interrupts, policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker.models.containers import Container

    from osem_tasks.engines.base import Say

LOG_LINES = 12
# The exit code of a process that SIGKILL ended.
KILLED = 137
MEMORY = (
    "Give {name} more memory; it has: {memory}, and the containers use: {cli} stats --no-stream"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedies:
    """The remedies for a container that ended and for one that is too slow.

    ``product`` says whose engine runs the container.
    """

    ended: str
    slow: str
    product: Product = DOCKER


def wait_until_ready(
    container: Container, timeout: float, remedies: Remedies, say: Say
) -> reach.Place:
    """Wait at most ``timeout`` seconds until DynamoDB Local answers in a started container.

    The container is as it was found, or reloaded since it was started. Returns where it answers.
    Raises OsemError with the end of the container's log: ENGINE_UNAVAILABLE if it has ended,
    TIMEOUT if it does not answer in time.
    """
    if Snapshot.of(container.attrs).port is None:
        # A container without a published port has already ended.
        raise _ended(container, remedies)
    say(Waiting(f"waiting for an answer at {Snapshot.of(container.attrs).endpoint}"))
    local_only = Deadline(policy.current().elsewhere)
    inspected = Deadline(0.0)

    def place() -> reach.Place | None:
        nonlocal inspected
        published = [reach.published(Snapshot.of(container.attrs))]
        if found := reach.answering(published, policy.current().first_answer):
            return found
        # Check this first: the same Ctrl-C may end the engine, which is not a failure.
        interrupts.check()
        if not inspected.passed:
            return None
        inspected = Deadline(policy.current().inspect)
        container.reload()
        if container.status not in ("running", "created", "restarting"):
            raise _ended(container, remedies)
        snapshot = Snapshot.of(container.attrs)
        others = reach.own_addresses(snapshot)
        if local_only.passed:
            others += reach.host_addresses(snapshot)
        # The engine may have become ready between the two questions.
        found = reach.answering(others)
        return (reach.answering(published) or found) if found else None

    backoff = wait.Backoff(policy.current().engine_poll)
    found = wait.poll(place, lambda found: found is not None, Deadline(timeout), backoff)
    if found is None:
        raise _too_slow(container, timeout, remedies)
    return found


def _too_slow(container: Container, timeout: float, remedies: Remedies) -> OsemError:
    what = f"did not answer within {timeout:g} s"
    why = reach.unreachable(Snapshot.of(container.attrs), product=remedies.product)
    what += f". {why}" if why else ""
    # An engine of another kind can be reached.
    kind = EngineFailureError if why else OsemError
    return _not_ready(container, what, ErrorCode.TIMEOUT, remedies.slow, kind)


def ending(state: Mapping[str, Any], product: Product = DOCKER) -> str:
    """Return how a container ended, by its state in the engine's answer; empty if it runs."""
    status, code = state.get("Status"), state.get("ExitCode")
    if status in ("running", "created", "restarting", "paused"):
        return ""
    what = f"ended ({status}{f', code {code}' if code else ''})"
    if state.get("OOMKilled"):
        return f"{what}: {product.name} had no memory left for it"
    return f"{what}: it was killed, most often because memory ran out" if code == KILLED else what


def _ended(container: Container, remedies: Remedies) -> OsemError:
    remedy, state = remedies.ended, container.attrs["State"]
    what = ending(state, remedies.product) or f"ended ({container.status})"
    if state.get("OOMKilled") or state.get("ExitCode") == KILLED:
        remedy = f"{remedies.product.fill(MEMORY)}   {remedy}"
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
