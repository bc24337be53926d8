"""Loads pytest and its plugins, for a process whose forks become pytest (``tests.support.forked``)."""

from __future__ import annotations

import contextlib
import io
import tempfile

import pytest

# What a plugin's tests use most; a run loads it when a fixture asks for it.
QUIETLY = ("-q", "-p", "no:cacheprovider")


def load() -> None:
    """Run pytest once over an empty folder: it may be run again in a process, and its forks."""
    silence = io.StringIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.redirect_stdout(silence),
        contextlib.redirect_stderr(silence),
    ):
        pytest.main([*QUIETLY, "--rootdir", folder, "-c", "/dev/null", folder])
