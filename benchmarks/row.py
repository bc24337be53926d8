"""The shape of a row of the table: two things to run in turn, and how much slower ours may be.

A row is added to the ``ROWS`` of a module in ``benchmarks/rows``::

    @contextmanager
    def listing(place: Place) -> Iterator[Pair]:
        with empty_project() as other:                         # not measured
            yield Pair(
                ours=lambda: place.inv("--list"),              # one repetition each
                reference=lambda: place.inv("--list", cwd=other),
            )

    ROWS = (Row(name="list", what="`inv --list`", goal=1.1, against="...", pair=listing),)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from benchmarks.place import Place

Quantity = Literal["wall", "peak", "size"]
UNITS: dict[Quantity, str] = {"wall": "s", "peak": "MB", "size": "MB"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One repetition: seconds of wall time and of user and system time, megabytes.

    ``peak`` is the resident memory of the largest process, ``size`` what was written to disk.
    ``note`` is what else a reader should know, such as which task was the largest.
    """

    wall: float
    cpu: float = 0.0
    peak: float = 0.0
    size: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """What is measured in turn: each call is one repetition.

    ``reference`` may be a number, in the row's unit: an ideal that is computed.
    """

    ours: Callable[[], Sample]
    reference: Callable[[], Sample] | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table.

    ``goal`` is the largest ratio of our median to the reference's; None if the row is only
    shown. ``pair`` prepares and cleans up outside the measurement, and raises LeftOutError if
    this machine lacks what the row needs. ``warm_up`` repetitions are not counted.
    """

    name: str
    what: str
    against: str
    goal: float | None
    pair: Callable[[Place], AbstractContextManager[Pair]]
    measured: Quantity = "wall"
    repetitions: int = 15
    warm_up: int = 2


class LeftOutError(Exception):
    """This machine lacks what a row needs; the message says what."""
