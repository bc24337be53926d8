"""What an engine holds: a table in the model's normal form, with its state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.schema.model import Table

ACTIVE = "ACTIVE"
NOT_FOUND = "NOT_FOUND"
# Facts that an engine may not tell, by their name in ``Table``.
ENCRYPTION = "encryption"
TABLE_CLASS = "table_class"
MAX_THROUGHPUT = "max_throughput"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTable:
    """One table as it was read.

    ``unreadable`` maps a fact that this engine cannot tell to the reason why;
    ``items`` and ``size`` (bytes) are DynamoDB's own counts, up to six hours old on AWS;
    0 items may be a stale number unless somebody looked. ``emulator`` names the local engine that the
    answer proves, and is empty where nothing proves one. ``identity`` differs between a
    table and another one that was created later under the same name.
    """

    table: Table
    status: str
    index_status: Mapping[str, str]
    arn: str = ""
    items: int = 0
    size: int = 0
    unreadable: Mapping[str, str] = field(default_factory=dict)
    emulator: str = ""
    identity: str = ""

    @property
    def unready(self) -> tuple[str, ...]:
        """The states of the table and its indexes that are not ACTIVE, sorted."""
        return tuple(sorted({self.status, *self.index_status.values()} - {ACTIVE}))

    @property
    def ready(self) -> bool:
        """The table and every index of it are ACTIVE."""
        return not self.unready
