"""The program ``osem``: the suite's tasks without a ``tasks.py``.

It reads the nearest ``invoke.yaml``, in the current directory or above. Wrong usage and output
that cannot be written cause one line on stderr and exit code 1, even if Invoke itself would
show a traceback.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import re
import sys
from typing import TYPE_CHECKING, cast

from invoke.exceptions import Exit, ParseError
from invoke.program import Program

from osem_tasks import __version__, namespace
from osem_tasks.config import file as configfile
from osem_tasks.config.project import current, find
from osem_tasks.output import logs, streams
from osem_tasks.output.text import one_line, without_commands
from osem_tasks.tasks import misuse
from osem_tasks.tasks.completion import SCRIPTS
from osem_tasks.tasks.init import init
from osem_tasks.tasks.refusing import refusing
from osem_tasks.tasks.suite_task import LateTask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

# Before the name of a task.
_INV = re.compile(r"\binv (?=[a-z]+\.)")
_SCHEMA = LateTask(
    "schema", "osem_tasks.tasks.schema:schema", "Print the JSON Schema of what --json prints."
)


class Osem(Program):
    """Invoke's program with the suite's tasks, a project's configuration, short usage errors."""

    # Its completion scripts pass every word, also an empty one under the cursor.
    completes_exactly = True

    def normalize_argv(self, argv: list[str] | None) -> None:
        """Let ``osem help db.setup`` mean ``osem --help db.setup``; ``given_argv`` is as typed."""
        super().normalize_argv(argv)
        self.given_argv = self.argv
        if self.argv[1:2] == ["help"]:
            self.argv = [self.argv[0], "--help", *self.argv[2:]]

    def update_config(self, merge: bool = True) -> None:
        """Read the file that ``-f`` names, unless Invoke cannot handle it."""
        if self.args.config.value is not None:
            with refusing():
                configfile.check(self.args.config.value)
        super().update_config(merge)

    def parse_collection(self) -> None:
        """Also load the project's configuration, which Invoke does only for a ``tasks.py``."""
        # Invoke has just turned bytecode off; the package says why that is slow.
        sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
        self.config.set_project_location(str(find(current()).folder))
        self.config.load_project()
        super().parse_collection()

    def parse_core(self, argv: list[str] | None) -> None:
        """Parse Invoke's own options."""
        try:
            super().parse_core(argv)
        except (ParseError, ValueError) as error:
            misuse.refuse(self)
            raise Exit(_line(str(error)), code=1) from error

    def parse_tasks(self) -> None:
        """Parse the tasks' options; an error that the suite cannot explain is one escaped line."""
        try:
            super().parse_tasks()
        except (ParseError, ValueError) as error:
            raise Exit(_line(str(error)), code=1) from error

    def print_task_help(self, name: str) -> None:
        """Print the help of a task, whose examples are written for ``inv``."""
        task = self.collection[name]
        task.__doc__ = _INV.sub("osem ", inspect.getdoc(task) or "")
        super().print_task_help(name)

    def parse_core_args(self) -> None:
        """Parse Invoke's own options; print a completion script that also completes values."""
        super().parse_core_args()
        script = SCRIPTS.get(self.args["print-completion-script"].value)
        if script:
            streams.write(sys.stdout, script)
            raise Exit


def _line(text: str) -> str:
    return without_commands(one_line(text), os.environ)


def run(arguments: Sequence[str]) -> None:
    """Run ``osem`` and exit with a documented code."""
    logs.guard()
    # If a stream is closed, ``print`` drops its text or writes errors to stdout.
    sys.stdout = sys.stdout or cast("TextIO", streams.Closed())
    sys.stderr = sys.stderr or cast("TextIO", streams.Closed())
    try:
        try:
            _run(list(arguments))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader of a help text (head, less) has ended
        streams.discard(sys.stdout)
    except OSError as error:
        _end_unwritten(error)


def _run(arguments: list[str]) -> None:
    if len(arguments) == 1:
        from osem_tasks.tasks import greeting

        greeting.greet(arguments, __version__)
        return
    try:
        tasks = namespace.build()
        # Not in a project's own tasks: it may have an `init`, and has its files already.
        tasks.add_task(init)
        tasks.add_task(_SCHEMA, name=_SCHEMA.osem_name)
    except Exit as stop:  # an unreadable configuration file, already reported
        sys.exit(stop.code)
    program = Osem(
        name="osem", binary="osem", binary_names=["osem"], version=__version__, namespace=tasks
    )
    program.run(arguments)


def _end_unwritten(error: OSError) -> None:
    """Exit if a help text or a list cannot be written; nothing was changed."""
    if error.filename is not None:  # a file, not a stream
        raise error
    streams.discard(sys.stdout)
    with contextlib.suppress(OSError):
        streams.write(sys.stderr, f"The output cannot be written: {_line(str(error.strerror))}\n")
    streams.discard(sys.stderr)
    sys.exit(1)
