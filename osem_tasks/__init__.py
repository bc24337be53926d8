"""Invoke tasks and Nox sessions for teams whose data lives in DynamoDB.

The import is cheap: only the tasks that need boto3, docker and halo load them,
so that ``inv --list`` and shell completion stay fast.

    from osem_tasks import namespace

    ns = namespace.build()
"""

from __future__ import annotations

__version__ = "0.1.0"
