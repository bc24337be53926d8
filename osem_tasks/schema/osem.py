"""The old import path of OSEM Ladders' tables: ``osem_tasks.schema.osem:TABLES``."""

from __future__ import annotations

from osem_tasks.declarations.osem import TABLES

__all__ = ["TABLES"]
