"""Exits for an error that comes before any task is called."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from invoke.exceptions import Exit

from osem_tasks.errors import OsemError, exit_code

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """Exit with a message and a code if the body raises OsemError; with the code alone at a tab.

    Use this for errors before any task is called.
    """
    try:
        yield
    except OsemError as error:
        if "--complete" in sys.argv:  # a tab: a message would stand in the line that is typed
            raise Exit(code=exit_code(error, changed=False)) from error
        from osem_tasks.output.console import Console
        from osem_tasks.output.outcome import Outcome
        from osem_tasks.tasks.document import CONFIGURATION, document
        from osem_tasks.tasks.job import NOWHERE

        as_json = "--json" in sys.argv
        console = Console(as_json=as_json)
        if as_json:
            console.document(document(CONFIGURATION, dict(NOWHERE), Outcome(error=error), 0))
        console.error(error)
        raise Exit(code=exit_code(error, changed=False)) from error
