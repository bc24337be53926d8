"""Which tables are backed up before something is taken away, and their backups in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.aws.backups import BackupMaker
from osem_tasks.aws.session import PARALLEL
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.parallel import side_by_side
from osem_tasks.waiting.policy import Tries
from osem_tasks.waiting.progress import Step
from osem_tasks.waiting.wait import retry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.schema.live import LiveTable

# A table in these states has no item that a backup could keep.
_WITHOUT_ITEMS = ("CREATING", "DELETING")


def with_items(run: Run, live: Mapping[str, LiveTable]) -> tuple[str, ...]:
    """Return the names of those tables of ``live`` that have items and are on AWS, in order.

    A proven local engine needs no backups. AWS's own count proves that there are items, and a
    look that there are none: the count is up to six hours old. Raises OsemError.
    """
    on_aws = [
        name
        for name, table in live.items()
        if not table.emulator and table.status not in _WITHOUT_ITEMS
    ]
    unsure = [name for name in on_aws if not live[name].items]
    step = run.begin(Step("looking for items", len(unsure)))

    def is_empty(name: str) -> bool:
        found = retry(lambda: _is_empty(run, name), run.deadline, run.say, Tries())
        step.advance()
        return found

    empty = side_by_side(is_empty, unsure, PARALLEL)
    without = {name for name, nothing in zip(unsure, empty, strict=True) if nothing}
    return tuple(name for name in on_aws if name not in without)


def _is_empty(run: Run, name: str) -> bool:
    try:
        return run.store.is_empty(name)
    except OsemError as error:
        # Deleted by something else meanwhile: nothing is left to back up.
        if error.code is ErrorCode.TABLE_NOT_FOUND:
            return True
        raise


def back_up(run: Run, names: Sequence[str], without: str) -> None:
    """Make the backups of ``names`` side by side, recorded in the run's journal.

    ``without`` is the command that does the same without backups. Raises OsemError for the first
    failure; nothing may be taken away then.
    """
    maker = BackupMaker(
        run.store, run.deadline, run.progress, made=run.journal.backups, without=without
    )
    maker.make(names)
