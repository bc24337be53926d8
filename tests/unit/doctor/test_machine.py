"""Disk, memory and clock: real ones, against limits that they cannot or do meet."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from osem_tasks.doctor import machine
from osem_tasks.findings import Status
from tests.support.situations import situation_of

if TYPE_CHECKING:
    from pathlib import Path

TOO_MUCH = 10**18


@pytest.mark.parametrize(
    "free, least, status",
    [(0, 0, Status.OK), (TOO_MUCH, 0, Status.WARNING), (TOO_MUCH, TOO_MUCH, Status.FAILED)],
)
def test_the_disk_of_the_state_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, least: int, status: Status
) -> None:
    """Also that of a directory that is not there yet, which is not made."""
    monkeypatch.setenv("OSEM_STATE_DIR", str(tmp_path / "a" / "b"))

    (found,) = machine.disk(situation_of(), free, least)

    assert (found.status, f"MB are free at {tmp_path}" in found.message) == (status, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("free, status", [(1, Status.OK), (TOO_MUCH, Status.WARNING)])
def test_the_memory_of_this_machine(free: int, status: Status) -> None:
    """Too little of it stops an engine, but that is not certain."""
    (found,) = machine.memory(situation_of(), free)

    assert (found.status, "MB are available" in found.message) == (status, True)


@pytest.mark.parametrize("hours, status", [(-1, Status.OK), (0, Status.OK), (3, Status.WARNING)])
def test_a_clock_that_is_behind_our_files(state: Path, hours: int, status: Status) -> None:
    """A file from the future was written by a clock that was right, or was not."""
    path = state / "mine.log"
    path.touch()
    moment = time.time() + hours * 3600
    os.utime(path, (moment, moment))

    (found,) = machine.clock(situation_of())

    assert found.status is status
    if hours > 0:
        assert f"{path} was written 180 minutes from now" in found.message
