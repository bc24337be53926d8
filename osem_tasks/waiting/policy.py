"""How long and how often: every interval, limit and rule of retrying in one value.

A test that must not wait replaces the policy (``using``); nothing else is patched.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Pauses(NamedTuple):
    """Pauses between tries, in seconds: they double from ``first`` to ``longest``.

    ``jitter`` takes a random share of each pause, so that two runs do not keep colliding.
    """

    first: float
    longest: float
    jitter: bool = False


POLL = Pauses(0.05, 0.5)
RETRY = Pauses(0.5, 10.0, jitter=True)
# A local engine answers within milliseconds once it is up.
ENGINE_POLL = Pauses(0.05, 0.05)


def _calls_per_second() -> dict[str, int]:
    # What AWS allows, by the API references. DescribeTable has no limit worth pacing.
    return {
        "tags": 10,
        "point_in_time_recovery": 10,
        "tag_resource": 5,
        "update_continuous_backups": 10,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The intervals and limits of all waiting; times in seconds."""

    poll: Pauses = POLL
    retry: Pauses = RETRY
    # DescribeTable is eventually consistent: a change may not be visible at once.
    visibility: float = 10.0
    # How often a lost answer is accepted in a row before it is reported.
    max_ambiguous: int = 3
    # A TLS handshake takes well under a second; 3 s leave room for one lost packet.
    connect: float = 3.0
    # DescribeTable answers in milliseconds and CreateTable within a second. With three
    # attempts, a hung endpoint is given up after some 15 s instead of botocore's 4 minutes.
    read: float = 5.0
    # How long after its deadline a task may go on until a call that does not return ends it.
    overtime: float = 10.0
    calls_per_second: Mapping[str, int] = field(default_factory=_calls_per_second)
    engine_poll: Pauses = ENGINE_POLL
    # A Docker engine that needs longer for one API call is hung, not slow.
    docker_call: float = 15.0
    # A pull tells of its progress many times a second; a registry may let it wait at first.
    docker_stream: float = 120.0
    # How long an engine may take to end by itself before it is killed.
    engine_stop: float = 5.0
    # How long a container that was created and not started is another command's work.
    container_start: float = 5.0
    # How long a command waits for another one on the same engine: longer than a pull.
    engine_lock: float = 600.0
    # After that long a wait for another command, the user is told which one it is.
    engine_lock_notice: float = 1.5


_active = Policy()


def current() -> Policy:
    """The policy in force."""
    return _active


@contextlib.contextmanager
def using(policy: Policy) -> Iterator[None]:
    """Have ``policy`` in force while the body runs, in every thread."""
    global _active  # noqa: PLW0603  the one switch
    before, _active = _active, policy
    try:
        yield
    finally:
        _active = before


# Errors that leave open whether the request was carried out.
AMBIGUOUS = (ErrorCode.NETWORK_ERROR, ErrorCode.TIMEOUT)
_QUOTA = re.compile(r"tables? per|number of tables|per (account|subscriber)|quota", re.IGNORECASE)


def is_transient(error: OsemError) -> bool:
    """Whether the same request may succeed later: throttling, limits on simultaneous work.

    DynamoDB says LimitExceededException for both those and quotas; only its words differ.
    """
    if error.code is ErrorCode.TABLE_LIMIT_EXCEEDED:
        return not _QUOTA.search(error.message)
    return error.code is ErrorCode.THROTTLED


@dataclass(slots=True)
class Tries:
    """The tries of one request: decides whether another one makes sense.

    ``ambiguous`` counts the answers that were lost in a row. A request that may not be
    repeated without looking first (``repeatable=False``) is not retried after a lost answer.
    """

    repeatable: bool = True
    ambiguous: int = 0

    def allows(self, error: OsemError) -> bool:
        """Whether to try again after ``error``, which is counted."""
        if error.code in AMBIGUOUS:
            self.ambiguous += 1
            return self.repeatable and self.ambiguous < current().max_ambiguous
        return is_transient(error)
