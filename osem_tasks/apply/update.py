"""Changes existing tables: the steps of one table in sequence, tables in parallel.

DynamoDB builds or drops one index of a table at a time and refuses other changes meanwhile,
so every step waits for the table and its indexes. An interrupted run saves no state: the
next run reads and plans again, and finds only the remaining steps.

After a failure no further step begins, with one exception: where this run has begun to replace
the indexes of a table, what it has deleted is built, whatever happened to other steps and tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.apply.read import read_tables
from osem_tasks.aws.errors import may_be_done
from osem_tasks.aws.session import PARALLEL
from osem_tasks.config.states import stuck_error
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.plan.actions import Kind
from osem_tasks.plan.calls import call_for
from osem_tasks.plan.done import is_done
from osem_tasks.waiting import policy
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.parallel import side_by_side
from osem_tasks.waiting.policy import Tries
from osem_tasks.waiting.progress import Step
from osem_tasks.waiting.wait import poll, retry, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.plan.actions import Action
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table


class Updater:
    """Runs the steps of one run on existing tables.

    ``ready`` is called, in any thread, with the name of a table once all its steps are done.
    ``seen`` holds the tables as the last reading showed them at rest, in the end after the last
    step on them; those that are known at the beginning are not read again for the first step.
    """

    def __init__(
        self,
        run: Run,
        ready: Callable[[str], None] | None = None,
        seen: Mapping[str, LiveTable] | None = None,
    ) -> None:
        self.seen = dict(seen or {})
        self._run = run
        self._ready = ready
        self._progress = Step("carrying out", unit="steps")
        self._stop = self._interrupted = False

    def apply(self, actions: Sequence[Action]) -> None:
        """Carry out every action. Raises the first OsemError once no table is still changing."""
        names = list(dict.fromkeys(action.table for action in actions))
        self._progress.total = len(actions)
        if actions:
            self._run.begin(self._progress)
        try:
            side_by_side(
                lambda name: self._change([step for step in actions if step.table == name]),
                names,
                PARALLEL,
            )
        finally:
            # So that no remaining thread begins another step after an interrupt.
            self._interrupted = True

    def _change(self, actions: Sequence[Action]) -> None:
        """Carry out the actions of one table, in order; after a failure, only what is owed."""
        failure: OsemError | None = None
        done = 0
        replaced = {_name(action) for action in actions if action.kind is Kind.CREATE_INDEX}
        begun: set[str] = set()
        for action, what in zip(actions, _labels(actions), strict=True):
            # Another removal may be what the build needs: one type per attribute of a table.
            owed = _name(action) in begun or (bool(begun) and action.kind is Kind.DELETE_INDEX)
            if self._interrupted or (self._stop and not owed):
                continue
            if action.kind is Kind.DELETE_INDEX and _name(action) in replaced:
                begun.add(_name(action))
            try:
                self._carry_out(action, what, owed=owed)
                done += 1
            except OsemError as error:
                self._stop = True
                self._run.journal.fail(action.table, error)
                failure = failure or error
        if failure:
            raise failure
        if self._ready and done == len(actions):
            self._ready(actions[0].table)

    def _carry_out(self, action: Action, what: str, *, owed: bool) -> None:
        self._run.say(what)
        change = _Change(self._run, action, what, self.seen.pop(action.table, None))
        # A failed deletion may have left the index as it was.
        build = action.kind is Kind.CREATE_INDEX
        if owed and build and self._stop and change.is_there():
            return
        done = change.carry_out()
        if change.seen:
            self.seen[action.table] = change.seen
        if done:
            self._run.journal.completed.append(action)
            self._run.completed(action)
        else:
            self._run.progress.info(f"{what}: not done, this engine has no such call")
        self._progress.advance()
        self._run.journal.uncertain.discard(action.table)


class _Change:
    """One action on one table.

    ``seen`` is the table at rest as it was last read, before the action and after it.
    """

    def __init__(self, run: Run, action: Action, what: str, seen: LiveTable | None = None) -> None:
        self.seen = seen
        self._run, self._action, self._what = run, action, what
        self._declared: Table = run.tables[action.table]
        self._answer_lost = False
        self._supported = True

    def is_there(self) -> bool:
        """Return whether the index of the action exists on the table at rest."""
        return _name(self._action) in self._ready().index_status

    def carry_out(self) -> bool:
        """Send the change, retry if useful, and wait until the change is visible.

        Returns False if the engine has no such call.
        """
        try:
            retry(self._send, self._run.deadline, self._run.say, Tries())
        except OsemError:
            # A refusal may be the trace of an earlier request whose answer was lost.
            if not (self._answer_lost and self._went_through()):
                raise
        # DescribeTable is eventually consistent: ACTIVE may be the state before the change.
        window = Deadline(policy.current().visibility)
        self.seen = wait_until(
            lambda: self._finished(window), self._run.deadline, lambda: self._what
        )
        return self._supported

    def _send(self) -> None:
        live, self.seen = self.seen or self._ready(), None
        if self._answer_lost and self._is_done():
            return
        self._check_expiry()
        index = self._action.index
        doing = f"to {self._action.kind.words}{f' {index.name}' if index else ''} on"
        call = call_for(self._action, self._declared, live)
        # Record it before sending: if the run ends now, the change may still happen.
        self._run.journal.uncertain.add(self._action.table)
        try:
            self._supported = self._run.store.update(self._action.table, doing, call)
        except OsemError as error:
            self._answer_lost = self._answer_lost or may_be_done(error)
            if not self._answer_lost:
                self._run.journal.uncertain.discard(self._action.table)
            raise

    def _check_expiry(self) -> None:
        """Raise OsemError if TTL would let items expire without permission.

        A table that this run created is empty. Any other table was empty by DynamoDB's own count,
        or another run created it since, so it may now have items. Where the time to live moves
        to another attribute, this holds before it is switched off: else it would stay off.
        """
        action, run = self._action, self._run
        moves = action.kind is Kind.DISABLE_TTL and bool(self._expiry)
        expires = (action.kind is Kind.ENABLE_TTL or moves) and not action.requires
        if (
            expires
            and action.table not in run.journal.created
            and not run.store.is_empty(action.table)
        ):
            raise OsemError(
                f"{action.table} holds items, and its time to live is "
                f"{'by another attribute' if moves else 'off'}: switching it on by "
                f"{self._expiry} would let items expire.",
                code=ErrorCode.SCHEMA_VALIDATION_FAILED,
                remediation=run.target.command("db.repair", "--dry-run"),
                table=action.table,
            )

    @property
    def _expiry(self) -> str | None:
        """The attribute of the declared time to live."""
        return self._declared.ttl.attribute if self._declared.ttl else None

    def _is_done(self) -> bool:
        """Read whether a request with a lost answer was carried out."""
        found = read_tables(self._run, [self._declared])[self._declared.name]
        return found is not None and is_done(self._action, self._declared, found)

    def _went_through(self) -> bool:
        """Return whether the change becomes visible while readings may still be behind."""
        window = self._run.deadline.within(policy.current().visibility)
        try:
            return poll(self._is_done, bool, window)
        except OsemError:
            return False

    def _finished(self, window: Deadline) -> LiveTable | None:
        live = self._ready()
        # Only index changes become visible late.
        seen = not self._action.kind.of_index or is_done(self._action, self._declared, live)
        return live if seen or window.passed else None

    def _ready(self) -> LiveTable:
        """Return the live table once it and its indexes are ACTIVE."""
        state = ""

        def ready() -> LiveTable | None:
            nonlocal state
            live = self._describe()
            if live.stuck:
                raise stuck_error(self._run.target, [live])
            if live.ready:
                return live
            state = ", ".join(live.unready).lower()
            self._run.say(f"{self._what}: {state}{self._built(live)}")
            return None

        return wait_until(ready, self._run.deadline, lambda: f"{self._what} ({state})")

    def _built(self, live: LiveTable) -> str:
        """Return how many items the index of the action holds, if DescribeTable tells."""
        count = live.index_items.get(_name(self._action), 0)
        if not count or self._action.kind is not Kind.CREATE_INDEX:
            return ""
        # The table's own count may be older than that of the index.
        return f", {count:,} of {max(count, live.items):,} items"

    def _describe(self) -> LiveTable:
        store, table = self._run.store, self._declared
        live = retry(lambda: store.describe(table), self._run.deadline, self._run.say)
        if live is None:
            raise OsemError(
                f"{table.name} is gone: something else has deleted it.",
                code=ErrorCode.TABLE_NOT_FOUND,
                remediation=f"{self._run.target.command('db.setup')}   creates it again, empty",
                table=table.name,
            )
        return live


def _name(action: Action) -> str:
    """Return the name of the action's index; empty if it has none."""
    return action.index.name if action.index else ""


def _labels(actions: Sequence[Action]) -> list[str]:
    """Return the progress text of each action; index actions are counted."""
    of_indexes = [action for action in actions if action.kind.of_index]
    return [
        f"index {of_indexes.index(action) + 1} of {len(of_indexes)} on {action}"
        if action in of_indexes
        else str(action)
        for action in actions
    ]
