"""What a command imports is compiled once, not by every command."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

IN_INVOKE = "import sys, invoke.program; sys.dont_write_bytecode = True; import osem_tasks; "
ALONE = "import sys; sys.dont_write_bytecode = True; import osem_tasks; "
IN_OSEM = (
    "import sys; from osem_tasks import program\n"
    "try:\n    program.run(['osem', '--list'])\nexcept SystemExit:\n    pass\n"
)
SHOWN = "print(sys.dont_write_bytecode)"


@pytest.mark.process
@pytest.mark.parametrize(
    "code, options, variables, off",
    [
        pytest.param(IN_INVOKE, (), {}, False, id="inv"),
        pytest.param(IN_OSEM, (), {}, False, id="osem"),
        pytest.param(IN_INVOKE, ("-B",), {}, True, id="inv-B"),
        pytest.param(IN_OSEM, ("-B",), {}, True, id="osem-B"),
        pytest.param(IN_INVOKE, (), {"PYTHONDONTWRITEBYTECODE": "1"}, True, id="variable"),
        pytest.param(ALONE, (), {}, True, id="another-program"),
    ],
)
def test_bytecode_is_kept_unless_the_user_says_otherwise(
    code: str, options: tuple[str, ...], variables: dict[str, str], *, off: bool
) -> None:
    """Invoke's default does not count, Python's own option and variable do; no other program's."""
    known = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    done = subprocess.run(
        [sys.executable, *options, "-c", code + SHOWN],
        env={**known, **variables},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == str(off)
