"""Which modules a command line of `inv` loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import osem_tasks

ROOT = Path(osem_tasks.__file__).parents[1]
# Run a command line of `inv`, and print what it loaded beyond Invoke itself.
CODE = """
import json, sys
from invoke.main import program
before = set(sys.modules)
sys.argv = ["inv", *sys.argv[1:]]
try:
    program.run()
except SystemExit:
    pass
print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""


def loaded(words: str) -> set[str]:
    """The modules that a command line of `inv` loads in this repository."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words.split()],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def ours(modules: set[str]) -> set[str]:
    """Those of the suite."""
    return {name for name in modules if name.partition(".")[0] == "osem_tasks"}
