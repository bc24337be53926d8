"""Python, and the packages that this one needs: installed, in a version that serves, visible."""

from __future__ import annotations

import platform
import shlex
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from osem_tasks.config.distribution import NAME
from osem_tasks.errors import ErrorCode
from osem_tasks.findings import Finding, failed, fine, info

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.doctor.situation import Situation

PYTHON, PACKAGES, MODULES = "python", "packages", "modules"


def python(_situation: Situation) -> list[Finding]:
    """Say which Python runs this; its package manager has checked the version."""
    return [fine(PYTHON, f"{platform.python_version()} at {sys.executable}")]


def packages(_situation: Situation, distribution: str = NAME) -> list[Finding]:
    """Say which package is missing, or has a version that does not serve."""
    try:
        needed = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return [info(PACKAGES, f"{distribution} is not installed: its requirements are unknown")]
    found = list(_unmet(needed))
    if not found:
        version = metadata.version(distribution)
        return [fine(PACKAGES, f"{distribution} {version} and all that it needs are installed")]
    wanted = " ".join(shlex.quote(requirement) for requirement, _ in found)
    return [
        failed(
            PACKAGES,
            "; ".join(why for _, why in found),
            f"{shlex.quote(sys.executable)} -m pip install {wanted}",
            ErrorCode.INVALID_CONFIGURATION,
        )
    ]


def modules(situation: Situation) -> list[Finding]:
    """Say whether a project's module stands in the place of a library."""
    if situation.hidden:
        return [Finding.of_error(MODULES, situation.hidden)]
    return [fine(MODULES, "no module of the project hides a library")]


def _unmet(requirements: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each requirement that nothing installed meets, and why."""
    from packaging.requirements import Requirement

    for text in requirements:
        needed = Requirement(text)
        if needed.marker and not needed.marker.evaluate({"extra": ""}):
            continue
        wanted = f"{needed.name}{needed.specifier}"
        try:
            version = metadata.version(needed.name)
        except metadata.PackageNotFoundError:
            yield wanted, f"{needed.name} is not installed"
            continue
        if not needed.specifier.contains(version, prereleases=True):
            yield wanted, f"{needed.name} {version} does not serve ({needed.specifier} is needed)"
