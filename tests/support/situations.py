"""A situation for the checks of `local.doctor`: this machine, with a request of the test's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.config.settings import Settings
from osem_tasks.doctor.situation import Situation
from osem_tasks.engines import registry
from osem_tasks.engines.base import EngineRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUEST = EngineRequest(
    name="osem-doctor", default_port=0, default_image=DEFAULTS["image"], timeout=5.0
)


def situation_of(
    variables: Mapping[str, str] | None = None,
    configuration: Mapping[str, Any] | None = None,
    **request: Any,
) -> Situation:
    """A situation with these variables, keys of `osem` and fields of the request."""
    shell = dict(variables or {})
    settings = Settings.read(
        {**DEFAULTS, **(configuration or {})}, shell, engines=registry.choices()
    )
    return Situation(request=replace(REQUEST, **request), settings=settings, variables=shell)
