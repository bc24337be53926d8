"""All intervals, limits and retry rules, in one value.

A test that must not wait replaces the policy (``using``) and patches nothing else.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Pauses(NamedTuple):
    """Pauses between tries, in seconds: they double from ``first`` to ``longest``.

    ``jitter`` randomizes each pause, so that two runs do not keep colliding.
    """

    first: float
    longest: float
    jitter: bool = False


POLL = Pauses(0.05, 0.5)
# For the tables beside the one that is polled, until it is known how long it took.
GLANCE = Pauses(1.0, 4.0)
RETRY = Pauses(0.5, 10.0, jitter=True)
# A local engine answers within milliseconds once it is up.
ENGINE_POLL = Pauses(0.01, 0.03)


def _calls_per_second() -> dict[str, int]:
    # AWS's limits from the API references. The other calls share 2500 a second, which is too much
    # to matter; UpdateContinuousBackups has no limit of its own.
    return {
        "tags": 10,
        "point_in_time_recovery": 10,
        "tag_resource": 5,
        "describe_backup": 10,
        "list_backups": 5,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All wait intervals and limits; times in seconds."""

    poll: Pauses = POLL
    glance: Pauses = GLANCE
    retry: Pauses = RETRY
    # DescribeTable is eventually consistent: a change may not be visible at once.
    visibility: float = 10.0
    # How long a limit is waited for whose wording does not tell whether it passes.
    unknown_limit: float = 60.0
    # How many lost answers in a row are accepted before an error is raised.
    max_ambiguous: int = 3
    # A TLS handshake takes well under a second; 3 s leave room for one lost packet.
    connect: float = 3.0
    # DescribeTable answers in milliseconds and CreateTable within a second. With three
    # attempts, a hung endpoint fails after about 15 s instead of botocore's 4 minutes.
    read: float = 5.0
    # A page of 1 MB, or a batch of 25 large items, takes longer than a description.
    items_read: float = 30.0
    # How often a load records how far it is: so much work a killed one repeats.
    load_record: float = 1.0
    # How long after the deadline a call that does not return may run before it is ended.
    overtime: float = 10.0
    calls_per_second: Mapping[str, int] = field(default_factory=_calls_per_second)
    engine_poll: Pauses = ENGINE_POLL
    # A Docker engine that needs longer for one API call hangs.
    docker_call: float = 15.0
    # A pull reports progress many times a second, but a registry may be slow to start.
    docker_stream: float = 120.0
    # A program that only prints its version answers at once; one that needs longer hangs.
    version_call: float = 15.0
    # How long an engine may take to stop before it is killed.
    engine_stop: float = 5.0
    # How long a created container that is not started counts as another command's work.
    container_start: float = 5.0
    # How long a command waits for another one on the same engine: longer than a pull takes.
    engine_lock: float = 600.0
    # How long a named server may take to start: a closed port must fail soon on a developer's
    # machine; a CI service needs 2 to 20 s.
    service: float = 3.0
    service_in_ci: float = 20.0
    # A container that starts answers within this time; then it is looked for elsewhere too.
    elsewhere: float = 8.0
    # An interpreter tells within 0.1 s which packages it has.
    program: float = 10.0
    # An address that leads nowhere must not hold up the wait for an engine.
    reach: float = 0.5
    # The first answer of a starting engine takes longer than any other: its code is compiled then.
    first_answer: float = 2.0
    # How often a container that does not answer yet is looked at: has it ended?
    inspect: float = 0.25
    # How long the log of an engine that ended is followed on, if another one takes its place:
    # until its start is recorded, and until it has started.
    replacement: float = 2.0
    replacement_start: float = 60.0
    # An installation of a program with npm, over a slow network.
    npm_install: float = 300.0
    # How often progress is told where no spinner shows it, in a pipe or in CI.
    progress: float = 15.0
    # After this wait for another command, the user sees which command it is.
    engine_lock_notice: float = 1.5


_active = Policy()


def current() -> Policy:
    """Return the active policy."""
    return _active


@contextlib.contextmanager
def using(policy: Policy) -> Iterator[None]:
    """Activate ``policy`` while the body runs, in all threads."""
    global _active  # noqa: PLW0603  the one switch
    before, _active = _active, policy
    try:
        yield
    finally:
        _active = before


# Errors that do not show whether the request was carried out.
AMBIGUOUS = (ErrorCode.NETWORK_ERROR, ErrorCode.TIMEOUT)


def is_transient(error: OsemError) -> bool:
    """Return whether the same request may succeed within minutes: throttling, or others' work.

    An unknown limit may; ``Tries`` bounds how long it is tried.
    """
    if error.code is ErrorCode.TABLE_LIMIT_EXCEEDED:
        from osem_tasks.waiting.limits import Limit, limit_of

        return limit_of(error) in (Limit.WORK, Limit.UNKNOWN)
    return error.code is ErrorCode.THROTTLED


def _is_unclear(error: OsemError) -> bool:
    """Return whether a limit is exceeded of which nobody knows when it ends."""
    from osem_tasks.waiting.limits import Limit, limit_of

    return error.code is ErrorCode.TABLE_LIMIT_EXCEEDED and limit_of(error) is Limit.UNKNOWN


@dataclass(slots=True)
class Tries:
    """The tries of one request; decides whether to try again.

    ``ambiguous`` counts consecutive lost answers. A request that must not be repeated without
    a read first (``repeatable=False``) is not retried after a lost answer. A refusal in words
    that nobody knows is retried for a limited time, which begins at ``unclear_since``.
    """

    repeatable: bool = True
    ambiguous: int = 0
    unclear_since: float | None = None

    def allows(self, error: OsemError) -> bool:
        """Return whether to try again after ``error``, and count it."""
        if error.code in AMBIGUOUS:
            self.ambiguous += 1
            return self.repeatable and self.ambiguous < current().max_ambiguous
        if not _is_unclear(error):
            self.unclear_since = None
            return is_transient(error)
        if self.unclear_since is None:
            self.unclear_since = clock.now()
        return clock.now() - self.unclear_since <= current().unknown_limit
