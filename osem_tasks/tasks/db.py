"""The ``db`` tasks, to be called or named by a project's own tasks.

``db.setup(c, env="dev")`` in a body, ``pre=[db.verify]`` of a task. ``list_`` and ``import_`` are
``db.list`` and ``db.import``, whose names Python has taken.
"""

from __future__ import annotations

from osem_tasks.tasks.compare import compare
from osem_tasks.tasks.copy import copy
from osem_tasks.tasks.delete import delete, reset
from osem_tasks.tasks.docs import docs
from osem_tasks.tasks.documents import export, import_
from osem_tasks.tasks.dump import dump
from osem_tasks.tasks.listing import list_
from osem_tasks.tasks.load import load
from osem_tasks.tasks.migrate import migrate
from osem_tasks.tasks.policy import policy
from osem_tasks.tasks.repair import repair
from osem_tasks.tasks.seed import seed
from osem_tasks.tasks.setup import setup
from osem_tasks.tasks.verify import verify

__all__ = [
    "compare",
    "copy",
    "delete",
    "docs",
    "dump",
    "export",
    "import_",
    "list_",
    "load",
    "migrate",
    "policy",
    "repair",
    "reset",
    "seed",
    "setup",
    "verify",
]
