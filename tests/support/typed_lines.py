"""A line as a user types it: by a shell, or without one where the line needs none."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from typing import TYPE_CHECKING

from tests.support import processes

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

# What a shell would do more with than to split a line into words.
SHELL = re.compile(r"""[|&;<>()$`\\*?\[#~{}!\n]""")


def typed(
    line: str,
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout: float = processes.LONGEST,
) -> subprocess.CompletedProcess[str]:
    """What a shell gives for ``line``, in which the programs of this environment come first.

    A line that is one plain command needs no shell. Raises TimeoutExpired.
    """
    environment = dict(os.environ if env is None else env)
    environment["PATH"] = f"{processes.BIN}{os.pathsep}{environment.get('PATH', os.defpath)}"
    words = [] if SHELL.search(line) else shlex.split(line)
    program = shutil.which(words[0], path=environment["PATH"]) if words else None
    if program is None:  # also where it begins with a variable
        words, program = ["-c", line], "/bin/sh"
    else:
        words = words[1:]
    if program == str(processes.BIN / "python"):
        program = sys.executable
    return processes.call([program, *words], cwd=cwd, env=environment, timeout=timeout)
