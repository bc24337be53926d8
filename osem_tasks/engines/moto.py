"""moto's server as a detached process: the engine for machines with nothing but Python."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import process
from osem_tasks.engines.detached import DetachedEngine, marker
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import emulators

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.engines.base import EngineRequest

INSTALL = 'pip install "moto[dynamodb]" flask flask-cors'
# What the server needs for DynamoDB and STS: distributions, and the modules in them.
PACKAGES = {
    "moto": "moto",
    "flask": "flask",
    "flask-cors": "flask_cors",
    "py-partiql-parser": "py_partiql_parser",
}
MODULE = "moto.server"


class MotoEngine(DetachedEngine):
    """moto's server, with the interpreter that runs this."""

    kind = "moto"
    product = "moto's server"
    answers_as = emulators.MOTO

    def check(self) -> str:
        """Describe the installed moto. Raises OsemError (ENGINE_UNAVAILABLE) if there is none."""
        missing = [
            name
            for name, module in PACKAGES.items()
            if not (importlib.util.find_spec(module) and process.is_installed(name))
        ]
        if missing:
            raise OsemError(
                f"The moto engine cannot run: not installed as Python packages: {', '.join(missing)}.",
                code=ErrorCode.ENGINE_UNAVAILABLE,
                remediation=INSTALL,
            )
        return "moto is installed"

    def command(self, request: EngineRequest, port: int) -> Sequence[str]:
        """Return the command; Python accepts any ``-X`` option and ignores unknown ones."""
        return process.python_command(
            MODULE,
            "-H",
            LOOPBACK,
            "-p",
            str(port),
            mark=marker(request.name),
            distribution="moto",
        )

    def is_server(self, words: Sequence[str]) -> bool:
        """Return whether the command line runs moto's server."""
        return MODULE in words

    def mending(self) -> str:
        """Return the command that installs moto."""
        return INSTALL
