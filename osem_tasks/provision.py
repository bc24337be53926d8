"""Carries out ``db.setup``: create in order, wait side by side, complete, read again.

Nothing here can delete a table; the store that it is given has no such method.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osem_tasks.clock import Backoff
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import plan
from osem_tasks.schema.diff import TableDiff, compare
from osem_tasks.schema.plan import Action, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from osem_tasks.aws.store import TableStore
    from osem_tasks.clock import Deadline
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table, TableSet

    Say = Callable[[str], None]

# Tables asked for and not yet ready. AWS allows more today; this was its documented
# limit for years and no wait is longer for it.
MAX_CREATING = 50
# DescribeTable is eventually consistent: a table just asked for may not be seen yet.
UNSEEN_SECONDS = 10.0
POLL = (0.1, 2.0)
RETRY = (0.5, 10.0)


@dataclass(slots=True)
class Entry:
    """What became of one table; ``duration`` in seconds from the first call for it."""

    status: str
    duration: float = 0.0
    error: OsemError | None = None


@dataclass(slots=True)
class Journal:
    """The account of a run, kept up to date so that it is exact also after an interrupt."""

    names: tuple[str, ...]
    created: dict[str, Entry] = field(default_factory=dict)
    verified: dict[str, Entry] = field(default_factory=dict)
    failed: dict[str, Entry] = field(default_factory=dict)
    completed: list[Action] = field(default_factory=list)

    @property
    def not_attempted(self) -> tuple[str, ...]:
        """The tables for which nothing was sent, in order."""
        done = {*self.created, *self.verified, *self.failed}
        return tuple(each for each in self.names if each not in done)

    @property
    def changed(self) -> bool:
        """Whether anything was created or altered."""
        return bool(self.created or self.completed)

    def fail(self, name: str, error: OsemError) -> None:
        """Record that ``name`` failed; one that was created stays in ``created``."""
        if name not in self.created:
            self.failed[name] = Entry("FAILED", error=error)


def inspect(store: TableStore, tables: TableSet) -> list[TableDiff]:
    """Compare every declared table with the live one."""
    found = store.read_all(tables)
    return [compare(each, found[each.name]) for each in tables]


def settled(store: TableStore, tables: TableSet, deadline: Deadline, say: Say) -> list[TableDiff]:
    """Like ``inspect``, after waiting for tables that something else is changing.

    A table that is being deleted is waited out: it is missing afterwards.
    """
    found = store.read_all(tables)
    backoff = Backoff(*POLL)
    while moving := [each for each in tables if (live := found[each.name]) and not live.ready]:
        names = ", ".join(each.name for each in moving)
        deadline.check(names)
        say(f"waiting for {names}: {_states(found, moving)}")
        time.sleep(backoff.pause(deadline))
        found.update(store.read_all(moving))
    return [compare(each, found[each.name]) for each in tables]


def setup(
    store: TableStore, tables: TableSet, journal: Journal, deadline: Deadline, say: Say
) -> None:
    """Create what is missing and verify what exists, writing ``journal`` as it goes.

    Everything is read before anything is sent: drift stops the run while nothing has
    changed. Raises OsemError for the first failure.
    """
    begin = time.monotonic()
    say(f"reading {len(tables)} tables")
    diffs = settled(store, tables, deadline, say)
    _stop_on_drift(diffs, journal)
    steps = plan.setup_plan(tables, diffs)
    reading = time.monotonic() - begin
    for diff in diffs:
        if diff.exists:
            journal.verified[diff.name] = Entry(diff.status, reading)
    missing = [tables[each.table] for each in steps if each.kind is Kind.CREATE_TABLE]
    _Creation(store, journal, deadline, say).run(missing)
    for step in steps:
        if step.kind is not Kind.CREATE_TABLE:
            _complete(store, tables[step.table], step, journal, say)
    if steps:
        touched = {each.table for each in steps}
        _confirm(store, [each for each in tables if each.name in touched], deadline, say)


@dataclass(frozen=True, slots=True)
class _Pending:
    table: Table
    begin: float
    entry: Entry


class _Creation:
    """CreateTable in order, one at a time; the waiting for all of them overlaps."""

    def __init__(self, store: TableStore, journal: Journal, deadline: Deadline, say: Say) -> None:
        self._store, self._journal, self._deadline, self._say = store, journal, deadline, say
        self._pending: dict[str, _Pending] = {}
        self._failure: OsemError | None = None

    def run(self, missing: Iterable[Table]) -> None:
        """Create every table of ``missing``; after a failure, wait for what was accepted."""
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
        if self._failure:
            raise self._failure

    def _send(self, queue: deque[Table], backoff: Backoff) -> float:
        """Send the next request; how long to wait before another try, 0 when it is done."""
        table = queue[0]
        self._say(f"creating {table.name}")
        begin = time.monotonic()
        journal = self._journal.created
        try:
            live = self._store.create(table)
            if live is None:  # another setup was quicker: the table is there, but not ours
                journal = self._journal.verified
        except OsemError as error:
            if _passing(error) and self._deadline.left > 0:
                self._say(f"{table.name} has to wait: {error.message}")
                return backoff.pause(self._deadline)
            if error.code in (ErrorCode.NETWORK_ERROR, ErrorCode.TIMEOUT) and self._arrived(table):
                live = None
            else:
                self._journal.fail(table.name, error)
                self._failure = error
                queue.clear()
                return 0.0
        queue.popleft()
        backoff.reset()
        entry = Entry(live.status if live else "CREATING", time.monotonic() - begin)
        journal[table.name] = entry
        if live is None or not live.ready:
            self._pending[table.name] = _Pending(table, begin, entry)
        return 0.0

    def _arrived(self, table: Table) -> bool:
        """Whether a request whose answer was lost went through: told by reading."""
        try:
            return self._store.read(table) is not None
        except OsemError:
            return False

    def _poll(self, polling: Backoff) -> None:
        tables = [each.table for each in self._pending.values()]
        for name, live in self._store.read_all(tables).items():
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
        left = [*self._pending, *(each.name for each in queue)]
        if left:
            self._deadline.check(", ".join(left))


def _passing(error: OsemError) -> bool:
    """Whether trying again later can help: throttling, and limits on simultaneous work."""
    if error.code is ErrorCode.THROTTLED:
        return True
    return error.code is ErrorCode.TABLE_LIMIT_EXCEEDED and "simultaneous" in error.message.lower()


def _stop_on_drift(diffs: list[TableDiff], journal: Journal) -> None:
    drifted = plan.drift(diffs)
    if not drifted:
        return
    for diff in diffs:
        if diff.exists and diff not in drifted:
            journal.verified[diff.name] = Entry(diff.status)
    for diff in drifted:
        journal.fail(diff.name, drift_error([diff]))
    raise drift_error(list(drifted))


def drift_error(drifted: list[TableDiff]) -> OsemError:
    """The error for existing tables that differ from the model; carries the issues."""
    count = sum(len(each.issues) for each in drifted)
    names = ", ".join(each.name for each in drifted)
    verb = "differs" if len(drifted) == 1 else "differ"
    return OsemError(
        f"{names} {verb} from the model in {count} {'fact' if count == 1 else 'facts'}.",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation="inv db.verify   shows each difference and what mends it",
        table=drifted[0].name if len(drifted) == 1 else None,
        details={
            "issues": [
                {"tableName": each.name, "type": i.issue.value, "path": i.path}
                for each in drifted
                for i in each.issues
            ]
        },
    )


def _complete(store: TableStore, table: Table, step: Action, journal: Journal, say: Say) -> None:
    say(f"{table.name}: {step.kind.value.replace('_', ' ')}")
    try:
        if step.kind is Kind.ENABLE_TTL:
            store.enable_ttl(table.name, step.target)
        else:
            store.enable_point_in_time_recovery(table.name)
    except OsemError as error:
        journal.fail(table.name, error)
        raise
    journal.completed.append(step)


def _confirm(store: TableStore, left: list[Table], deadline: Deadline, say: Say) -> None:
    """Read everything that was touched again; it must be as declared.

    Tags and backups are eventually consistent on AWS, hence the second looks.
    """
    backoff = Backoff(*POLL)
    begin = time.monotonic()
    while True:
        say(f"verifying {len(left)} tables")
        found = store.read_all(left)
        wrong = [diff for each in left if (diff := compare(each, found[each.name])).issues]
        if not wrong:
            return
        if time.monotonic() - begin > UNSEEN_SECONDS or deadline.left <= 0:
            raise drift_error(wrong)
        names = {each.name for each in wrong}
        left = [each for each in left if each.name in names]
        time.sleep(backoff.pause(deadline))


def _states(found: dict[str, LiveTable | None], moving: list[Table]) -> str:
    states = set()
    for each in moving:
        live = found[each.name]
        if live:
            states |= {live.status, *live.index_status.values()} - {"ACTIVE"}
    return ", ".join(sorted(states))
