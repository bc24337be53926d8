"""Processes by pid and start time: a pid alone is given to another program one day."""

from __future__ import annotations

# Clocks that count in ticks differ by a little from one reading to the next.
TOLERANCE = 1.0


def lives(pid: int, started: float) -> bool:
    """Whether the very process that began at ``started`` (epoch seconds) is alive."""
    import psutil

    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < TOLERANCE
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
