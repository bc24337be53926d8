"""Checks a table that was read again for the result of an action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.plan.actions import Kind
from osem_tasks.schema.compare import compare

if TYPE_CHECKING:
    from osem_tasks.plan.actions import Action
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table


def is_done(action: Action, declared: Table, live: LiveTable) -> bool:
    """Return whether ``live``, read with every declared fact, shows the result of ``action``."""
    if action.index is not None and action.kind is Kind.CREATE_INDEX:
        return action.index.name in live.index_status
    if action.index is not None and action.kind is Kind.DELETE_INDEX:
        return action.index.name not in live.index_status
    if action.kind is Kind.DISABLE_STREAM:
        return live.table.stream is None or live.table.stream.view is None
    if action.kind is Kind.DISABLE_TTL:
        return live.table.ttl is None or live.table.ttl.attribute is None
    return all(fact.path not in action.mends for fact in compare(declared, live).issues)
