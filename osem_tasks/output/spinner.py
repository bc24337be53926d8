"""A wrapper of halo's spinner that works around its bugs. No other module uses halo.

halo writes frames to pipes, hides its last line when disabled, crashes on a stream that is not
UTF-8, and wraps the standard streams on import.
"""

from __future__ import annotations

import atexit
import os
import re
import threading
from typing import TYPE_CHECKING, Any, TextIO

from osem_tasks.waiting import interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The columns that a frame, the space behind it and the cursor take.
_FRAME = 3
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def wants_spinner(stream: TextIO, variables: Mapping[str, str]) -> bool:
    """Return whether the stream is an interactive terminal that can show a spinner."""
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    return (
        stream.isatty()
        and encoding == "utf8"
        and variables.get("TERM") != "dumb"
        and not variables.get("CI")
    )


class Spinner:
    """A spinner that shares its terminal with lines of text; does nothing if none is started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._halo: Any = None

    @property
    def spins(self) -> bool:
        """Whether a spinner is shown."""
        return self._halo is not None

    def start(self, text: Callable[[], str], stream: TextIO) -> None:
        """Start the spinner if halo is available; a missing halo must not stop a task.

        Every frame shows the ``text`` of that moment.
        """

        def line() -> str:
            # A line break, or a text that is longer than the line, would leave old frames.
            return fitting(_CONTROL.sub(" ", text()), stream)

        halo = _halo(line(), stream)
        if halo is None:
            return
        render = halo._render_frame  # noqa: SLF001  halo has no public way to hook it

        def render_alone() -> None:
            # The lock prevents a frame between a cleared line and the text that replaces it.
            with self._lock:
                if self._halo is not None:
                    self._halo.text = line()
                    render()

        halo._render_frame = render_alone  # noqa: SLF001
        # An interrupt in between would leave a frame on the screen.
        with interrupts.shielded():
            self._halo = halo
            halo.start()

    def stop(self) -> None:
        """Stop the spinner and restore the cursor."""
        with interrupts.shielded():
            with self._lock:
                halo, self._halo = self._halo, None
            # Outside the lock: stop() joins a thread that may be waiting for the lock.
            if halo is not None:
                halo.stop()

    def interrupted(self, write: Callable[[], None]) -> None:
        """Clear the spinner's line, then ``write`` a line of text in its place."""
        with self._lock:
            if self._halo is not None:
                self._halo.clear()
            write()


def fitting(text: str, stream: TextIO) -> str:
    """Return ``text``, cut to the terminal's width as it is now.

    halo measures stdout, which may be a file, and cuts off more than it has to.
    """
    try:
        room = os.get_terminal_size(stream.fileno()).columns - _FRAME
    except (OSError, ValueError):
        return text
    return text if len(text) <= room or room < 1 else f"{text[: room - 1]}…"


def _halo(text: str, stream: TextIO) -> Any:
    import warnings

    try:
        # halo calls colorama.init() on import, which wraps stdout and stderr permanently.
        import colorama
        from halo import Halo

        colorama.deinit()
        # colorama would write a reset code at exit, even with NO_COLOR.
        atexit.unregister(colorama.initialise.reset_all)
    except ImportError:
        return None
    warnings.filterwarnings("ignore", "setDaemon", DeprecationWarning)
    return Halo(text=text, stream=stream, color="cyan", interval=100)
