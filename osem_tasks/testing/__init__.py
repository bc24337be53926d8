"""Databases for tests: one engine for a test run, with an empty database for each test.

``server_at``, ``running_server`` and ``start_server`` return a Server; ``Server.database``
returns an IsolatedDatabase.
"""

from __future__ import annotations

from osem_tasks.testing.databases import IsolatedDatabase, Server
from osem_tasks.testing.servers import (
    SERVICE_SECONDS,
    engine_name,
    remove_abandoned,
    remove_server,
    running_server,
    server_at,
    start_server,
)

__all__ = [
    "SERVICE_SECONDS",
    "IsolatedDatabase",
    "Server",
    "engine_name",
    "remove_abandoned",
    "remove_server",
    "running_server",
    "server_at",
    "start_server",
]
