"""Loads, while an engine starts, what the next task of the command line needs.

The SDK and the modules of a setup take a third of a second to load. In ``inv local.up db.setup``
that is time in which the command only waits for the engine.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import DEFAULT_ENDPOINT, DEFAULT_REGION

if TYPE_CHECKING:
    from collections.abc import Sequence

MODULES = (
    "osem_tasks.apply.setup",
    "osem_tasks.aws.store",
    "osem_tasks.config.resolve",
    "osem_tasks.declarations.load",
    "osem_tasks.output.backups",
    "osem_tasks.output.setup",
    "osem_tasks.output.unmanaged",
    "osem_tasks.tasks.plan_file",
)
_TABLES = "db."


def follows(words: Sequence[str]) -> bool:
    """Return whether a task that reaches tables is on the command line ``words``."""
    return any(word.startswith(_TABLES) for word in words[1:])


def load() -> threading.Thread:
    """Begin to load, and return the thread, which nothing has to wait for.

    What cannot be imported is left to the task that needs it: it reports why.
    """
    thread = threading.Thread(target=_load, daemon=True)
    thread.start()
    return thread


def _load() -> None:
    with contextlib.suppress(ImportError):
        for name in MODULES:
            importlib.import_module(name)
        from osem_tasks.aws.session import local_session

        # The first client of a process loads most of botocore; it calls nobody.
        session = local_session(DEFAULT_REGION)
        session.create_client("dynamodb", DEFAULT_REGION, endpoint_url=DEFAULT_ENDPOINT)
