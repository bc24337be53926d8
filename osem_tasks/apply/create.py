"""Creates tables despite slow creation, throttling and lost answers.

CreateTable requests are sent in order, one at a time. The waits for the tables overlap, so
that six tables take little longer than the slowest one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.apply.run import Entry
from osem_tasks.aws.errors import may_be_done
from osem_tasks.config import guards
from osem_tasks.config.states import stuck_error
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy
from osem_tasks.waiting.policy import Tries
from osem_tasks.waiting.progress import Step, a_few
from osem_tasks.waiting.wait import Backoff, poll, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from osem_tasks.apply.run import Run
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table

# Limit of requested tables that are not ready. AWS allows 250 with secondary indexes.
MAX_CREATING = 200


@dataclass(frozen=True, slots=True)
class _Requested:
    table: Table
    start: float
    entry: Entry


class Creator:
    """Sends the CreateTable requests of one run and waits for the tables.

    ``ready`` is called with the name of a table as soon as it is ready; by default, nothing is
    left to do on the table then.
    """

    def __init__(self, run: Run, ready: Callable[[str], None] | None = None) -> None:
        self._run = run
        self._ready = ready or run.finished
        self._progress = Step("creating", waits=True)
        self._queue: deque[Table] = deque()
        self._requested: dict[str, _Requested] = {}
        self._failure: OsemError | None = None
        # State of the first request in the queue: its tries, why it waits, and until when.
        self._tries = Tries()
        self._refusal: OsemError | None = None
        self._not_before = 0.0
        self._pauses = Backoff(policy.current().retry)
        # State of the reading of requested tables.
        self._polling = Backoff(policy.current().poll)
        self._readings = Tries()
        self._trouble = ""

    def create(self, missing: Iterable[Table]) -> None:
        """Create the ``missing`` tables; after a failure, wait for the accepted ones."""
        self._queue.extend(missing)
        if self._queue:
            self._count()
            self._run.begin(self._progress)
        try:
            wait_until(self._step, self._run.deadline, self._left, self._polling)
        except OsemError as error:
            raise self._failure or error from error
        if self._failure:
            raise self._failure

    def _step(self) -> bool | None:
        """Send the next request if possible and read once; True when nothing is left."""
        while self._queue and self._may_send():
            self._send()
        if self._requested:
            self._look()
        if self._queue and self._refusal and self._run.deadline.passed:
            # The reason for the wait is a better error than the timeout.
            self._run.journal.fail(self._queue[0].name, self._refusal)
            raise self._refusal
        self._count()
        self._progress.note = self._note()
        return None if self._queue or self._requested else True

    def _count(self) -> None:
        """Count what is left; after a failure, that is less than was wanted."""
        left = len(self._requested) + len(self._queue)
        self._progress.total = self._progress.done + left

    def _note(self) -> str:
        """Return what holds the run up, or else the names of the last tables."""
        if self._trouble:
            return self._trouble
        if self._queue and self._refusal:
            return _has_to_wait(self._queue[0], self._refusal)
        return a_few([*self._requested, *(table.name for table in self._queue)])

    def _finish(self, name: str) -> None:
        self._progress.advance()
        self._ready(name)

    def _left(self) -> str:
        return ", ".join([*self._requested, *(table.name for table in self._queue)])

    def _may_send(self) -> bool:
        deadline = self._run.deadline
        due = deadline.elapsed >= self._not_before and not deadline.passed
        return due and len(self._requested) < MAX_CREATING

    def _send(self) -> None:
        """Send the first request of the queue."""
        table = self._queue[0]
        self._run.say(f"creating {table.name}")
        journal, start = self._run.journal, self._run.deadline.elapsed
        # Record it before sending: after an interrupt, the table may exist.
        entry = journal.created[table.name] = Entry("REQUESTED")
        try:
            live = self._run.store.create(table)
            if live is None and not self._tries.ambiguous:
                # Another setup was faster: the table exists, but this run did not create it.
                journal.verified[table.name] = journal.created.pop(table.name)
        except OsemError as error:
            live = None
            again = self._tries.allows(error)
            if not self._exists(table, error, again=again):
                del journal.created[table.name]
                if may_be_done(error):
                    # A table that is not visible yet may still have been created.
                    journal.uncertain.add(table.name)
                self._postpone(table, error, again=again)
                return
        journal.uncertain.discard(table.name)
        self._queue.popleft()
        self._tries, self._refusal = Tries(), None
        self._pauses.reset()
        entry.status = live.status if live else "CREATING"
        entry.duration = self._run.deadline.elapsed - start
        if live is None or not live.ready:
            self._requested[table.name] = _Requested(table, start, entry)
        else:
            self._finish(table.name)
        self._check_account(live)

    def _check_account(self, live: LiveTable | None) -> None:
        """Raise OsemError if the first answer shows another account than the pinned one."""
        try:
            guards.check_tables_account(self._run.target, [live])
        except OsemError as error:
            self._failure = error
            self._queue.clear()

    def _exists(self, table: Table, error: OsemError, *, again: bool) -> bool:
        """Read whether a request with a lost answer created the table.

        Before a failure is final, wait as long as a new table may not be visible: a refusal,
        such as that of a quota, may be the trace of an earlier request.
        """
        if not (may_be_done(error) or self._tries.ambiguous):
            return False
        patience = 0.0 if again else policy.current().visibility
        window = self._run.deadline.within(patience)
        try:
            return poll(lambda: self._run.store.describe(table) is not None, bool, window)
        except OsemError:
            return False

    def _postpone(self, table: Table, error: OsemError, *, again: bool) -> None:
        """Schedule another try of the request, or raise and send no more requests."""
        if again and not self._run.deadline.passed:
            self._refusal = error
            self._run.say(_has_to_wait(table, error))
            self._not_before = self._run.deadline.elapsed + self._pauses.next()
            return
        self._fail(table.name, error)

    def _fail(self, name: str, error: OsemError) -> None:
        """Record the failure of a table, and send no more requests."""
        self._run.journal.fail(name, error)
        self._failure = self._failure or error
        self._queue.clear()

    def _look(self) -> None:
        """Read the requested tables once, and drop those that are ready."""
        try:
            tables = [requested.table for requested in self._requested.values()]
            found = self._run.store.describe_all(tables)
        except OsemError as error:
            # The tables are already accepted: one failed read does not change that.
            if not self._readings.allows(error):
                raise
            self._trouble = f"cannot read: {error.message}"
            self._run.say(self._trouble)
            return
        self._readings, self._trouble = Tries(), ""
        for name, live in found.items():
            requested = self._requested[name]
            requested.entry.duration = self._run.deadline.elapsed - requested.start
            if live is None:
                _refuse_invisible(name, requested.entry.duration)
                continue
            requested.entry.status = live.status
            if live.stuck:
                self._fail(name, stuck_error(self._run.target, [live]))
                del self._requested[name]
            elif live.ready:
                del self._requested[name]
                self._polling.reset()
                self._finish(name)


def _has_to_wait(table: Table, refusal: OsemError) -> str:
    return f"{table.name} has to wait: {refusal.message}"


def _refuse_invisible(name: str, waited: float) -> None:
    """Raise OsemError if the table is missing for too long for eventual consistency."""
    if waited > policy.current().visibility:
        raise OsemError(
            f"{name} was accepted {waited:.0f} s ago and still cannot be seen.",
            code=ErrorCode.TABLE_NOT_FOUND,
            remediation="Run the same command again: it continues.",
            table=name,
        )
