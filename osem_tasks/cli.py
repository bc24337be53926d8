"""The program ``osem``: the suite's tasks without a ``tasks.py``.

It reads the ``invoke.yaml`` of the directory that it is called in. Bad usage is one line
on stderr and exit code 1, as in ``inv``, also where Invoke itself would end in a traceback.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from invoke.exceptions import Exit, ParseError
from invoke.program import Program

from osem_tasks import __version__, namespace
from osem_tasks.config import file as configfile
from osem_tasks.tasks.command import refusing

if TYPE_CHECKING:
    from collections.abc import Sequence


class Osem(Program):
    """Invoke's program with this suite's tasks, a project's file, and calm usage errors."""

    def update_config(self, merge: bool = True) -> None:
        """Read the file that ``-f`` names, unless Invoke would stumble over it."""
        if self.args.config.value is not None:
            with refusing():
                configfile.check(self.args.config.value)
        super().update_config(merge)

    def parse_collection(self) -> None:
        """Load the project's configuration too, which Invoke does for a ``tasks.py`` only."""
        self.config.set_project_location(str(configfile.project()))
        self.config.load_project()
        super().parse_collection()

    def parse_core(self, argv: list[str] | None) -> None:
        """Parse Invoke's own options."""
        try:
            super().parse_core(argv)
        except ValueError as error:
            raise Exit(str(error), code=1) from error

    def parse_tasks(self) -> None:
        """Parse the tasks' options. An invalid number is a usage error."""
        try:
            super().parse_tasks()
        except ParseError:
            raise
        except ValueError as error:
            raise Exit(f"Bad value of an option: {error}", code=1) from error


def main(argv: Sequence[str] | None = None) -> None:
    """Run ``osem``; exits with the documented codes."""
    arguments = list(argv) if argv is not None else list(sys.argv)
    try:
        tasks = namespace.build()
    except Exit as stop:  # a configuration file that cannot be read; it was told already
        sys.exit(stop.code)
    program = Osem(
        name="osem", binary="osem", binary_names=["osem"], version=__version__, namespace=tasks
    )
    try:
        program.run(arguments)
    except BrokenPipeError:  # the reader of a help text (head, less) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
