"""Pull absent images, show the progress, and report errors from the stream."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osem_tasks.engines.docker import client, errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient

    from osem_tasks.engines.base import Say

_DONE = ("Pull complete", "Already exists", "Download complete")


@dataclass(slots=True)
class PullProgress:
    """Adds up the layers of a pull: downloaded bytes and total bytes.

    ``error`` is a failure that the stream reported. A stream with status 200 may still report
    one, for example a rate limit.
    """

    layers: dict[str, tuple[int, int]] = field(default_factory=dict)
    error: str = ""

    def feed(self, event: dict[str, Any]) -> None:
        """Process one event of the stream."""
        if "error" in event:
            self.error = event.get("errorDetail", {}).get("message") or event["error"]
        layer, detail = event.get("id"), event.get("progressDetail") or {}
        # Extraction restarts the count at zero, so only the download is shown.
        if layer and detail.get("total") and event.get("status") == "Downloading":
            self.layers[layer] = (int(detail.get("current", 0)), int(detail["total"]))
        elif layer in self.layers and event.get("status") in _DONE:
            self.layers[layer] = (self.layers[layer][1],) * 2

    def __str__(self) -> str:
        current = sum(here for here, _ in self.layers.values()) / 1e6
        total = sum(size for _, size in self.layers.values()) / 1e6
        layers = "1 layer" if len(self.layers) == 1 else f"{len(self.layers)} layers"
        return f"{current:.0f} of {total:.0f} MB, {layers}"


def ensure(docker: DockerClient, image: str, say: Say, host: str) -> None:
    """Pull ``image`` if it is absent from the Docker engine at ``host``.

    Raises OsemError (IMAGE_NOT_FOUND) with the reason.
    """
    from docker.errors import APIError, DockerException, ImageNotFound

    try:
        docker.images.get(image)
    except ImageNotFound:
        say(f"pulling {image}")
    else:
        return
    try:
        failure = _pull(docker, image, say)
    except ImageNotFound as error:
        raise errors.pull_failed(image, "Docker broke off in the middle.") from error
    except APIError as error:
        raise errors.pull_failed(image, error.explanation or str(error)) from error
    except TimeoutError as error:
        raise errors.pull_failed(image, f"the pull stands still ({error}).") from error
    except DockerException as error:
        if not errors.is_of_credentials(error):
            raise
        raise errors.no_credentials(image, error, host) from error
    if failure:
        raise errors.pull_failed(image, failure)


def _pull(docker: DockerClient, image: str, say: Say) -> str:
    """Pull an image; return a failure that the stream reported, or an empty string."""
    progress = PullProgress()
    with warnings.catch_warnings():
        # The SDK warns of an absent credential helper, and then raises.
        warnings.simplefilter("ignore", UserWarning)
        stream = docker.api.pull(image, stream=True, decode=True)
    for event in client.events(stream):
        progress.feed(event)
        if progress.layers:
            say(f"pulling {image}: {progress}")
    if not progress.error:
        docker.images.get(image)
    return progress.error


def inherited_labels(docker: DockerClient, image_id: str) -> Mapping[str, str]:
    """Return the labels that a container inherits from its image; none if the image is gone."""
    from docker.errors import ImageNotFound

    try:
        attributes = docker.images.get(image_id).attrs
    except ImageNotFound:
        return {}
    return (attributes.get("Config") or {}).get("Labels") or {}
