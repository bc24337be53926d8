"""A table as an engine holds it, in the model's normal form, with its state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.schema.model import Table
    from osem_tasks.schema.states import Stuck

ACTIVE = "ACTIVE"
NOT_FOUND = "NOT_FOUND"
# Facts that an engine may not report, by their name in ``Table``.
ENCRYPTION = "encryption"
TABLE_CLASS = "table_class"
MAX_THROUGHPUT = "max_throughput"
WARM_THROUGHPUT = "warm_throughput"
RECOVERY_PERIOD = "recovery_period_in_days"
# Facts that an engine may not be able to change.
STREAM = "stream"
RECOVERY = "point_in_time_recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTable:
    """One live table at the time of reading.

    ``unreadable`` maps each fact that this engine cannot report to the reason, ``fixed`` each
    that it cannot change on this table (a stream: not enable). ``items`` and
    ``size`` (bytes) are DynamoDB's own counts, up to six hours old on AWS; do not trust 0
    items without a scan. ``emulator`` is the local engine that the answer proves, or empty.
    ``index_items`` are the items of each index whose count is told and not zero.
    ``stream_arn`` is that of the latest stream, empty without one.
    ``identity`` distinguishes a table from a later one with the same name, ``stuck`` are the
    states that do not end by themselves.
    """

    table: Table
    status: str
    index_status: Mapping[str, str]
    arn: str = ""
    items: int = 0
    index_items: Mapping[str, int] = field(default_factory=dict)
    size: int = 0
    unreadable: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    emulator: str = ""
    identity: str = ""
    stream_arn: str = ""
    stuck: tuple[Stuck, ...] = ()

    @property
    def unready(self) -> tuple[str, ...]:
        """The states of the table and its indexes that are not ACTIVE, sorted."""
        return tuple(sorted({self.status, *self.index_status.values()} - {ACTIVE}))

    @property
    def ready(self) -> bool:
        """Whether the table and all its indexes are ACTIVE."""
        return not self.unready
