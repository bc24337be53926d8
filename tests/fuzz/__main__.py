"""Mutate declarations for a while: ``python -m tests.fuzz --minutes 10``.

An input that fails is kept in ``tests/fuzz/seeds`` and is part of the tests from then on.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import sys
import time
import traceback

from tests.fuzz.reader import SEEDS, Mutator, read

MEMORY = 500_000_000


def main() -> int:
    """Run until the minutes of CPU time are over; the exit code says whether all held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="CPU time, in minutes")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random choices")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY, resource.RLIM_INFINITY))
    mutator, tried, failed = Mutator(options.seed), 0, 0
    while time.process_time() < options.minutes * 60:
        name, content = mutator.next()
        tried += 1
        try:
            read(name, content)
        except Exception:  # noqa: BLE001  whatever it is, it is a finding
            failed += 1
            path = SEEDS / f"found-{hashlib.sha256(content).hexdigest()[:12]}-{name}"
            path.write_bytes(content)
            sys.stdout.write(f"{path}\n{traceback.format_exc()}\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    sys.stdout.write(
        f"seed {options.seed}: {tried:,} inputs, {failed} failed, {peak / 1e6:.0f} MB at most\n"
    )
    return 1 if failed or peak > MEMORY else 0


if __name__ == "__main__":
    sys.exit(main())
