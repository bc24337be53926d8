"""Loads pytest and its plugins, for a process whose forks become pytest (``tests.support.forked``)."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile

import pytest


def load() -> None:
    """Run pytest once over an empty folder: it may be run again in a process, and its forks."""
    silence = io.StringIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.redirect_stdout(silence),
        contextlib.redirect_stderr(silence),
    ):
        words = ["-q", "-p", "no:cacheprovider", "--rootdir", folder, "-c", os.devnull]
        pytest.main([*words, folder])
