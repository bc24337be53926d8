"""A DynamoDB that somebody else runs, such as a CI service: wait while it starts, and offer it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from osem_tasks.config.commands import command
from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import probe, strangers
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import clock, policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.engines.base import Say

PROBE_SECONDS = 1.0
_FALSE = ("", "0", "false", "no", "off")


class Answer(Enum):
    """What a request to a server comes to."""

    SOME = "an answer"
    NONE = "no connection"
    LATE = "a connection and no answer"


def is_ci(variables: Mapping[str, str]) -> bool:
    """Return whether the variables are those of a CI job, in which services start beside it."""
    return variables.get("CI", "").strip().lower() not in _FALSE


def patience(variables: Mapping[str, str]) -> float:
    """Return how long to wait for a service, in seconds: longer in a CI job."""
    limits = policy.current()
    return limits.service_in_ci if is_ci(variables) else limits.service


def wait_for(endpoint: str, deadline: Deadline, say: Say, variables: Mapping[str, str]) -> None:
    """Wait until something answers at ``endpoint``, where a server may be just starting.

    ``say`` is told once, before the wait. A server that accepts a connection and does not
    answer is not waited for: it hangs, which is not an error here. Only in a CI job, and once
    the wait has begun, it counts as starting: Docker accepts connections for a container that
    does not listen yet. Raises OsemError (ENGINE_NOT_RUNNING) if every connection is refused.
    """
    if urlsplit(endpoint).scheme != "http":
        return
    first = _ask(endpoint)
    if first is Answer.SOME or (first is Answer.LATE and not is_ci(variables)):
        return
    seconds = min(patience(variables), deadline.left)
    say(f"Nothing answers at {endpoint} yet; waiting up to {seconds:.0f} s for it to start.")
    answer = wait.poll(lambda: _ask(endpoint), lambda got: got is Answer.SOME, Deadline(seconds))
    if answer is Answer.NONE:
        raise OsemError(
            f"No local DynamoDB answers at {endpoint}, after {seconds:.0f} s.",
            code=ErrorCode.ENGINE_NOT_RUNNING,
            remediation=(
                f"Start that server   or use an engine of your own: {command('local.up')}, and "
                "name no endpoint"
            ),
            details={"endpoint": endpoint},
        )


def _ask(endpoint: str) -> Answer:
    begin = clock.now()
    if probe.ask(endpoint, PROBE_SECONDS) is not None:
        return Answer.SOME
    # A refusal takes no time.
    if clock.now() - begin >= PROBE_SECONDS:
        return Answer.LATE
    # What speaks another protocol is up, and no wait makes a DynamoDB of it.
    return Answer.SOME if strangers.stranger_at(endpoint, PROBE_SECONDS) else Answer.NONE


def offered(error: OsemError) -> OsemError:
    """Return a PORT_IN_USE error that offers the DynamoDB which answers at the port, if any.

    One that was started just before, as by ``docker run``, may need a moment until it answers.
    """
    if error.code is not ErrorCode.PORT_IN_USE or not error.details.get("port"):
        return error
    endpoint = f"http://{LOOPBACK}:{error.details['port']}"
    found = wait.poll(
        lambda: probe.ask(endpoint, PROBE_SECONDS),
        lambda engine: engine is not None,
        Deadline(policy.current().service),
    )
    if found is None or found is probe.ANOTHER_SERVER:
        return error
    setup = command("db.setup", "--endpoint", endpoint)
    export = command("local.env", "--endpoint", endpoint)
    error.message += f" {found.name} answers there."
    error.details["endpoint"] = endpoint
    error.remediation = f'Use it: {setup}   and: eval "$({export})"   or: {error.remediation}'
    return error
