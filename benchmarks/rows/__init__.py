"""The rows of the table, in the order in which they are measured and shown."""

from __future__ import annotations

from benchmarks.rows import (
    ci,
    control_plane,
    data,
    installing,
    isolated,
    many,
    nothing,
    pytest_plugin,
    startup,
    tables,
)

ROWS = (
    *startup.ROWS,
    *tables.ROWS,
    *nothing.ROWS,
    *control_plane.ROWS,
    *many.ROWS,
    *isolated.ROWS,
    *pytest_plugin.ROWS,
    *data.ROWS,
    *installing.ROWS,
    *ci.ROWS,
)
