"""Names the index that an engine probably does not know, where its refusal names none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from osem_tasks.aws.error_templates import REFUSED_SHAPE
from osem_tasks.errors import OsemError

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table

# The refusals of engines older than keys of several attributes: DynamoDB Local 1.x, moto 4.
_OF_KEYS = re.compile(
    r"key ?schema|number of (hash|range|key)|key (element|attribute|type)|invalid key",
    re.IGNORECASE,
)


def with_index(error: OsemError, table: Table) -> OsemError:
    """Return ``error``, completed if it is about keys and ``table`` has indexes with long keys."""
    names = [
        index.name
        for index in table.indexes
        if len(index.key.partition) > 1 or len(index.key.sort) > 1
    ]
    refused = error.details.get("awsCode") in REFUSED_SHAPE
    if not names or not refused or not _OF_KEYS.search(error.reason):
        return error
    noun = "index" if len(names) == 1 else "indexes"
    return OsemError(
        f"{error.message.rstrip('.')}. Keys of several attributes: {noun} {', '.join(names)}.",
        code=error.code,
        remediation=error.remediation,
        table=error.table,
        details={**error.details, "indexes": names},
        reason=error.reason,
    )
