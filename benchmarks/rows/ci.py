"""The whole of CI, which no benchmark can run: it installs Debian packages and takes minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from benchmarks.row import LeftOutError, Row

if TYPE_CHECKING:
    from benchmarks.place import Place


# Seconds, measured before uv, one installation and sessions side by side.
BEFORE = 588
GOAL = 0.6


def elsewhere(_place: Place) -> NoReturn:
    """Say where the time is."""
    raise LeftOutError(
        f"`bash .ci/run` prints the seconds of each step and their sum: {GOAL * BEFORE:.0f} s at most"
    )


ROWS = (
    Row(
        name="ci",
        what="bash .ci/run",
        against=f"the {BEFORE} s that it took at first",
        goal=GOAL,
        pair=elsewhere,
    ),
)
