"""halo's spinner with its faults fenced in. Nothing else knows halo.

halo writes frames into pipes, hides its last line when disabled, crashes on a stream that
is not UTF-8 and wraps the standard streams when imported; hence the care here.
"""

from __future__ import annotations

import atexit
import re
import threading
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def wants_spinner(stream: TextIO, variables: Mapping[str, str]) -> bool:
    """Whether a person looks on at a terminal that can show a spinner."""
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    return (
        stream.isatty()
        and encoding == "utf8"
        and variables.get("TERM") != "dumb"
        and not variables.get("CI")
    )


class Spinner:
    """A spinner that shares its terminal with lines of text, or nothing at all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._halo: Any = None

    def start(self, text: str, stream: TextIO) -> None:
        """Begin to turn, where halo can be had: it must never stop a task."""
        halo = _halo(text, stream)
        if halo is None:
            return
        render = halo._render_frame  # noqa: SLF001  halo has no public way to hook it

        def render_alone() -> None:
            # Not between the clearing of a frame and the line that takes its place.
            with self._lock:
                if self._halo is not None:
                    render()

        halo._render_frame = render_alone  # noqa: SLF001
        self._halo = halo
        halo.start()

    def stop(self) -> None:
        """Stop turning; the cursor is back afterwards."""
        with self._lock:
            halo, self._halo = self._halo, None
        # Outside the lock, for which the thread that it joins may be waiting.
        if halo is not None:
            halo.stop()

    def show(self, text: str) -> bool:
        """Put ``text`` beside the spinner; False where none turns."""
        with self._lock:
            if self._halo is None:
                return False
            # Cut to the terminal's width by halo; a line break would leave a trail.
            self._halo.text = _CONTROL.sub(" ", text)
            return True

    def interrupted(self, write: Callable[[], None]) -> None:
        """Clear the spinner's line, then ``write`` a line of text in its place."""
        with self._lock:
            if self._halo is not None:
                self._halo.clear()
            write()


def _halo(text: str, stream: TextIO) -> Any:
    import warnings

    try:
        # halo calls colorama.init() on import, which wraps stdout and stderr for good.
        import colorama
        from halo import Halo

        colorama.deinit()
        # It would write a reset code at exit, under NO_COLOR too.
        atexit.unregister(colorama.initialise.reset_all)
    except ImportError:
        return None
    warnings.filterwarnings("ignore", "setDaemon", DeprecationWarning)
    return Halo(text=text, stream=stream, color="cyan", interval=100)
