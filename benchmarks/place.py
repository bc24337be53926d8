"""Where a benchmark runs: an environment and folders of its own, and the program ``inv``."""

from __future__ import annotations

import compileall
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from benchmarks import processes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.row import Sample

NOTHING: Mapping[str, str] = MappingProxyType({})
ROOT = Path(__file__).resolve().parents[1]
# Whatever this shell says about engines and AWS must not change what is measured.
FOREIGN = ("OSEM_", "INVOKE_", "AWS_", "GITHUB_", "PYTHONDONTWRITEBYTECODE")
# What says which engine there is on this machine.
KEPT = ("OSEM_LOCAL_IMAGE", "DYNAMODB_LOCAL_HOME")
# A package that is installed in place is not compiled by its installation.
COMPILED = ("osem_tasks", "benchmarks", "tests/support")


@dataclass(frozen=True, slots=True)
class Place:
    """A temporary folder, and the environment of the processes that are measured."""

    folder: Path
    env: dict[str, str]

    def inv(self, *words: str, cwd: Path = ROOT, more: Mapping[str, str] = NOTHING) -> Sample:
        """Measure one command line of ``inv``, in this repository or another project."""
        program = str(Path(sys.executable).with_name("inv"))
        return self.run(program, *words, cwd=cwd, more=more)

    def python(self, *words: str, cwd: Path = ROOT, more: Mapping[str, str] = NOTHING) -> Sample:
        """Measure one run of Python."""
        return self.run(sys.executable, *words, cwd=cwd, more=more)

    def run(self, *words: str, cwd: Path = ROOT, more: Mapping[str, str] = NOTHING) -> Sample:
        """Measure one run of a program."""
        return processes.run(words, env={**self.env, **more}, cwd=cwd)


def place(folder: Path) -> Place:
    """Return a place below ``folder``, whose engines have a name and a state of their own."""
    state = folder / "state"
    state.mkdir()
    for name in COMPILED:
        compileall.compile_dir(ROOT / name, quiet=1)
    kept = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
    own = {
        "OSEM_STATE_DIR": str(state),
        "OSEM_LOCAL_NAME": f"osem-bench-{os.getpid()}",
        "OSEM_LOCAL_PORT": "0",
        **{name: os.environ[name] for name in KEPT if os.environ.get(name)},
    }
    return Place(folder, {**kept, **own})
