"""Measure the rows: ours and the reference in turn, so that both meet the same noise."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.row import LeftOutError, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.place import Place
    from benchmarks.row import Row


@dataclass(frozen=True, slots=True)
class Result:
    """A measured row; ``left_out`` says why a row was not measured."""

    row: Row
    ours: tuple[Sample, ...] = ()
    reference: tuple[Sample, ...] = ()
    left_out: str = ""

    @property
    def our_median(self) -> float:
        """The median of ours, in the row's unit."""
        return self._median(self.ours)

    @property
    def reference_median(self) -> float:
        """The median of the reference, in the row's unit."""
        return self._median(self.reference)

    @property
    def ratio(self) -> float:
        """Our median divided by the reference's."""
        return self.our_median / self.reference_median

    @property
    def cpu_ratio(self) -> float | None:
        """The ratio of user and system time, which other work on the machine disturbs less."""
        if not any(sample.cpu for sample in self.reference):
            return None
        ours = median(sample.cpu for sample in self.ours)
        return ours / median(sample.cpu for sample in self.reference)

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        return None if self.row.goal is None else self.ratio <= self.row.goal

    def _median(self, samples: Sequence[Sample]) -> float:
        values: list[Any] = [getattr(sample, self.row.measured) for sample in samples]
        return float(median(values))


def measure(row: Row, place: Place, repetitions: int | None = None) -> Result:
    """Measure one row; ``repetitions`` replaces the row's own number."""
    count = repetitions or row.repetitions
    ours: list[Sample] = []
    reference: list[Sample] = []
    try:
        with row.pair(place) as pair:
            fixed = pair.reference
            if not callable(fixed):
                ideal = Sample(fixed, 0.0, fixed, fixed)
                reference = [ideal]
            for number in range(-min(row.warm_up, count), count):
                sample = pair.ours()
                if number >= 0:
                    ours.append(sample)
                if callable(fixed):
                    sample = fixed()
                    if number >= 0:
                        reference.append(sample)
    except LeftOutError as missing:
        return Result(row, left_out=str(missing))
    return Result(row, tuple(ours), tuple(reference))
