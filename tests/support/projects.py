"""Another team's test suite, run by pytest in a process of its own.

The process is a fork of one that has loaded pytest (``tests.support.processes``), but for options
of the interpreter, which is then what is tested, too.
"""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from tests.support import processes

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

PLUGIN = "osem_tasks.pytest_plugin"
# Several workers on a busy machine; a run that hangs is ended by it.
LONGEST = 300.0


def command(*words: str, options: tuple[str, ...] = ()) -> list[str]:
    """`python OPTIONS -m pytest -q WORDS...`, with the plugin also where it is not installed."""
    installed = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
    plugin = () if installed else ("-p", PLUGIN)
    return [sys.executable, *options, "-m", "pytest", "-q", *plugin, *words]


def run(
    project: Path,
    *words: str,
    options: tuple[str, ...] = (),
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """`python OPTIONS -m pytest WORDS...` in the project, with these variables."""
    return processes.call(
        command(*words, options=options),
        cwd=project,
        env={**os.environ, **(variables or {})},
        timeout=LONGEST,
    )


def passed(done: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    """The exit code, and how many tests passed."""
    found = re.search(r"(\d+) passed", done.stdout)
    return done.returncode, found.group(1) if found else done.stdout[-3000:] + done.stderr[-2000:]
