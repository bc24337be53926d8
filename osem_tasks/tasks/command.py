"""Run the body of a task for an Invoke call, and exit with a code.

``command`` adds the common options, reads the configuration, times the run, prints the
outcome as text or JSON, and converts an OsemError, an interrupt or an unexpected error to an
exit code. No other task module exits.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import sys
import time
import traceback
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit
from invoke.tasks import Task

from osem_tasks.config import variables
from osem_tasks.config.commands import engine_names
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError, exit_code
from osem_tasks.output.console import Console, prepare_terminal
from osem_tasks.output.outcome import Outcome
from osem_tasks.tasks.job import NOWHERE, Job
from osem_tasks.waiting import interrupts, watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from invoke.context import Context
    from invoke.parser.argument import Argument


def command(
    options: Mapping[str, tuple[Any, str]],
    texts: Mapping[str, str] | None = None,
    repeatable: Sequence[str] = (),
) -> Callable[[Callable[..., Outcome]], Task[Any]]:
    """Make an Invoke task of ``body(job, **own options)``.

    ``options`` maps the names of common options to default and help; the body gets them as
    ``job.options``. ``texts`` is the help for the body's own parameters.
    """

    def decorate(body: Callable[..., Outcome]) -> Task[Any]:
        own = list(inspect.signature(body).parameters.values())[1:]

        @functools.wraps(body)
        def run(context: Context, **arguments: Any) -> None:
            # A project's own task may call this one with some options, or none.
            common = {name: arguments.pop(name, default) for name, (default, _) in options.items()}
            for name in repeatable:
                if isinstance(arguments.get(name), str):
                    arguments[name] = [arguments[name]]
            _run(body, context, common, arguments)

        parameters = [
            inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own),
            *(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
                for name, (default, _) in options.items()
            ),
        ]
        # Invoke creates its options from the signature.
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        common_texts = {name: text for name, (_, text) in options.items()}
        return _StrictTask(
            run,
            help={**(texts or {}), **common_texts},
            auto_shortflags=False,
            iterable=list(repeatable),
        )

    return decorate


class _StrictTask(Task[Any]):
    """A task whose repeatable options require a value, like all other options.

    Invoke itself treats ``--table`` without a value as an option that was not given.
    """

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return Invoke's options; its parser requires a value while ``raw_value`` is None."""
        arguments = super().get_arguments(ignore_unknown_help)
        for argument in arguments:
            if argument.kind is list:
                argument.raw_value = None
        return arguments


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """Exit with a message and a code if the body raises OsemError.

    Use this for errors before any task is called.
    """
    try:
        yield
    except OsemError as error:
        as_json = "--json" in sys.argv
        console = Console(as_json=as_json)
        if as_json:
            console.document(_document("configuration", dict(NOWHERE), Outcome(error=error), 0))
        console.error(error)
        raise Exit(code=exit_code(error, changed=False)) from error


def _run(
    body: Callable[..., Outcome],
    context: Context,
    common: Mapping[str, Any],
    arguments: Mapping[str, Any],
) -> None:
    prepare_terminal()
    as_json = bool(common.get("json"))
    console = Console(
        quiet=bool(common.get("quiet")),
        verbose=bool(common.get("verbose")),
        as_json=as_json,
        # Another task on this command line needs stdout for its JSON document.
        results_to_stderr=not as_json and "--json" in sys.argv,
    )
    job = Job(
        context=context,
        console=console,
        options=common,
        # Invoke's --dry affects only shell commands; with it, our tasks change nothing either.
        dry=bool(context.config.run.dry),
    )
    begin = time.perf_counter()
    outcome = _outcome(body, job, arguments)
    seconds = time.perf_counter() - begin
    failure = _tell(console, _document(body.__name__, job.location, outcome, seconds), outcome)
    code = exit_code(outcome.error or failure, changed=outcome.changed)
    if code:
        raise Exit(code=code)


def _tell(console: Console, document: dict[str, Any], outcome: Outcome) -> OsemError | None:
    """Print the outcome as text or JSON; return an error if stdout cannot be written.

    The outcome then goes to stderr, so that changes do not stay unreported.
    """
    try:
        if console.as_json:
            console.document(document)
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


def _check_values(values: Mapping[str, Any]) -> None:
    """Raise ConfigurationError for options without a value.

    An unset shell variable leaves ``--table ''``, or without quotes the next option as the
    value. Neither must count as an option that was not given.
    """
    problems = []
    for name, value in values.items():
        option = f"--{name.rstrip('_').replace('_', '-')}"
        for text in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(text, str) and not text.strip():
                problems.append(f"{option} is given and empty")
            elif isinstance(text, str) and text.startswith("--"):
                problems.append(f"{option} has no value: {text!r} follows")
    if problems:
        raise ConfigurationError(
            problems, remediation="Give the option a value, or leave it out; is a variable unset?"
        )


def _outcome(body: Callable[..., Outcome], job: Job, arguments: Mapping[str, Any]) -> Outcome:
    try:
        with (
            interrupts.listening(),
            watchdog.watching(),
            engine_names(),
            variables.empty_as_unset(os.environ) as empty,
        ):
            job.empty_variables = empty
            _check_values({**job.options, **arguments})
            return body(job, **arguments)
    except OsemError as error:
        job.console.detail(_frames(error))
        return job.failed(error)
    except watchdog.TimeUp as up:
        return job.failed(up.error)
    except KeyboardInterrupt:
        return job.failed(interrupted())
    except Exception as error:  # noqa: BLE001  last resort: a document and a code
        job.console.detail(_frames(error))
        return job.failed(_unexpected(error))


def interrupted() -> OsemError:
    """Return the error for Ctrl-C and SIGTERM."""
    return OsemError(
        "Interrupted.",
        code=ErrorCode.INTERRUPTED,
        remediation="Run the same command again: it continues where this one stopped.",
    )


def unwritten(error: OSError) -> OsemError:
    """Return the error for a result that cannot be written to stdout."""
    return OsemError(
        f"The result cannot be written to stdout: {error.strerror or error}.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation="Free space on the disk, or send the output elsewhere, and run it again.",
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


def _document(
    name: str, location: Mapping[str, Any], outcome: Outcome, seconds: float
) -> dict[str, Any]:
    return {
        "success": outcome.error is None,
        "command": name.rstrip("_"),
        **location,
        "timestamp": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "duration": round(seconds * 1000),
        "data": outcome.data,
        "error": outcome.error.as_json() if outcome.error else None,
    }
