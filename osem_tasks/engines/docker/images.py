"""Pull absent images, show the progress, and report errors from the stream."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.engines.base import Milestone
from osem_tasks.engines.docker import client, errors, names
from osem_tasks.engines.docker.product import DOCKER
from osem_tasks.engines.docker.progress import PullProgress
from osem_tasks.waiting import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient

    from osem_tasks.engines.base import EngineRequest, Say
    from osem_tasks.engines.docker.product import Product
    from osem_tasks.errors import OsemError

# Docker reports a pull dozens of times a second. In seconds.
_TELL_EVERY = 0.25


def ensure(
    docker: DockerClient,
    image: str,
    say: Say,
    host: str,
    *,
    whose: Product = DOCKER,
    mirror: str = "",
) -> None:
    """Pull ``image`` if it is absent from the engine at ``host``.

    ``mirror`` is the command that uses the same image of another registry, if there is one.
    Raises OsemError (IMAGE_NOT_FOUND) with the reason.
    """
    from docker.errors import APIError, DockerException, ImageNotFound

    def failed(reason: str) -> OsemError:
        return errors.pull_failed(image, reason, whose=whose, mirror=mirror)

    try:
        docker.images.get(image)
    except ImageNotFound:
        say(Milestone(f"pulling {image}"))
    else:
        return
    try:
        failure = _pull(docker, image, say, whose)
    except ImageNotFound as error:
        raise failed(f"{whose.name} broke off in the middle.") from error
    except APIError as error:
        raise failed(error.explanation or str(error)) from error
    except TimeoutError as error:
        raise failed(f"the pull stands still ({error}).") from error
    except DockerException as error:
        if not errors.is_of_credentials(error):
            raise
        raise errors.no_credentials(image, error, host, whose) from error
    if failure:
        raise failed(failure)


def ensure_requested(
    docker: DockerClient, request: EngineRequest, say: Say, host: str, whose: Product
) -> None:
    """Pull the image of ``request`` if it is absent. Raises OsemError as ``ensure`` does."""
    image = request.image or request.default_image
    mirror = names.mirror_of(image)
    instead = replace(request, image=mirror).command() if mirror else ""
    ensure(docker, image, say, host, whose=whose, mirror=instead)


def _pull(docker: DockerClient, image: str, say: Say, whose: Product) -> str:
    """Pull an image; return a failure that the stream reported, or an empty string."""
    progress, begin, told = PullProgress(), clock.now(), 0.0
    # Podman may be configured to guess no registry for a name without one.
    name = image if whose is DOCKER else names.qualified(image)
    with warnings.catch_warnings():
        # The SDK warns of an absent credential helper, and then raises.
        warnings.simplefilter("ignore", UserWarning)
        stream = docker.api.pull(name, stream=True, decode=True)
    for event in client.events(stream):
        progress.feed(event)
        if progress.seen and clock.now() - told >= _TELL_EVERY:
            told = clock.now()
            say(f"pulling {image}: {progress}")
    if not progress.error:
        docker.images.get(image)
        size = f"{progress.megabytes:.0f} MB in " if progress.megabytes else "in "
        say(Milestone(f"pulled {image}: {size}{clock.now() - begin:.0f} s"))
    return progress.error


def inherited_labels(docker: DockerClient, image_id: str) -> Mapping[str, str]:
    """Return the labels that a container inherits from its image; none if the image is gone."""
    from docker.errors import ImageNotFound

    try:
        attributes = docker.images.get(image_id).attrs
    except ImageNotFound:
        return {}
    return (attributes.get("Config") or {}).get("Labels") or {}
