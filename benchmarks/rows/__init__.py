"""The rows of the table, in the order in which they are measured and shown."""

from __future__ import annotations

from benchmarks.rows import startup

ROWS = (*startup.ROWS,)
