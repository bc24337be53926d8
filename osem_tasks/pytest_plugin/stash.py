"""What the plugin stores in pytest's configuration during a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from osem_tasks.aws.watch import Watch
    from osem_tasks.pytest_plugin.facts import Facts
    from osem_tasks.pytest_plugin.options import Environment
    from osem_tasks.schema.model import TableSet
    from osem_tasks.testing import Server

# The id of the run, and the process that owns its engine.
RUN: pytest.StashKey[str] = pytest.StashKey()
OWNER: pytest.StashKey[int] = pytest.StashKey()
# Whether this process, or a worker of it, may have started an engine.
STARTED: pytest.StashKey[bool] = pytest.StashKey()
# How many xdist workers run.
NODES: pytest.StashKey[int] = pytest.StashKey()
SERVER: pytest.StashKey[Server] = pytest.StashKey()
WATCH: pytest.StashKey[Watch] = pytest.StashKey()
# The declared tables, and the items of the seed by table.
SEED: pytest.StashKey[tuple[TableSet, dict[str, list[Any]]]] = pytest.StashKey()
FACTS: pytest.StashKey[Facts] = pytest.StashKey()
ENVIRONMENT: pytest.StashKey[Environment] = pytest.StashKey()
