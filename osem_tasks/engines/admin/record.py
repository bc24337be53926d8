"""The record of a running data browser: a claim that is checked before use."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from osem_tasks.engines import claims, records, state

if TYPE_CHECKING:
    from pathlib import Path

# Here, where a list of tasks reads it without the modules of Docker.
IMAGE = "aaronshaf/dynamodb-admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRecord:
    """The data browser of engine ``name``: a process, or a container of a Docker engine.

    It shows at ``url`` the tables that are at ``endpoint``.
    """

    name: str
    url: str
    endpoint: str
    pid: int | None = None
    process_identity: str | None = None
    container: str | None = None
    docker_host: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields that ``local.admin --json`` shows."""
        return {
            "name": self.name,
            "url": self.url,
            "endpoint": self.endpoint,
            "pid": self.pid,
            "container": self.container,
        }


def load(name: str) -> BrowserRecord | None:
    """Return the record of the browser of engine ``name``; None if absent or unreadable."""
    try:
        values = state.read(_path(name))
    except (OSError, state.UnreadableError):
        return None
    known: dict[str, Any] = {field.name: values.get(field.name) for field in fields(BrowserRecord)}
    return BrowserRecord(**known) if _is_valid(known, name) else None


def save(record: BrowserRecord) -> BrowserRecord:
    """Write ``record``. Raises OsemError if it cannot be written."""
    state.write(_path(record.name), asdict(record))
    return record


def forget(name: str) -> None:
    """Drop the record of the browser of engine ``name``, if any."""
    state.remove(_path(name))


def _path(name: str) -> Path:
    return records.directory() / f"{name}{records.BROWSER}"


def _is_valid(values: dict[str, Any], name: str) -> bool:
    required = claims.is_local_http(values["url"]) and claims.is_local_http(values["endpoint"])
    return bool(required and not claims.problem({**values, "endpoint": values["url"]}, name))
