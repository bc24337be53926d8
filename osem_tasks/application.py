"""Applies planned steps to existing tables: one at a time on a table, tables side by side.

DynamoDB builds or drops one index of a table at a time and refuses changes meanwhile;
after each step the table and its indexes are waited for. A run that is interrupted needs
no memory: the next one reads, plans anew, and finds only what is left.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from osem_tasks.aws.client import PARALLEL
from osem_tasks.aws.parallel import side_by_side
from osem_tasks.clock import Backoff
from osem_tasks.creation import LOSING, MAX_LOST, POLL, RETRY, UNSEEN_SECONDS, passing, patient
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.changes import call_for
from osem_tasks.schema.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.run import Run
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table
    from osem_tasks.schema.plan import Action


_OF_INDEXES = (Kind.CREATE_INDEX, Kind.DELETE_INDEX)


class Application:
    """The steps of one run, carried out."""

    def __init__(self, run: Run) -> None:
        self._store, self._tables, self._journal = run.store, run.tables, run.journal
        self._deadline, self._narrator = run.deadline, run.narrator
        self._say = run.say
        self._stop = False

    def run(self, steps: Sequence[Action]) -> None:
        """Carry out every step. Raises the first OsemError after all tables have come to rest."""
        names = list(dict.fromkeys(each.table for each in steps))
        try:
            side_by_side(
                lambda name: self._run_table([each for each in steps if each.table == name]),
                names,
                PARALLEL,
            )
        finally:
            # After an interrupt too: no thread that is left begins another step.
            self._stop = True

    def _run_table(self, steps: Sequence[Action]) -> None:
        builds = [each for each in steps if each.kind in _OF_INDEXES]
        for step in steps:
            if self._stop:
                return
            what = f"{step.table}: {step.kind.words} {step.target}"
            if step in builds:
                place = f"index {builds.index(step) + 1} of {len(builds)} on {step.table}"
                what = f"{place}: {step.kind.words} {step.target}"
            try:
                self._apply(step, what)
            except OsemError as error:
                self._stop = True
                self._journal.fail(step.table, error)
                raise
            self._journal.completed.append(step)

    def _apply(self, step: Action, what: str) -> None:
        declared = self._tables[step.table]
        self._narrator.info(what)
        begin = time.monotonic()
        backoff = Backoff(*RETRY, jitter=True)
        lost = 0
        while True:
            live = self._ready(declared, what, begin)
            if lost and _done(step, live):
                return  # the request whose answer was lost went through
            try:
                doing = f"to {step.kind.words} on"
                self._store.perform(step.table, doing, call_for(step, declared, live))
            except OsemError as error:
                lost += error.code in LOSING
                again = passing(error) or (error.code in LOSING and lost < MAX_LOST)
                if not again or self._deadline.left <= 0:
                    raise
                self._say(f"{step.table} has to wait: {error.message}")
                time.sleep(backoff.pause(self._deadline))
            else:
                self._await(step, declared, what, begin)
                return

    def _ready(self, declared: Table, what: str, begin: float) -> LiveTable:
        """The live table once it and its indexes are ACTIVE."""
        backoff = Backoff(*POLL)
        while True:
            live = patient(lambda: self._store.glance(declared), self._deadline, self._say)
            if live is None:
                raise OsemError(
                    f"{declared.name} is gone: something else has deleted it.",
                    code=ErrorCode.TABLE_NOT_FOUND,
                    remediation="inv db.setup   creates it again, empty",
                    table=declared.name,
                )
            if live.ready:
                return live
            self._progress(live, what, begin)
            time.sleep(backoff.pause(self._deadline))

    def _await(self, step: Action, declared: Table, what: str, begin: float) -> None:
        """Wait until the step can be seen and the table has come to rest."""
        backoff = Backoff(*POLL)
        accepted = time.monotonic()
        while True:
            live = self._ready(declared, what, begin)
            # DescribeTable is eventually consistent: ACTIVE may still be the state before.
            if _done(step, live) or time.monotonic() - accepted > UNSEEN_SECONDS:
                return
            time.sleep(backoff.pause(self._deadline))

    def _progress(self, live: LiveTable, what: str, begin: float) -> None:
        states = {live.status, *live.index_status.values()} - {"ACTIVE"}
        state = ", ".join(sorted(states)).lower()
        self._say(f"{what}: {state}, {time.monotonic() - begin:.0f} s")
        self._deadline.check(f"{what} ({state})")


def _done(step: Action, live: LiveTable) -> bool:
    """Whether the effect of an index step can be seen; other steps show it at once."""
    if step.index is None or step.kind not in _OF_INDEXES:
        return True
    there = step.index.name in live.index_status
    return there if step.kind is Kind.CREATE_INDEX else not there
