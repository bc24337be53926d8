"""What stands in for a shell in the tests gives what a shell gives (``tests.support.typed_lines``)."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support import processes, typed_lines

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

LINES = [
    "inv --version",
    "osem --version",
    "pytest --version",
    "python -m invoke --version",
    "inv --no-such-option",
    "inv -f 'a file with spaces' --version",
    "OSEM_ENV=nope inv --version",
    "inv --version && echo done",
    "inv --version | wc -l",
    "osem db.list --env nope; echo $?",
    'eval "echo \\"$HOME\\""',
    "no-such-program",
    "cd .. && pwd",
]


@pytest.mark.parametrize("line", LINES)
def test_a_line_gives_what_a_shell_gives(line: str, tmp_path: Path) -> None:
    """The same exit code and the same output, whether it is forked or not."""
    path = f"{processes.BIN}{os.pathsep}{os.environ['PATH']}"
    shell = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    done = typed_lines.typed(line, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (shell.returncode, shell.stdout)
    assert done.stderr == shell.stderr
