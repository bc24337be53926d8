"""Disk, memory and clock of this machine."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import osem_tasks
from osem_tasks.engines import host, state
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.findings import Finding, failed, fine, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.doctor.situation import Situation

DISK, MEMORY, CLOCK = "disk", "memory", "clock"
MB = 1_000_000
# The state directory takes a few kB; with less than the second number no record can be written.
FREE_DISK, LEAST_DISK = 200 * MB, MB
# DynamoDB Local takes about 250 MB, moto 140 MB.
FREE_MEMORY = 300 * MB
# Files are written at times of the clock; another machine's may differ by seconds.
SKEW = 120.0


def disk(_situation: Situation, free: int = FREE_DISK, least: int = LEAST_DISK) -> list[Finding]:
    """Say whether the disk of the state directory has room: ``free`` bytes are enough."""
    try:
        path = state.location()
    except OsemError:  # the check of the state directory says so
        return []
    folder = next(folder for folder in (path, *path.parents) if os.path.isdir(folder))  # noqa: PTH112
    left = shutil.disk_usage(folder).free
    text, remedy = f"{left / MB:,.0f} MB are free at {folder}", f"df -h {folder}   shows the disk"
    if left < least:
        return [failed(DISK, text, remedy, ErrorCode.INVALID_CONFIGURATION)]
    return [warning(DISK, text, remedy) if left < free else fine(DISK, text)]


def memory(_situation: Situation, free: int = FREE_MEMORY) -> list[Finding]:
    """Say whether there is memory for an engine: ``free`` bytes are enough."""
    left = host.available_memory()
    text = f"{left / MB:,.0f} MB are available"
    if left >= free:
        return [fine(MEMORY, text)]
    needs = "DynamoDB Local takes about 250 MB"
    return [warning(MEMORY, f"{text}, and {needs}", "free -m   shows what takes it")]


def clock(situation: Situation) -> list[Finding]:
    """Say whether the clock is behind files that are already there.

    Nobody is asked over the network: AWS refuses a request whose time differs by more than five
    minutes, and its error then says so. The kind ``docker`` compares its own clock.
    """
    now = time.time()
    written = max(_written(situation), default=(0.0, Path()))
    ahead = written[0] - now
    if ahead <= SKEW:
        return [fine(CLOCK, "no file of ours is from the future")]
    return [
        warning(
            CLOCK,
            f"{written[1]} was written {ahead / 60:,.0f} minutes from now: this machine's clock is "
            "behind, and AWS refuses what is signed five minutes off",
            "sudo timedatectl set-ntp true   or set the clock of this machine",
        )
    ]


def _written(situation: Situation) -> Iterator[tuple[float, Path]]:
    ours = [Path(osem_tasks.__file__)]
    for path in [*ours, *(situation.folder.iterdir() if situation.folder else ())]:
        try:
            yield path.lstat().st_mtime, path
        except OSError:  # it has just been removed
            continue
