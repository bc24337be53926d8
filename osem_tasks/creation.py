"""Creating tables on a control plane that is slow, throttles, and loses answers.

CreateTable requests go out in order, one at a time; the waiting for all of them overlaps,
so that six tables take little more than the slowest one.
"""

from __future__ import annotations

import re
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from osem_tasks.clock import Backoff
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.journal import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from osem_tasks.clock import Deadline
    from osem_tasks.run import Run
    from osem_tasks.schema.model import Table

T = TypeVar("T")
# Tables asked for and not yet ready. AWS allows 250 with secondary indexes at a time.
MAX_CREATING = 200
# DescribeTable is eventually consistent: a table just asked for may not be seen yet.
UNSEEN_SECONDS = 10.0
# Faults that leave open whether the request went through, and how often in a row they
# are borne before they are the answer.
LOSING = (ErrorCode.NETWORK_ERROR, ErrorCode.TIMEOUT)
MAX_LOST = 3
QUOTA = re.compile(r"tables? per|number of tables|per (account|subscriber)|quota", re.IGNORECASE)
POLL = (0.1, 0.5)
RETRY = (0.5, 10.0)


@dataclass(frozen=True, slots=True)
class _Pending:
    table: Table
    begin: float
    entry: Entry


class Creation:
    """One run of CreateTable requests and of the waiting for them."""

    def __init__(self, run: Run) -> None:
        self._store, self._journal = run.store, run.journal
        self._deadline, self._say = run.deadline, run.say
        self._pending: dict[str, _Pending] = {}
        self._failure: OsemError | None = None
        self._lost = 0  # tries of the first request in the queue whose answer was lost
        self._refusal: OsemError | None = None  # why the first request has to wait
        self._blind = 0  # readings in a row that failed

    def run(self, missing: Iterable[Table]) -> None:
        """Create every table of ``missing``; after a failure, wait for what was accepted."""
        try:
            self._run(missing)
        except OsemError as error:
            raise self._failure or error from error
        if self._failure:
            raise self._failure

    def _run(self, missing: Iterable[Table]) -> None:
        queue = deque(missing)
        backoff = Backoff(*RETRY, jitter=True)
        polling = Backoff(*POLL)
        not_before = 0.0
        while queue or self._pending:
            now = time.monotonic()
            if queue and len(self._pending) < MAX_CREATING and now >= not_before:
                pause = self._send(queue, backoff)
                not_before = now + pause
                if not pause:
                    continue
            if self._pending:
                self._poll(polling)
            pause = polling.pause(self._deadline)
            self._check(queue)
            time.sleep(min(pause, max(0.0, not_before - time.monotonic())) if queue else pause)

    def _send(self, queue: deque[Table], backoff: Backoff) -> float:
        """Send the next request; how long to wait before another try, 0 when it is done."""
        table = queue[0]
        self._say(f"creating {table.name}")
        begin = time.monotonic()
        # Noted before it is sent: after an interrupt in between, the table may exist.
        entry = self._journal.created[table.name] = Entry("REQUESTED")
        try:
            live = self._store.create(table)
            if live is None and not self._lost:
                # Another setup was quicker: the table is there, but it is not ours.
                self._journal.verified[table.name] = self._journal.created.pop(table.name)
        except OsemError as error:
            live = None
            if not self._arrived(table, error):
                del self._journal.created[table.name]
                return self._later(queue, error, backoff)
        queue.popleft()
        self._lost, self._refusal = 0, None
        backoff.reset()
        entry.status = live.status if live else "CREATING"
        entry.duration = time.monotonic() - begin
        if live is None or not live.ready:
            self._pending[table.name] = _Pending(table, begin, entry)
        return 0.0

    def _arrived(self, table: Table, error: OsemError) -> bool:
        """Whether a request whose answer was lost went through: told by reading."""
        if error.code not in LOSING:
            return False
        self._lost += 1
        try:
            return self._store.glance(table) is not None
        except OsemError:
            return False

    def _later(self, queue: deque[Table], error: OsemError, backoff: Backoff) -> float:
        """Seconds until the same request is tried again, or 0 after giving up."""
        name = queue[0].name
        again = passing(error) or (error.code in LOSING and self._lost < MAX_LOST)
        if again and self._deadline.left > 0:
            self._refusal = error
            self._say(f"{name} has to wait: {error.message}")
            return backoff.pause(self._deadline)
        self._journal.fail(name, error)
        self._failure = error
        queue.clear()
        return 0.0

    def _poll(self, polling: Backoff) -> None:
        tables = [each.table for each in self._pending.values()]
        try:
            found = self._store.glance_all(tables)
        except OsemError as error:
            # The tables are accepted; one reading that fails does not unmake them.
            self._blind += 1
            if not passing(error) and (error.code not in LOSING or self._blind >= MAX_LOST):
                raise
            self._say(f"cannot read: {error.message}")
            return
        self._blind = 0
        for name, live in found.items():
            begin, entry = self._pending[name].begin, self._pending[name].entry
            entry.duration = time.monotonic() - begin
            if live is None:
                self._unseen(name, entry.duration)
                continue
            entry.status = live.status
            if live.ready:
                del self._pending[name]
                polling.reset()
        if self._pending:
            self._say(f"waiting for {', '.join(self._pending)}")

    def _unseen(self, name: str, waited: float) -> None:
        if waited > UNSEEN_SECONDS:
            raise OsemError(
                f"{name} was accepted {waited:.0f} s ago and still cannot be seen.",
                code=ErrorCode.TABLE_NOT_FOUND,
                remediation="Run the same command again; it carries on.",
                table=name,
            )

    def _check(self, queue: deque[Table]) -> None:
        if queue and self._refusal and self._deadline.left <= 0:
            # What it has been waiting for says more than that it has been waiting.
            self._journal.fail(queue[0].name, self._refusal)
            raise self._refusal
        left = [*self._pending, *(each.name for each in queue)]
        if left:
            self._deadline.check(", ".join(left))


def passing(error: OsemError) -> bool:
    """Whether trying again later can help: throttling, and limits on simultaneous work.

    DynamoDB says LimitExceededException for both those and quotas; only its words differ.
    """
    if error.code is ErrorCode.TABLE_LIMIT_EXCEEDED:
        return not QUOTA.search(error.message)
    return error.code is ErrorCode.THROTTLED


def patient(read: Callable[[], T], deadline: Deadline, say: Callable[[str], None]) -> T:
    """What ``read`` gives, tried again up to the deadline while AWS throttles it."""
    backoff = Backoff(*RETRY, jitter=True)
    while True:
        try:
            return read()
        except OsemError as error:
            if not passing(error) or deadline.left <= 0:
                raise
            say(f"reading has to wait: {error.message}")
            time.sleep(backoff.pause(deadline))
