"""Load tables from a project's module, which may print, raise, exit or never end."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import osem_tasks
from osem_tasks.declarations import objects
from osem_tasks.errors import ConfigurationError, ModelError
from osem_tasks.schema.misuse import misuse
from osem_tasks.waiting import interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType, TracebackType

    from osem_tasks.schema.model import Table

REMEDY = (
    "Set osem.tables to 'package.module:NAME', or to one or several files (JSON or YAML) of "
    "CreateTable requests, a CloudFormation or SAM template, a serverless.yml, or a NoSQL "
    "Workbench model."
)
MAX_WORDS = 300
# Seconds that a module may take to declare its tables.
LONGEST = 30.0


class _TooLongError(BaseException):
    """Raised in a module that does not end; the module's ``except Exception`` cannot catch it."""

    def __str__(self) -> str:
        return f"it did not end within {LONGEST:g} s"


def from_module(source: str, root: Path) -> tuple[Table, ...]:
    """Return the tables of ``package.module:NAME``; ``root`` is on the search path.

    Raises ConfigurationError or ModelError, with the line of an exception in the module.
    """
    module, _, name = source.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), name)):
        raise ConfigurationError(
            [f"osem.tables is {source!r}: neither a module's object nor a file"],
            remediation=REMEDY,
        )
    search(root)
    with guarded(f"osem.tables is {source!r}", root, REMEDY):
        return objects.read(getattr(imported(module), name))


def search(root: Path) -> None:
    """Put ``root`` on the search path: `inv` has done so, but an installed program has not."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))


def imported(module: str) -> ModuleType:
    """Import a project's module, and leave no bytecode in its folders."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        return importlib.import_module(module)
    finally:
        sys.dont_write_bytecode = before


@contextlib.contextmanager
def guarded(subject: str, root: Path, remedy: str) -> Iterator[None]:
    """Run a project's code: send its output to stderr and convert its exceptions.

    ``subject`` begins the message, ``remedy`` is used if no line of the code is to blame.
    Raises ConfigurationError or ModelError.
    """
    with converting(subject, root, remedy), _stdout_to_stderr(), _time_limit():
        yield


@contextlib.contextmanager
def converting(subject: str, root: Path, remedy: str) -> Iterator[None]:
    """Convert the exceptions of a project's code, as ``guarded`` does."""
    try:
        yield
    # A project's code may also exit, recurse, or raise what only a signal should.
    except BaseException as error:
        if interrupts.is_real(error):
            raise
        raise _failure(subject, root, remedy, error) from error


def _failure(
    subject: str, root: Path, remedy: str, error: BaseException
) -> ConfigurationError | ModelError:
    # Not error.__traceback__, which a project's exception may hide.
    frames = sys.exc_info()[2]
    place = _safely(lambda: _place(root, error, frames))
    before = ": ".join(filter(None, (subject, place)))
    # The class of a project's exception may fail in isinstance.
    if issubclass(type(error), ModelError) and isinstance(error, ModelError):
        return ModelError([f"{before}: {problem}" for problem in error.problems])
    # Our own check of what the code gave names its subject itself.
    if not place and type(error) is ConfigurationError:
        return ConfigurationError(error.problems, remediation=error.remediation)
    remedy = f"Correct {place}, then run the command again." if place else remedy
    return ConfigurationError([f"{before}: {_words(error)}"], remediation=remedy)


def _place(root: Path, error: BaseException, raised_at: TracebackType | None) -> str:
    """Return the innermost line of the project's code: ``shop/tables.py line 7``, or ""."""
    if issubclass(type(error), SyntaxError) and isinstance(error, SyntaxError) and error.filename:
        return f"{_short(str(error.filename), root)} line {error.lineno}"
    ours = str(Path(osem_tasks.__file__).parent)
    frames = [
        frame
        for frame in traceback.extract_tb(raised_at)
        if not frame.filename.startswith((ours, "<frozen ", importlib.__file__))
        and frame.filename != contextlib.__file__
    ]
    projects = [frame for frame in frames if Path(frame.filename).is_relative_to(root)]
    if not frames:
        return ""
    frame = (projects or frames)[-1]
    return f"{_short(frame.filename, root)} line {frame.lineno}"


def _short(filename: str, root: Path) -> str:
    path = Path(filename)
    return str(path.relative_to(root)) if path.is_relative_to(root) else filename


def _words(error: BaseException) -> str:
    if issubclass(type(error), TypeError) and isinstance(error, TypeError):
        text = misuse(error)
        if text:
            return text
    text = _safely(lambda: " ".join(str(error).split()))
    named = not issubclass(type(error), _TooLongError)
    name = str(type.__getattribute__(type(error), "__name__"))
    return ": ".join(filter(None, (name if named else "", text)))[:MAX_WORDS]


def _safely(read: Callable[[], str]) -> str:
    """Return what ``read`` tells of a project's exception, or "": its methods may fail too."""
    try:
        return read()
    except BaseException as error:
        if interrupts.is_real(error):
            raise
        return ""


@contextlib.contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Redirect stdout to stderr, also for programs that the code starts.

    stdout is for the task's result, which may be a single JSON document.
    """
    with contextlib.redirect_stdout(sys.stderr), contextlib.ExitStack() as stack:
        # A closed stream needs no redirection.
        with contextlib.suppress(OSError, ValueError):
            _flush()
            kept = os.dup(1)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, 1)
            os.dup2(2, 1)
            stack.callback(_flush)
        yield


def _flush() -> None:
    with contextlib.suppress(OSError, ValueError):
        for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
            stream.flush()


@contextlib.contextmanager
def _time_limit() -> Iterator[None]:
    """Raise in code that takes too long, if the platform and the thread support alarms."""
    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        yield
        return

    def stop(*_: object) -> None:
        raise _TooLongError

    previous = signal.signal(signal.SIGALRM, stop)
    before = signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)
        signal.signal(signal.SIGALRM, previous or signal.SIG_DFL)
