"""The table of local engines, one row per kind, in the order that ``auto`` tries them.

A new kind of engine needs a row here and a class in a separate file.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from osem_tasks.errors import OsemError
from osem_tasks.schema import emulators

if TYPE_CHECKING:
    from osem_tasks.engines.base import Engine, EngineRequest


# Requests the first kind of engine that works on this machine.
AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKind:
    """A kind of engine.

    Its class (``location``, as ``module:class``) is imported on first use, so that the task
    list loads no SDK. ``answers_as`` is the DynamoDB that answers at its endpoint.
    ``weakness`` says what the kind lets pass, if another one is to be preferred for that.
    """

    name: str
    location: str
    answers_as: emulators.Engine
    weakness: str = ""

    def create(self) -> Engine:
        """Return the engine without contacting or starting anything."""
        engine: Engine = pkgutil.resolve_name(self.location)()
        return engine


KINDS = (
    EngineKind(
        name="docker",
        location="osem_tasks.engines.docker.engine:DockerEngine",
        answers_as=emulators.DYNAMODB_LOCAL,
    ),
    EngineKind(
        name="java",
        location="osem_tasks.engines.java.engine:JavaEngine",
        answers_as=emulators.DYNAMODB_LOCAL,
    ),
    EngineKind(
        name="ministack",
        location="osem_tasks.engines.ministack:MinistackEngine",
        answers_as=emulators.MINISTACK,
    ),
    EngineKind(
        name="moto",
        location="osem_tasks.engines.moto:MotoEngine",
        answers_as=emulators.MOTO,
        weakness=(
            "moto lets pass 14 of 34 requests that AWS refuses (ministack 3, DynamoDB Local 1)"
        ),
    ),
)


def names() -> tuple[str, ...]:
    """Return the names of all kinds, as in records."""
    return tuple(kind.name for kind in KINDS)


def choices() -> tuple[str, ...]:
    """Return the names that a user may choose."""
    return (AUTO, *names())


def choices_in_words(auto: str = AUTO) -> str:
    """Return the choices for a help text: ``auto, docker, java, ministack or moto``."""
    *first, last = (auto, *names())
    return f"{', '.join(first)} or {last}"


def kind_of(name: str) -> EngineKind:
    """Return the kind ``name``. Raises KeyError if there is none."""
    return {kind.name: kind for kind in KINDS}[name]


def alternatives(name: str, request: EngineRequest) -> str:
    """Return the end of a remedy: commands that request a kind of engine other than ``name``.

    Only kinds that support the request and can run here are included: a command that fails at
    once is no remedy. The image is omitted: it fits ``name``.
    """
    other_engines = (kind.create() for kind in KINDS if kind.name != name)
    return "".join(
        f"   or use another engine: {replace(request, engine=engine.kind, image=None).command()}"
        for engine in other_engines
        if (engine.persists or not request.persist) and can_run(engine)
    )


def can_run(engine: Engine) -> bool:
    """Return whether the check of ``engine`` finds what it needs on this machine."""
    try:
        engine.check()
    except OsemError:
        return False
    return True
