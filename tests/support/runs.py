"""Runs on the tables of any server, for what needs no task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.apply.run import Journal, Run
from osem_tasks.aws.session import connect
from osem_tasks.aws.store import TableStore
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.schema.model import TableSet
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.progress import Silent

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table

SECONDS = 60.0


def run_at(endpoint: str, *tables: Table, seconds: float = SECONDS) -> Run:
    """A run on the local engine at ``endpoint``, of tables by their real names."""
    target = resolve(BUILT_IN["local"], TargetOptions(endpoint=endpoint), {})
    store = TableStore(connect(target, lambda _: None))
    found = TableSet(tables)
    return Run(target, found, store, Deadline(seconds), Silent(), Journal(found.names))
