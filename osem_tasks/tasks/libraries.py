"""Finds a project's module that hides a library: a ``docker.py`` beside ``tasks.py``."""

from __future__ import annotations

from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path

from osem_tasks.errors import ErrorCode, OsemError

# What a task imports only when it needs it; Invoke puts the project's folder before all others.
# These are names of Python packages, not of kinds of engines.
LIBRARIES = "boto3 botocore docker requests urllib3 halo"


def hiding() -> OsemError | None:
    """Return the error (INVALID_CONFIGURATION) for a module in the place of a library, if any."""
    for name in LIBRARIES.split():
        found, installed = _found(name), _installed(name)
        if found and installed and installed not in found.parents:
            return OsemError(
                f"{found} hides the library {name!r}, which the task needs.",
                code=ErrorCode.INVALID_CONFIGURATION,
                remediation=f"Rename {found}, or move it into a package.",
            )
    return None


def _found(name: str) -> Path | None:
    """Return the file or the folder that Python imports under this name; it is not run."""
    spec = PathFinder.find_spec(name)
    if spec is None or not spec.has_location or not spec.origin:
        return None
    path = Path(spec.origin).resolve()
    return path.parent if path.stem == "__init__" else path


def _installed(name: str) -> Path | None:
    """Return the folder in which pip installed the library."""
    try:
        return Path(str(metadata.distribution(name).locate_file(""))).resolve()
    except metadata.PackageNotFoundError:
        return None
