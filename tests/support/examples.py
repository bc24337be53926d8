"""How many examples a property tries: all of them, or few with `--quick`."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

QUICK_SHARE = 0.02
_share = 1.0


def choose(*, quick: bool) -> None:
    """Set how many examples a property tries; called before the tests are imported.

    A busy machine is no reason for a test to fail, hence no deadline for one example.
    """
    global _share  # noqa: PLW0603  the one switch of a test run
    _share = QUICK_SHARE if quick else 1.0
    settings.register_profile("osem", deadline=None, max_examples=5 if quick else 60)
    settings.load_profile("osem")


def examples(number: int) -> settings:
    """So many examples, the same ones in every run, with no limit of time."""
    return settings(
        max_examples=max(1, round(number * _share)),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
