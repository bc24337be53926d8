"""The JSON document that ``--json`` prints, one for each task."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.output.outcome import Outcome

# The name of what fails before any task is called.
CONFIGURATION = "configuration"


def document(
    name: str, location: Mapping[str, Any], outcome: Outcome, seconds: float
) -> dict[str, Any]:
    """Return the document of a task that took ``seconds``; ``location`` is its target."""
    return {
        "success": outcome.error is None,
        "command": name.rstrip("_"),
        **location,
        "timestamp": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "duration": round(seconds * 1000),
        "data": outcome.data,
        "error": outcome.error.as_json() if outcome.error else None,
    }
