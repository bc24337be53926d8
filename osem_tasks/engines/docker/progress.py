"""The progress of a pull in words, by the events of Docker and Podman."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osem_tasks.waiting import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

_HERE = ("Pull complete", "Already exists", "Download complete")
_BEGUN = ("Pulling fs layer", "Downloading", *_HERE)
# The rate is that of the last seconds: a pull that stands still shows it.
_WINDOW = 5.0
_SHORTEST = 0.5
_MEGABYTE = 1e6


@dataclass(slots=True)
class PullProgress:
    """Adds up the layers of a pull: downloaded bytes and total bytes by layer.

    ``seen`` are all layers of which the engine spoke, ``here`` those that have arrived. The
    size of a layer is known from the moment that its download begins. ``error`` is a failure
    that the stream reported. A stream with status 200 may still report one, for example a rate
    limit.
    """

    layers: dict[str, tuple[int, int]] = field(default_factory=dict)
    error: str = ""
    seen: set[str] = field(default_factory=set)
    here: set[str] = field(default_factory=set)
    _samples: deque[tuple[float, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.seen.update(self.layers)

    def feed(self, event: Mapping[str, Any]) -> None:
        """Process one event of the stream."""
        if "error" in event:
            self.error = (event.get("errorDetail") or {}).get("message") or str(event["error"])
        layer, status = event.get("id"), event.get("status")
        if not layer or status not in _BEGUN:
            return
        self.seen.add(layer)
        detail = event.get("progressDetail") or {}
        # Extraction restarts the count at zero, so only the download is shown.
        if status == "Downloading" and detail.get("total"):
            self.layers[layer] = (int(detail.get("current") or 0), int(detail["total"]))
        elif status in _HERE:
            self.here.add(layer)
            if layer in self.layers:
                self.layers[layer] = (self.layers[layer][1],) * 2
        self._sample()

    @property
    def megabytes(self) -> float:
        """The megabytes that were downloaded."""
        return self._downloaded / _MEGABYTE

    @property
    def rate(self) -> float | None:
        """Megabytes a second, of the last seconds; None before that can be told."""
        if not self._samples:
            return None
        begin, before = self._samples[0]
        seconds = clock.now() - begin
        return (self._downloaded - before) / _MEGABYTE / seconds if seconds >= _SHORTEST else None

    def __str__(self) -> str:
        """Return ``42 of 160 MB, 8.1 MB/s, 3 of 5 layers``, as far as it is known."""
        count = f"{len(self.here):,} of {len(self.seen):,} layer{'s' * (len(self.seen) != 1)}"
        unpacks = bool(self.seen) and self.here == self.seen
        rate = None if unpacks else self.rate
        parts = (
            self._amount,
            "" if rate is None else f"{rate:.1f} MB/s",
            count,
            "unpacking" if unpacks else "",
        )
        return ", ".join(filter(None, parts))

    @property
    def _downloaded(self) -> int:
        return sum(current for current, _ in self.layers.values())

    @property
    def _amount(self) -> str:
        """The bytes in words; the total only if the size of every missing layer is known."""
        if self.seen - self.here - set(self.layers):
            return f"{self.megabytes:.0f} MB"
        return (
            f"{self.megabytes:.0f} of {sum(t for _, t in self.layers.values()) / _MEGABYTE:.0f} MB"
        )

    def _sample(self) -> None:
        """Remember how much was here, for the rate."""
        now = clock.now()
        self._samples.append((now, self._downloaded))
        while len(self._samples) > 2 and now - self._samples[1][0] > _WINDOW:  # noqa: PLR2004
            self._samples.popleft()
