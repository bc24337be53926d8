"""Invoke tasks and Nox sessions for teams whose data lives in DynamoDB.

The import is cheap: only the tasks that need boto3, docker and halo load them,
so that ``inv --list`` and shell completion stay fast.

    from osem_tasks import namespace

    ns = namespace.build()
"""

from __future__ import annotations

import atexit
import gc
import sys

__version__ = "1.0.0"

# Python's own number of new objects, 700, lets it look for garbage 150 times while modules load,
# which makes hardly any. mypy and Mercurial do the same.
_OBJECTS = 100_000


def collect_rarely() -> None:
    """Spare a program's process most searches for garbage: a sixth of the time of a short task.

    At the end, nothing is searched: the memory goes back as a whole.
    """
    gc.set_threshold(_OBJECTS)
    atexit.register(gc.freeze)


if "invoke.program" in sys.modules:
    collect_rarely()
    # Invoke turns bytecode off, for the sake of ``tasks.py``. Packages that were installed without
    # being compiled, by uv or in place, would be compiled again by every command.
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
