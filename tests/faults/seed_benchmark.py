"""Print what a seed of 100 items costs a test: ``python -m tests.faults.seed_benchmark [KIND...]``.

Engines are started for it and removed. Nothing is asserted: times belong to the machine.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.config.settings import Settings
from osem_tasks.data import seed
from osem_tasks.declarations.osem import TABLES
from osem_tasks.engines import manager, registry
from osem_tasks.engines.base import EngineRequest
from osem_tasks.testing import server_at

if TYPE_CHECKING:
    from collections.abc import Mapping

ITEMS, ROUNDS = 100, 10


def items() -> Mapping[str, list[Any]]:
    """OSEM's organisation, filled up to 100 items by those of a second department."""
    declared = {table.name: table for table in TABLES}
    found = seed.load(["osem_tasks.data.osem_seed:organisation"], Path(), declared, 2)
    first = seed.load(["osem_tasks.data.osem_seed:organisation"], Path(), declared, 1)
    left = ITEMS - sum(map(len, first.values()))
    return {
        name: of_first + (found[name][len(of_first) :][:left] if name == "Assessments" else [])
        for name, of_first in first.items()
    }


def measure(endpoint: str, kind: str) -> None:
    """Print the median and the longest of some seeds, each into empty tables."""
    server = server_at(endpoint)
    settings = Settings.read({}, {}, engines=registry.choices())
    chosen, times = items(), []
    count = sum(map(len, chosen.values()))
    for _ in range(ROUNDS):
        database = server.database()
        database.setup(settings, TABLES)
        begin = time.perf_counter()
        database.seed(settings, TABLES, chosen)
        times.append((time.perf_counter() - begin) * 1000)
        server.release(database)
    sys.stdout.write(
        f"{kind:10} {count} items: median {statistics.median(times):.0f} ms, "
        f"longest {max(times):.0f} ms, {ROUNDS} tests\n"
    )


def main(kinds: list[str]) -> None:
    """Measure each kind of engine in turn."""
    for kind in kinds:
        name = f"osem-seed-{uuid.uuid4().hex[:8]}"
        with tempfile.TemporaryDirectory() as state, pytest.MonkeyPatch.context() as patch:
            patch.setenv("OSEM_STATE_DIR", state)
            request = EngineRequest(
                name=name,
                default_port=0,
                default_image=os.environ.get("OSEM_LOCAL_IMAGE", str(DEFAULTS["image"])),
                timeout=60,
                engine=kind,
                shared=False,
            )
            record = manager.bring_up(request, lambda _: None).record
            try:
                measure(record.endpoint, kind)
            finally:
                manager.take_down(name)


if __name__ == "__main__":
    main(sys.argv[1:] or ["docker", "moto"])
