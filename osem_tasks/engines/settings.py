"""How a running engine differs from a request; the error for one that differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.engines.base import EngineRequest


def mismatches(
    request: EngineRequest, *, image: str | None, port: int | None, persist: bool, shared: bool
) -> list[str]:
    """Describe the differences between a running engine and the explicitly requested settings."""
    settings = (
        ("image", request.image, image),
        ("port", request.port or None, port),
        ("persist", _yes_or_no(request.persist), _yes_or_no(persist)),
        ("isolated", None if request.shared else "yes", _yes_or_no(not shared)),
    )
    return [
        f"{setting} {actual} (requested {requested})"
        for setting, requested, actual in settings
        if requested is not None and requested != actual
    ]


def runs_otherwise(request: EngineRequest, differing: Sequence[str]) -> OsemError:
    """Return the error for an engine that runs with settings that differ from the request."""
    return OsemError(
        f"Engine '{request.name}' is already running with other settings: {'; '.join(differing)}",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=(
            f"{request.replacing_command()}   replaces it (data in memory is lost)"
            "   or use another --name"
        ),
    )


def _yes_or_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"
