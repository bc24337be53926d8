"""Reports every call to AWS in one line without secrets.

botocore's own debug log contains signatures and session tokens. This log contains only the
operation, the table, the outcome and the time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session


def observe(session: Session, tell: Callable[[str], None]) -> None:
    """Call ``tell`` with a line for every call of a client of ``session``."""
    events: Any = session.get_component("event_emitter")

    def before(params: Any, context: Any, **_: Any) -> None:
        context["osem"] = (time.perf_counter(), _subject(params))

    def after(model: Any, http_response: Any, parsed: Any, context: Any, **_: Any) -> None:
        begin, subject = context.get("osem", (time.perf_counter(), ""))
        took = f"{(time.perf_counter() - begin) * 1000:.0f} ms"
        meta = parsed.get("ResponseMetadata", {})
        outcome = parsed.get("Error", {}).get("Code") or http_response.status_code
        retries = meta.get("RetryAttempts", 0)
        again = f", {retries} retries" if retries else ""
        tell(f"{model.name}{subject}: {outcome}, {took}{again}")

    def failed(exception: Exception, context: Any, event_name: str, **_: Any) -> None:
        operation = event_name.rpartition(".")[2]
        begin, subject = context.get("osem", (time.perf_counter(), ""))
        took = f"{(time.perf_counter() - begin) * 1000:.0f} ms"
        tell(f"{operation}{subject}: {type(exception).__name__}, {took}")

    events.register("before-call.*.*", before)
    events.register("after-call.*.*", after)
    events.register("after-call-error.*.*", failed)


def _subject(params: Any) -> str:
    """Return the table of a request, if it has one."""
    import json

    try:
        body = json.loads(params.get("body") or b"{}")
        name = body.get("TableName") or body.get("ResourceArn", "").rpartition("/")[2]
    except (ValueError, AttributeError, TypeError):
        return ""  # STS uses another protocol, and its requests have no table
    return f" {name}" if name else ""
