"""Run a process, or a function, and measure it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from benchmarks.row import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# ru_maxrss is in kibibytes on Linux, in bytes on macOS.
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


def run(words: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> Sample:
    """Run a command to its end and measure it, with the children that it waited for.

    Raises RuntimeError with the end of its output if it fails.
    """
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        # A file, not a pipe: an engine that stays would keep the pipe open.
        process = subprocess.Popen(
            words, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        told = output.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit code {process.returncode}\n{told[-2000:]}")
    peak = used.ru_maxrss * _PEAK_UNIT / 1e6
    return Sample(wall, used.ru_utime + used.ru_stime, peak)


def timed(action: Callable[[], object]) -> Sample:
    """Run a function of this process and measure its time."""
    begin, cpu = time.perf_counter(), time.process_time()
    action()
    return Sample(time.perf_counter() - begin, time.process_time() - cpu)


def joined(*samples: Sample) -> Sample:
    """Return the sum of steps that ran one after another; the peak is that of the largest."""
    return Sample(
        sum(sample.wall for sample in samples),
        sum(sample.cpu for sample in samples),
        max(sample.peak for sample in samples),
    )
