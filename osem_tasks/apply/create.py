"""Creates tables: requests them in the model's order, and waits for all of them together.

So sixty tables take little longer than the slowest one. After a failure the accepted ones are
still waited for.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from osem_tasks.apply.awaited import Awaited, Requested
from osem_tasks.apply.request import Requests, Wanted
from osem_tasks.config.states import stuck_error
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy
from osem_tasks.waiting.policy import Tries
from osem_tasks.waiting.progress import Step, a_few
from osem_tasks.waiting.wait import Timed, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from osem_tasks.apply.run import Run
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table

# Limit of requested tables that are not ready. AWS allows 250 with secondary indexes.
MAX_CREATING = 200


class Creator:
    """Sends the CreateTable requests of one run and waits for the tables.

    ``ready`` is called with the name of a table as soon as it is ready; by default, nothing is
    left to do on the table then. ``seen`` holds the tables as the last reading showed them ready.
    A ``proven`` server is known to accept the requests and to answer with what it keeps: they are
    sent side by side from the first one, and an answer counts as a reading.
    """

    def __init__(
        self, run: Run, ready: Callable[[str], None] | None = None, *, proven: bool = False
    ) -> None:
        self.seen: dict[str, LiveTable] = {}
        self._run = run
        self._ready = ready or run.finished
        self._progress = Step("creating", waits=True)
        self._proven = proven
        self._requests = Requests(run, self._accepted, proven=proven)
        self._awaited = Awaited()
        # State of the reading of requested tables.
        self._readings = Tries()
        self._trouble = ""

    def create(self, missing: Iterable[Table]) -> None:
        """Create the ``missing`` tables; after a failure, wait for the accepted ones."""
        self._requests.add(missing)
        if self._requests.queue:
            self._count()
            self._run.begin(self._progress)
        try:
            wait_until(self._step, self._run.deadline, self._left, Timed(self._pause))
        except OsemError as error:
            raise self._requests.failure or error from error
        finally:
            self._run.journal.sort()
        if self._requests.failure:
            raise self._requests.failure

    def _step(self) -> bool | None:
        """Send the requests that may go out and read once; True when nothing is left."""
        queue = self._requests.queue
        self._requests.send(lambda: MAX_CREATING - len(self._awaited))
        self._look()
        if queue and queue[0].refusal and self._run.deadline.passed:
            # The reason for the wait is a better error than the timeout.
            self._run.journal.fail(queue[0].name, queue[0].refusal)
            raise queue[0].refusal
        self._count()
        self._progress.note = self._note()
        return None if queue or self._awaited else True

    def _count(self) -> None:
        """Count what is left; after a failure, that is less than was wanted."""
        left = len(self._awaited) + len(self._requests.queue)
        self._progress.total = self._progress.done + left

    def _note(self) -> str:
        """Return what holds the run up, or else the names of the last tables."""
        queue = self._requests.queue
        return self._trouble or (queue[0].waits if queue else "") or a_few(self._names())

    def _pause(self) -> float:
        """Return the seconds until the next look or request."""
        now, next_try = self._run.deadline.elapsed, self._requests.next_try
        if len(self._awaited) >= MAX_CREATING:
            next_try = math.inf  # it waits for room: for a look
        return min(self._awaited.next_look, next_try) - now

    def _left(self) -> str:
        return ", ".join(self._names())

    def _names(self) -> list[str]:
        return [*self._awaited, *(wanted.name for wanted in self._requests.queue)]

    def _accepted(self, wanted: Wanted, live: LiveTable | None) -> None:
        if live and live.ready:
            self.seen.update({wanted.name: live} if self._proven else {})
            self._finish(wanted.name)
            return
        journal, name = self._run.journal, wanted.name
        entry = journal.created.get(name) or journal.verified[name]
        self._awaited.add(Requested(wanted.table, wanted.start, entry))

    def _finish(self, name: str) -> None:
        self._progress.advance()
        self._ready(name)

    def _look(self) -> None:
        """Read the tables that may be ready once, and drop those that are."""
        now = self._run.deadline.elapsed
        due = self._awaited.due(now)
        try:
            found = self._run.store.describe_all(due)
        except OsemError as error:
            for table in due:
                self._awaited.postpone(table.name, now)
            # The tables are already accepted: one failed read does not change that.
            if not self._readings.allows(error):
                raise
            self._trouble = f"cannot read: {error.message}"
            self._run.say(self._trouble)
            return
        self._readings, self._trouble = Tries(), ""
        for name, live in found.items():
            self._take(name, live, now)

    def _take(self, name: str, live: LiveTable | None, now: float) -> None:
        """Take note of a look at ``now`` at a requested table."""
        requested = self._awaited[name]
        requested.entry.duration = self._run.deadline.elapsed - requested.start
        if live is None:
            _refuse_invisible(name, requested.entry.duration)
            self._awaited.postpone(name, now)
            return
        requested.entry.status = live.status
        if live.stuck:
            self._awaited.remove(name)
            self._requests.fail(name, stuck_error(self._run.target, [live]))
        elif live.ready:
            self._awaited.ready(name)
            self.seen[name] = live
            self._finish(name)
        else:
            self._awaited.postpone(name, now)


def _refuse_invisible(name: str, waited: float) -> None:
    """Raise OsemError if the table is missing for too long for eventual consistency."""
    if waited > policy.current().visibility:
        raise OsemError(
            f"{name} was accepted {waited:.0f} s ago and still cannot be seen.",
            code=ErrorCode.TABLE_NOT_FOUND,
            remediation="Run the same command again: it continues.",
            table=name,
        )
