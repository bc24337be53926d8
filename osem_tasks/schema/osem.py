"""OSEM Ladders' tables under the path that earlier releases named: ``osem_tasks.schema.osem:TABLES``."""

from __future__ import annotations

from osem_tasks.declarations.osem import TABLES

__all__ = ["TABLES"]
