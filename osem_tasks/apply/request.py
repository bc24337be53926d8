"""Sends CreateTable requests, despite throttling and lost answers.

They go out in the model's order, the first ones one at a time: what a policy or a quota refuses,
it mostly refuses at once. Then some go out side by side, until one of them is refused. After a
failure none is sent.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osem_tasks.apply.run import Entry
from osem_tasks.aws.errors import may_be_done
from osem_tasks.aws.session import PARALLEL
from osem_tasks.config import guards
from osem_tasks.errors import OsemError
from osem_tasks.waiting import policy
from osem_tasks.waiting.parallel import side_by_side
from osem_tasks.waiting.policy import Tries
from osem_tasks.waiting.wait import Backoff, poll

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from osem_tasks.apply.run import Run
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table

# How many requests in a row are accepted before some are sent side by side.
PROVEN = 10


@dataclass(slots=True)
class Wanted:
    """A table to create: when it was last requested, in seconds of the run, and why in vain."""

    table: Table
    start: float = 0.0
    tries: Tries = field(default_factory=Tries)
    refusal: OsemError | None = None

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.table.name

    @property
    def waits(self) -> str:
        """Why the table has to wait; empty if it does not."""
        return f"{self.name} has to wait: {self.refusal.message}" if self.refusal else ""


class Requests:
    """The CreateTable requests of one run.

    ``accept`` is called for each accepted one, with the table as the answer shows it, or None.
    With ``proven``, requests go out side by side from the first one. ``failure`` is the first.
    """

    def __init__(
        self, run: Run, accept: Callable[[Wanted, LiveTable | None], None], *, proven: bool
    ) -> None:
        self.queue: deque[Wanted] = deque()
        self.failure: OsemError | None = None
        self._run, self._accept = run, accept
        self._accepted = PROVEN if proven else 0
        # After a refusal that passes: how long nothing is sent, and until when.
        self._pauses = Backoff(policy.current().retry)
        self._not_before = 0.0

    @property
    def next_try(self) -> float:
        """When refused requests go out again, in seconds of the run; infinite without any."""
        return self._not_before if self.queue and self.queue[0].refusal else math.inf

    def add(self, tables: Iterable[Table]) -> None:
        """Add tables to those that are to be requested, in order."""
        self.queue.extend(Wanted(table) for table in tables)

    def send(self, room: Callable[[], int]) -> None:
        """Send the requests that may go out now; ``room`` tells how many more may be under way."""
        deadline = self._run.deadline
        while self.queue and deadline.elapsed >= self._not_before and not deadline.passed:
            at_once = min(room(), PARALLEL if self._accepted >= PROVEN else 1)
            if at_once <= 0:
                return
            self._send_some(min(at_once, len(self.queue)))

    def fail(self, name: str, error: OsemError) -> None:
        """Record the failure of a table, and send no more requests."""
        self._run.journal.fail(name, error)
        self._stop(error)

    def _stop(self, error: OsemError) -> None:
        self.failure = self.failure or error
        self.queue.clear()

    def _send_some(self, count: int) -> None:
        """Send the first ``count`` requests of the queue."""
        some = [self.queue.popleft() for _ in range(count)]
        self._run.say(f"creating {', '.join(wanted.name for wanted in some)}")
        for wanted in some:
            wanted.start = self._run.deadline.elapsed
            # Record it before sending: after an interrupt, the table may exist.
            self._run.journal.created[wanted.name] = Entry("REQUESTED")
        answers = side_by_side(self._request, some, PARALLEL)
        refused = [
            wanted
            for wanted, answer in zip(some, answers, strict=True)
            if not self._is_accepted(wanted, answer)
        ]
        if refused and not self.failure:
            # They keep their places, and go out one at a time.
            self.queue.extendleft(reversed(refused))
            self._not_before = self._run.deadline.elapsed + self._pauses.next()
            self._accepted = 0

    def _request(self, wanted: Wanted) -> LiveTable | OsemError | None:
        try:
            return self._run.store.create(wanted.table)
        except OsemError as error:
            return error

    def _is_accepted(self, wanted: Wanted, answer: LiveTable | OsemError | None) -> bool:
        """Record the outcome of a request; False if it is to be sent again or has failed."""
        journal, name, live = self._run.journal, wanted.name, None
        entry = journal.created[name]
        if isinstance(answer, OsemError):
            again = wanted.tries.allows(answer)
            if not self._exists(wanted, answer, again=again):
                del journal.created[name]
                if may_be_done(answer):
                    # A table that is not visible yet may still have been created.
                    journal.uncertain.add(name)
                self._refuse(wanted, answer, again=again)
                return False
        else:
            live = answer
            if live is None and not wanted.tries.ambiguous:
                # Another setup was faster: the table exists, but this run did not create it.
                journal.verified[name] = journal.created.pop(name)
        journal.uncertain.discard(name)
        self._accepted += 1
        self._pauses.reset()
        entry.status = live.status if live else "CREATING"
        entry.duration = self._run.deadline.elapsed - wanted.start
        self._accept(wanted, live)
        self._check_account(live)
        return True

    def _check_account(self, live: LiveTable | None) -> None:
        """Stop if the answer shows another account than the pinned one."""
        try:
            guards.check_tables_account(self._run.target, [live])
        except OsemError as error:
            self._stop(error)

    def _exists(self, wanted: Wanted, error: OsemError, *, again: bool) -> bool:
        """Read whether a request with a lost answer created the table.

        Before a failure is final, wait as long as a new table may not be visible: a refusal,
        such as that of a quota, may be the trace of an earlier request.
        """
        if not (may_be_done(error) or wanted.tries.ambiguous):
            return False
        store, patience = self._run.store, 0.0 if again else policy.current().visibility
        window = self._run.deadline.within(patience)
        try:
            return poll(lambda: store.describe(wanted.table) is not None, bool, window)
        except OsemError:
            return False

    def _refuse(self, wanted: Wanted, error: OsemError, *, again: bool) -> None:
        """Note why a request has to be sent again, or that it failed for good."""
        if not again or self._run.deadline.passed:
            self.fail(wanted.name, error)
        elif not self.failure:
            wanted.refusal = error
            self._run.say(wanted.waits)
