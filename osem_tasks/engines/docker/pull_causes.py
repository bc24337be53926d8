"""Why an image cannot be pulled, by the words of the engine, and what helps.

The words are those of Docker 20 to 28 (the classic store and containerd's) and Podman 3 to 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.engines.docker import causes, names
from osem_tasks.engines.docker.product import DOCKER

if TYPE_CHECKING:
    from osem_tasks.engines.docker.product import Product


@dataclass(frozen=True, slots=True)
class PullCause:
    """A cause that ``pattern`` finds in the engine's words: ``why``, and what helps.

    ``{registry}`` is the image's registry, ``{name}`` and ``{cli}`` are the engine's product,
    ``{pull}`` is its command that pulls the image.
    ``elsewhere`` says that the same image from another registry may help.
    """

    pattern: str
    why: str
    remedy: str
    elsewhere: bool = False


_PROXY = "Correct the proxy of the {name} engine and restart it; its settings: {cli} info"
# The first match counts. Words of the network come late: other messages quote them.
CAUSES = (
    PullCause(
        r"short-name|unqualified-search registries",
        "{name} knows no registry for a name without one",
        "Name the registry: --image docker.io/{image}",
    ),
    PullCause(
        r"insufficient UIDs or GIDs|not be enough IDs available",
        "this user has too few user ids for the image's files",
        causes.SUBORDINATE_IDS,
    ),
    PullCause(
        r"toomanyrequests|too many requests|rate ?limit|rate exceeded",
        "{registry} limits how much may be pulled, and that is used up",
        "Log in, which raises the limit: {cli} login {registry}",
        elsewhere=True,
    ),
    PullCause(
        r"is blocked in|rejected by policy|access management|not allowed by|restricted by"
        r"|blocked by|disabled by",
        "the settings of {name}, or your organization, forbid {registry}",
        "Ask who administers {name} for a registry that is allowed",
        elsewhere=True,
    ),
    PullCause(
        r"no space left|disk quota|not enough space|disk is full|ENOSPC",
        "there is no space left for it",
        "{cli} system df   shows what fills {name}'s disk; {cli} image prune   frees some",
    ),
    PullCause(
        r"no matching manifest for windows|cannot be used on this platform",
        "it is not made for Windows containers",
        "Switch Docker Desktop to Linux containers: DockerCli.exe -SwitchLinuxEngine",
    ),
    PullCause(
        r"no matching manifest|no image found in (image index|manifest list)"
        r"|no match for platform|does not (match|provide) the specified platform",
        "it is not made for the processor of this machine",
        "Name an image that is: --image IMAGE",
    ),
    PullCause(
        r"proxy authentication required|\b407\b",
        "the engine's proxy wants a user name and a password",
        _PROXY,
    ),
    PullCause(
        r"proxyconnect|proxy: |connecting to proxy|invalid proxy",
        "the engine's proxy does not serve",
        _PROXY,
    ),
    PullCause(
        r"server gave HTTP response to HTTPS client",
        "{registry} does not use TLS, and {name} demands it",
        "Declare {registry} as insecure in the settings of {name}, or name another image: "
        "--image IMAGE",
    ),
    PullCause(
        r"certificate has expired|not yet valid",
        "the certificate of {registry} is not valid at the time of this machine's clock",
        "date   shows the clock; set it, then run the command again",
    ),
    PullCause(
        r"x509|certificate|tls: (bad|unknown|handshake failure)",
        "the certificate of {registry} is not accepted, as behind a company's proxy that reads TLS",
        "Add the company's CA certificate to the system's trust store (update-ca-certificates or "
        "update-ca-trust), then restart the {name} engine",
    ),
    PullCause(
        r"\blookup \S+|no such host|name resolution|server misbehaving|could not resolve",
        "the name of {registry} cannot be resolved: there is no network, or no DNS",
        "Connect to the network, then run the command again; the same pull by hand: {pull}",
    ),
    PullCause(
        r"authorization token has expired|token is expired|reauthenticate",
        "the login at {registry} has expired",
        "{cli} logout {registry}   pulls without it, as a public image allows",
    ),
    PullCause(
        r"incorrect username or password|invalid username/password|no basic auth credentials",
        "{registry} does not accept the login of {name}",
        "{cli} login {registry}   corrects it; {cli} logout {registry}   pulls without it",
    ),
    PullCause(
        r"pull access denied|requested access to the resource is denied|repository does not exist",
        "{registry} has no such image, or it is private",
        "Correct the name: --image IMAGE   or log in: {cli} login {registry}",
    ),
    PullCause(
        r"manifest unknown|name unknown|name_unknown|manifest for \S+ not found|: not found\b"
        r"|\b404\b|no such image|repository name not known",
        "{registry} has no such image or tag",
        "{pull}   shows the same: correct the name or the tag: --image IMAGE",
    ),
    PullCause(
        r"unauthorized|authentication required|(?<!permission )denied|forbidden|\b40[13]\b",
        "{registry} does not let this machine pull it",
        "{cli} login {registry}   if you have an account there",
        elsewhere=True,
    ),
    PullCause(
        r"network is unreachable|no route to host|connection refused|i/o timeout|timed out"
        r"|Client\.Timeout|deadline exceeded|handshake timeout|request canceled|stands still",
        "{registry} cannot be reached",
        "Connect to the network, then run the command again; the same pull by hand: {pull}",
        elsewhere=True,
    ),
    PullCause(
        r"\bEOF\b|connection reset|happened during read|stream error|broken pipe|broke off"
        r"|filesystem layer verification failed|httpReadSeeker",
        "the download broke off",
        "Run the command again, or see how the pull fares: {pull}",
        elsewhere=True,
    ),
    PullCause(
        r"\b50[0234]\b|internal server error|service unavailable|bad gateway",
        "{registry} itself fails",
        "Run the command again later",
        elsewhere=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a pull failed (empty if it is unknown), and what helps."""

    why: str
    remedy: str
    elsewhere: bool = False


def explain(image: str, reason: str, product: Product) -> Explanation:
    """Return why ``image`` cannot be pulled, by the engine's ``reason``, and what helps."""
    # The same name that this package pulls: Podman may know no registry for a short one.
    name = image if product is DOCKER else names.qualified(image)
    pull = f"{product.cli} pull {name}"
    for row in CAUSES:
        if re.search(row.pattern, reason, re.IGNORECASE):
            why, remedy = (
                product.fill(text)
                .replace("{registry}", names.registry_of(image))
                .replace("{pull}", pull)
                .replace("{image}", image)
                for text in (row.why, row.remedy)
            )
            return Explanation(why, remedy, row.elsewhere)
    return Explanation("", causes.remedy_of(reason, product) or f"{pull}   shows why")
