"""How many examples a property tries: all of them, or few with `--quick`."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

QUICK_SHARE = 0.05
_share = 1.0


def be_quick() -> None:
    """Try few examples, in every property; called before the tests are imported."""
    global _share  # noqa: PLW0603  the one switch of a test run
    _share = QUICK_SHARE
    settings.register_profile("quick", max_examples=5)
    settings.load_profile("quick")


def examples(number: int) -> settings:
    """So many examples, the same ones in every run, with no limit of time."""
    return settings(
        max_examples=max(1, round(number * _share)),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
