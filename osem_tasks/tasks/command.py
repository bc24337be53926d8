"""Make an Invoke task of a function. What a call of it does is in ``running``.

Every TAB imports this module, so it loads little.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit

from osem_tasks.errors import EXIT_INTERRUPTED
from osem_tasks.tasks.suite_task import SuiteTask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from invoke.context import Context
    from invoke.tasks import Task

    from osem_tasks.output.outcome import Outcome


def command(
    options: Mapping[str, tuple[Any, str]],
    texts: Mapping[str, str] | None = None,
    repeatable: Sequence[str] = (),
    choices: Mapping[str, Sequence[str]] | None = None,
) -> Callable[[Callable[..., Outcome]], Task[Any]]:
    """Make an Invoke task of ``body(job, **own options)``.

    ``options`` maps the names of common options to default and help; the body gets them as
    ``job.options``. ``texts`` is the help for the body's own parameters. ``choices`` are the
    values of an option that completion offers.
    """

    def decorate(body: Callable[..., Outcome]) -> Task[Any]:
        own = list(inspect.signature(body).parameters.values())[1:]
        positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [
            inspect.Parameter("context", positional),
            *(parameter.replace(kind=positional) for parameter in own),
            *(
                inspect.Parameter(name, positional, default=default)
                for name, (default, _) in options.items()
            ),
        ]
        signature = inspect.Signature(parameters)

        @functools.wraps(body)
        def run(context: Context, *args: Any, **given: Any) -> None:
            # A project's own task may call this one with some options, or none.
            try:
                from osem_tasks.tasks import running

                call = running.Call(body, signature, frozenset(options), tuple(repeatable))
                running.run(call, context, args, given)
            except KeyboardInterrupt:  # before the task began, or after its result was printed
                raise Exit("Interrupted.", code=EXIT_INTERRUPTED) from None

        # Invoke creates its options from the signature.
        run.__signature__ = signature  # type: ignore[attr-defined]
        common_texts = {name: text for name, (_, text) in options.items()}
        task = SuiteTask(
            run,
            help={**(texts or {}), **common_texts},
            auto_shortflags=False,
            iterable=list(repeatable),
        )
        # The tasks that act on an environment are the db tasks.
        group = "db" if "env" in options else "local"
        task.choices = dict(choices or {})
        task.osem_name = f"{group}.{body.__name__.rstrip('_')}"
        return task

    return decorate
