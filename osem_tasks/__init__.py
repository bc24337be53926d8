"""Invoke tasks and Nox sessions for teams whose data lives in DynamoDB.

Importing the package costs next to nothing: boto3, docker and halo are loaded
only by the task that needs them, so that ``inv --list`` and shell completion
stay quick.

    from osem_tasks import namespace

    ns = namespace.build()
"""

from __future__ import annotations

__version__ = "0.1.0"
