"""The kinds of local engine: a row each, in the order in which ``auto`` tries them.

A new kind of engine is a row here and a class in a file of its own.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from osem_tasks.engines.base import AUTO
from osem_tasks.schema import emulators

if TYPE_CHECKING:
    from osem_tasks.engines.base import Engine, EngineRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKind:
    """A kind of engine.

    Its class (``location``, as ``module:class``) is imported when it is first used: listing
    the tasks loads no SDK. ``answers_as`` is the DynamoDB that answers at its endpoint.
    """

    name: str
    location: str
    answers_as: emulators.Engine

    def create(self) -> Engine:
        """The engine; nothing is contacted or started yet."""
        engine: Engine = pkgutil.resolve_name(self.location)()
        return engine


KINDS = (
    EngineKind(
        name="docker",
        location="osem_tasks.engines.docker.engine:DockerEngine",
        answers_as=emulators.DYNAMODB_LOCAL,
    ),
    EngineKind(
        name="moto",
        location="osem_tasks.engines.moto:MotoEngine",
        answers_as=emulators.MOTO,
    ),
)


def names() -> tuple[str, ...]:
    """The names of all kinds, as records keep them."""
    return tuple(kind.name for kind in KINDS)


def choices() -> tuple[str, ...]:
    """What a user may choose."""
    return (AUTO, *names())


def choices_in_words(auto: str = AUTO) -> str:
    """The choices for a help text: ``auto, docker or moto``."""
    *first, last = (auto, *names())
    return f"{', '.join(first)} or {last}"


def kind_of(name: str) -> EngineKind:
    """The kind of that name. Raises KeyError where there is none."""
    return {kind.name: kind for kind in KINDS}[name]


def alternatives(name: str, request: EngineRequest) -> str:
    """The end of a remedy: the commands that request another kind of engine than ``name``.

    Only of kinds that can do what was requested. The image is left out: it is for ``name``.
    """
    other_engines = (kind.create() for kind in KINDS if kind.name != name)
    return "".join(
        f"   or use another engine: {replace(request, engine=engine.kind, image=None).command()}"
        for engine in other_engines
        if engine.persists or not request.persist
    )
