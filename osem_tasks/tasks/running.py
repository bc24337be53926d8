"""Run the body of a task for an Invoke call, and exit with a code.

``run`` reads the configuration, times the run, prints the outcome as text or JSON, and converts an
OsemError, an interrupt or an unexpected error to an exit code. No other task module exits.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit

from osem_tasks.config import commands, variables
from osem_tasks.errors import ErrorCode, OsemError, exit_code
from osem_tasks.output.console import Console, prepare_terminal
from osem_tasks.tasks import arguments, libraries, program
from osem_tasks.tasks.document import document
from osem_tasks.tasks.job import Job
from osem_tasks.waiting import interrupts, watchdog

if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable, Mapping, Sequence

    from invoke.context import Context

    from osem_tasks.output.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Call:
    """A body with its signature, the names of its common and of its repeatable options."""

    body: Callable[..., Outcome]
    signature: inspect.Signature
    common: frozenset[str]
    repeatable: tuple[str, ...]


def run(call: Call, context: Context, args: Sequence[Any], given: Mapping[str, Any]) -> None:
    """Run a task; raise Exit unless all is done, or KeyboardInterrupt outside of its run."""
    running = program.running()
    with commands.typed_in(running), interrupts.listening():
        code = _code_of(call, context, args, given, alone=running is None)
    if code:
        raise Exit(code=code)


def _code_of(
    call: Call, context: Context, args: Sequence[Any], given: Mapping[str, Any], *, alone: bool
) -> int:
    """Run the task, print its outcome, and return its exit code."""
    as_json = bool(given.get("json"))
    with interrupts.shielded():
        prepare_terminal()
        console = Console(
            quiet=bool(given.get("quiet")),
            verbose=bool(given.get("verbose")),
            as_json=as_json,
            # Another task on this command line needs stdout for its JSON document.
            results_to_stderr=not as_json and "--json" in sys.argv,
        )
        job = Job(
            context=context,
            console=console,
            options={},
            # Invoke's --dry affects only shell commands; with it, our tasks change nothing either.
            dry=bool(context.config.run.dry),
            alone=alone,
        )
    begin = time.perf_counter()
    outcome = _outcome(call, job, args, given)
    seconds = time.perf_counter() - begin
    if job.declaration:
        outcome = replace(outcome, data={**outcome.data, "declaration": job.declaration})
    # A result is printed whole: a second Ctrl-C waits for it.
    with interrupts.shielded():
        shown = document(call.body.__name__, job.location, outcome, seconds)
        failure = _tell(console, shown, outcome)
    return exit_code(outcome.error or failure, changed=outcome.changed)


def _tell(console: Console, shown: dict[str, Any], outcome: Outcome) -> OsemError | None:
    """Print the outcome as text or JSON; return an error if stdout cannot be written.

    The outcome then goes to stderr, so that changes do not stay unreported.
    """
    try:
        if console.as_json:
            console.document(shown)
            if outcome.error:
                console.error(outcome.error)
        else:
            console.result(outcome)
    except OSError as error:  # stdout is closed or full
        _discard_stdout()
        failure = unwritten(error)
        with contextlib.suppress(OSError):
            Console(results_to_stderr=True).result(outcome)
            console.error(failure)
        return failure
    return None


def _discard_stdout() -> None:
    """Discard the buffer of stdout: Python would fail again on it at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def _outcome(call: Call, job: Job, args: Sequence[Any], given: Mapping[str, Any]) -> Outcome:
    try:
        with (
            watchdog.watching(),
            commands.engine_names(),
            variables.empty_as_unset(os.environ) as empty,
        ):
            interrupts.check()
            job.empty_variables = empty
            own = arguments.bound(call.signature, job.context, args, _listed(call, given))
            arguments.check_values(own)
            job.options = {name: own.pop(name) for name in call.common}
            outcome = call.body(job, **own)
            interrupts.check()
            return outcome
    except OsemError as error:
        job.console.detail(_frames(error))
        return job.failed(error)
    except watchdog.TimeUp as up:
        return job.failed(up.error)
    except KeyboardInterrupt:
        return job.failed(interrupted())
    except Exception as error:  # noqa: BLE001  last resort: a document and a code
        job.console.detail(_frames(error))
        return job.failed(libraries.hiding() or _unexpected(error))


def _listed(call: Call, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with a list for a repeatable option that has one value."""
    return {
        name: [value] if name in call.repeatable and isinstance(value, str) else value
        for name, value in given.items()
    }


def interrupted() -> OsemError:
    """Return the error for Ctrl-C and SIGTERM."""
    return OsemError(
        "Interrupted.",
        code=ErrorCode.INTERRUPTED,
        remediation="Run the same command again: it continues where this one stopped.",
    )


def unwritten(error: OSError) -> OsemError:
    """Return the error for a result that cannot be written to stdout."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return OsemError(
        f"The result cannot be written to stdout: {error.strerror or error}.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation=f"{'Free space on the disk, or send' if full else 'Send'} the output elsewhere: > FILE",
    )


def _frames(error: BaseException) -> str:
    """Return the traceback without the exceptions' texts, which may contain secrets."""
    return "".join(traceback.format_tb(error.__traceback__)).rstrip()


def _unexpected(error: Exception) -> OsemError:
    return OsemError(
        f"Unexpected error: {type(error).__name__}.",
        code=ErrorCode.UNKNOWN_ERROR,
        remediation="Run it again with --verbose and report what it prints.",
    )
