"""Databases for tests: an engine for a test run, and in it an empty database for each test.

``server_at``, ``running_server`` and ``start_server`` give a Server; ``Server.database``
gives an IsolatedDatabase.
"""

from __future__ import annotations

from osem_tasks.testing.databases import IsolatedDatabase, Server
from osem_tasks.testing.servers import (
    remove_abandoned,
    remove_server,
    running_server,
    server_at,
    start_server,
)

__all__ = [
    "IsolatedDatabase",
    "Server",
    "remove_abandoned",
    "remove_server",
    "running_server",
    "server_at",
    "start_server",
]
