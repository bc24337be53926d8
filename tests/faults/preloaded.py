"""Loads whatever a task may load: forked processes then begin with all of it.

None of it reads the environment when it is imported.
"""

from __future__ import annotations

import importlib
import pkgutil

from tests.support import botocore_once
from tests.support.forked import LOADED, PACKAGES

DATA = ("osem_tasks.data", "osem_tasks.data.migration", "osem_tasks.aws")

for name in (*LOADED, "filelock", "tests.faults.processes"):
    importlib.import_module(name)
for package in map(importlib.import_module, (*PACKAGES, *DATA)):
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
botocore_once.warm()
