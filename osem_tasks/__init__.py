"""Invoke tasks and Nox sessions for teams whose data lives in DynamoDB.

The import is cheap: only the tasks that need boto3, docker and halo load them,
so that ``inv --list`` and shell completion stay fast.

    from osem_tasks import namespace

    ns = namespace.build()
"""

from __future__ import annotations

import sys

__version__ = "1.0.0"

if "invoke.program" in sys.modules:
    # Invoke turns bytecode off, for the sake of ``tasks.py``. Packages that were installed without
    # being compiled, by uv or in place, would be compiled again by every command.
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
