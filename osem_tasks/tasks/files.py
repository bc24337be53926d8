"""Files that a task writes because it was asked to."""

from __future__ import annotations

from pathlib import Path

from osem_tasks.errors import ErrorCode, OsemError


def write(path: str, text: str, *, append: bool = False) -> None:
    """Write ``text`` to the file ``path``. Raises OsemError (INVALID_CONFIGURATION)."""
    try:
        with Path(path).open("a" if append else "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise OsemError(
            f"{path} cannot be written: {error.strerror}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation="Name a file in a directory that exists and can be written to.",
        ) from error
