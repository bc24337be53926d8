"""What a task tells when its result cannot be written."""

from __future__ import annotations

import errno
import os

import pytest

from osem_tasks.output.streams import CLOSED
from osem_tasks.tasks.running import unwritten


@pytest.mark.parametrize(
    "cause, full",
    [
        pytest.param(OSError(errno.EBADF, CLOSED), False, id="closed"),
        pytest.param(OSError(errno.EIO, os.strerror(errno.EIO)), False, id="broken"),
        pytest.param(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), True, id="full"),
    ],
)
def test_the_remedy_is_that_of_the_cause(cause: OSError, full: bool) -> None:
    """Only a full disk needs space; a closed stdout needs another place."""
    error = unwritten(cause)

    assert str(cause.strerror) in error.message
    assert full == ("disk" in error.remediation)
    assert error.remediation.endswith("the output elsewhere: > FILE")
