"""The entry point of ``osem``: Ctrl-C and SIGTERM end it in one line, from the first import on.

This module imports little, because an interrupt before ``main`` would show a traceback. While a
task runs, ``waiting.interrupts`` handles the signals; before, between and after the tasks there is
nothing to clean up.
"""

from __future__ import annotations

import os
import signal
import sys
import time

import osem_tasks

TYPE_CHECKING = False  # importing `typing` takes longer than everything else here
if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_DOCUMENT = (
    '{"success": false, "command": "configuration", "environment": null, "region": null, '
    '"endpoint": null, "timestamp": "%s+00:00", "duration": 0, "data": {}, "error": {"code": '
    '"INTERRUPTED", "message": "Interrupted.", "remediation": "Run the same command again.", '
    '"details": {}}}\n'
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run ``osem`` and exit with a documented code."""
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, _end)
    osem_tasks.collect_rarely()
    try:
        from osem_tasks import program

        program.run(list(sys.argv if argv is None else argv))
    finally:
        for number in heard:  # an interrupt while Python shuts down would show a traceback
            signal.signal(number, signal.SIG_IGN)


def _end(_number: int, _frame: object) -> None:
    """Say that the program was interrupted, and end at once: an import cannot be cleaned up."""
    try:
        # If a stream was closed at the start, its number may belong to any file by now.
        if "--json" in sys.argv and sys.__stdout__ is not None:
            now = time.strftime("%Y-%m-%dT%H:%M:%S.000", time.gmtime())
            os.write(1, (_DOCUMENT % now).encode())
        if sys.__stderr__ is not None:
            os.write(2, f"{_symbol()} INTERRUPTED: Interrupted.\n".encode())
    except OSError:  # a closed stream
        pass
    finally:
        os._exit(130)


def _symbol() -> str:
    encoding = (getattr(sys.stderr, "encoding", None) or "").lower().replace("-", "")
    return "\u2717" if encoding == "utf8" else "x"
