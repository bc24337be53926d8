"""Why an image cannot be pulled: the words of real engines, what a user reads, what helps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.engines.docker import errors, names
from osem_tasks.engines.docker.product import DOCKER, podman
from osem_tasks.engines.docker.pull_causes import CAUSES, explain
from osem_tasks.errors import ErrorCode
from tests.support.examples import examples

IMAGE = "amazon/dynamodb-local:3.3.1"
MIRROR = "inv local.up --image public.ecr.aws/aws-dynamodb-local/aws-dynamodb-local:3.3.1"
PODMAN = podman("unix:///run/user/1000/podman/podman.sock")
HUB = "https://registry-1.docker.io/v2/"
SOURCE = "initializing source docker://amazon/dynamodb-local:3.3.1: "
PING = f'{SOURCE}pinging container registry registry-1.docker.io: Get "{HUB}": '
MANIFEST = f"{SOURCE}reading manifest 3.3.1 in docker.io/amazon/dynamodb-local: "
RESOLVE = 'failed to resolve reference "docker.io/amazon/dynamodb-local:3.3.1": '
COPY = "copying system image from manifest list: writing blob: "

LIMIT = "docker.io limits how much may be pulled"
NO_NAME = "the name of docker.io cannot be resolved"
NOT_REACHED = "docker.io cannot be reached"
NO_IMAGE = "docker.io has no such image or tag"
PRIVATE = "docker.io has no such image, or it is private"
REFUSES = "docker.io does not let this machine pull it"
CERTIFICATE = "the certificate of docker.io is not accepted"
PROXY = "the engine's proxy does not serve"
PROCESSOR = "not made for the processor"
SPACE = "no space left for it"
FORBIDDEN = "forbid docker.io"
BROKEN = "the download broke off"
FAILS = "docker.io itself fails"

# The engine's words; why; words of the remedy; whether the mirror of AWS helps.
DOCKERS = [
    (
        ("toomanyrequests: You have reached your unauthenticated pull rate limit. "
        "https://www.docker.com/increase-rate-limit"),
        LIMIT,
        "docker login docker.io",
        True,
    ),
    (
        ("failed to copy: httpReadSeeker: failed open: unexpected status code "
        f"{HUB}amazon/dynamodb-local/manifests/sha256:de6e: 429 Too Many Requests - Server "
        "message: toomanyrequests: You have reached your pull rate limit."),
        LIMIT,
        "docker login",
        True,
    ),
    (
        f'Get "{HUB}": dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host',
        NO_NAME,
        "Connect to the network",
        False,
    ),
    (
        (f'Get "{HUB}": dial tcp: lookup registry-1.docker.io on 192.168.65.1:53: read udp '
        "192.168.65.2:45941->192.168.65.1:53: i/o timeout"),
        NO_NAME,
        "Connect",
        False,
    ),
    (
        f'Get "{HUB}": dial tcp: lookup registry-1.docker.io: Temporary failure in name resolution',
        NO_NAME,
        "Connect",
        False,
    ),
    (f'Get "{HUB}": dial tcp 54.210.105.17:443: connect: connection refused', NOT_REACHED, "", True),
    (f'Get "{HUB}": dial tcp 3.1.1.1:443: connect: network is unreachable', NOT_REACHED, "", True),
    (
        (f'Get "{HUB}": net/http: request canceled while waiting for connection (Client.Timeout '
        "exceeded while awaiting headers)"),
        NOT_REACHED,
        "",
        True,
    ),
    (
        (f'{RESOLVE}failed to do request: Head "{HUB}amazon/dynamodb-local/manifests/3.3.1": '
        "net/http: TLS handshake timeout"),
        NOT_REACHED,
        "",
        True,
    ),
    ("context deadline exceeded", NOT_REACHED, "", True),
    (
        f'Get "{HUB}": proxyconnect tcp: dial tcp 127.0.0.1:3128: connect: connection refused',
        PROXY,
        "docker info",
        False,
    ),
    (
        f'Get "{HUB}": proxyconnect tcp: dial tcp: lookup proxy.corp on 10.0.0.2:53: no such host',
        PROXY,
        "docker info",
        False,
    ),
    (f'Get "{HUB}": Proxy Authentication Required', "wants a user name", "docker info", False),
    (
        f'Get "{HUB}": x509: certificate signed by unknown authority',
        CERTIFICATE,
        "update-ca-certificates",
        False,
    ),
    (
        f'Get "{HUB}": tls: failed to verify certificate: x509: certificate is valid for proxy.corp',
        CERTIFICATE,
        "update-ca-trust",
        False,
    ),
    (
        f'Get "{HUB}": x509: certificate has expired or is not yet valid: current time 2020-01-01',
        "this machine's clock",
        "date",
        False,
    ),
    (
        f"manifest for {IMAGE} not found: manifest unknown: manifest unknown",
        NO_IMAGE,
        f"docker pull {IMAGE}",
        False,
    ),
    (f"{RESOLVE}docker.io/amazon/dynamodb-local:3.3.1: not found", NO_IMAGE, "--image", False),
    (
        ("pull access denied for amazon/dynamodb-lokal, repository does not exist or may require "
        "'docker login': denied: requested access to the resource is denied"),
        PRIVATE,
        "docker login docker.io",
        False,
    ),
    (
        ("pull access denied for amazon/dynamodb-local, repository does not exist or may require "
        "'docker login': denied: Your authorization token has expired. Reauthenticate and try "
        "again."),
        "the login at docker.io has expired",
        "docker logout docker.io",
        False,
    ),
    (
        (f'Head "{HUB}amazon/dynamodb-local/manifests/3.3.1": unauthorized: incorrect username or '
        "password"),
        "does not accept the login",
        "docker login docker.io",
        False,
    ),
    ("unauthorized: authentication required", REFUSES, "docker login", True),
    (
        f"{RESOLVE}unexpected status from HEAD request to {HUB}: 403 Forbidden",
        REFUSES,
        "docker login",
        True,
    ),
    ("access to this image is restricted by your organization", FORBIDDEN, "administers", True),
    (
        "failed to register layer: write /lib/libc.so.6: no space left on device",
        SPACE,
        "docker system df",
        False,
    ),
    ("no matching manifest for linux/arm64/v8 in the manifest list entries", PROCESSOR, "", False),
    (
        f"{RESOLVE}no match for platform in manifest: not found",
        PROCESSOR,
        "--image IMAGE",
        False,
    ),
    (
        "no matching manifest for windows/amd64 10.0.19045 in the manifest list entries",
        "not made for Windows",
        "-SwitchLinuxEngine",
        False,
    ),
    ("unexpected EOF", BROKEN, "Run the command again", True),
    (f'Get "{HUB}": EOF', BROKEN, "Run the command again", True),
    ("read tcp 10.0.0.3:5->3.1.1.1:443: read: connection reset by peer", BROKEN, "again", True),
    ("received unexpected HTTP status: 503 Service Unavailable", FAILS, "later", True),
    (
        f'Get "{HUB}": http: server gave HTTP response to HTTPS client',
        "does not use TLS",
        "insecure",
        False,
    ),
]  # fmt: skip
PODMANS = [
    (f"{PING}dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host", NO_NAME, "", False),
    (
        (f"{PING}dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: dial udp 10.0.0.2:53: socket: "
        "permission denied"),
        NO_NAME,
        "",
        False,
    ),
    (f"{PING}dial tcp 127.0.0.1:443: connect: connection refused", NOT_REACHED, "", True),
    (f"{PING}x509: certificate signed by unknown authority", CERTIFICATE, "restart", False),
    (f"{PING}proxyconnect tcp: dial tcp 10.0.0.9:3128: connect: no route", PROXY, "", False),
    (f"{MANIFEST}manifest unknown: manifest unknown", NO_IMAGE, "--image", False),
    (f"{MANIFEST}toomanyrequests: You have reached your pull rate limit.", LIMIT, "login", True),
    (f"{MANIFEST}requested access to the resource is denied", PRIVATE, "login docker.io", False),
    (f"{MANIFEST}unauthorized: authentication required", REFUSES, "login docker.io", True),
    (
        (f"{SOURCE}registry docker.io is blocked in /etc/containers/registries.conf or "
        "/root/.config/containers/registries.conf.d"),
        FORBIDDEN,
        "administers Podman",
        True,
    ),
    (
        ("Source image rejected: Running image docker://amazon/dynamodb-local:3.3.1 is rejected by "
        "policy."),
        FORBIDDEN,
        "",
        True,
    ),
    (
        ('short-name "amazon/dynamodb-local:3.3.1" did not resolve to an alias and no '
        'unqualified-search registries are defined in "/etc/containers/registries.conf"'),
        "no registry for a name without one",
        f"--image docker.io/{IMAGE}",
        False,
    ),
    (
        "short-name resolution enforced but cannot prompt without a TTY",
        "no registry for a name without one",
        f"--image docker.io/{IMAGE}",
        False,
    ),
    (
        (f'{COPY}adding layer with blob "sha256:5a78": ApplyLayer stdout:  stderr: potentially '
        "insufficient UIDs or GIDs available in user namespace (requested 0:42 for /etc/gshadow): "
        'Check /etc/subuid and /etc/subgid if configured locally and run "podman system migrate": '
        "lchown /etc/gshadow: invalid argument exit status 1"),
        "too few user ids",
        "--add-subuids",
        False,
    ),
    (
        (f'{COPY}storing blob to file "/var/tmp/storage1/1": write /var/tmp/storage1/1: no space '
        "left on device"),
        SPACE,
        f"{PODMAN.cli} system df",
        False,
    ),
    (
        ("choosing an image from manifest list docker://amazon/dynamodb-local:3.3.1: no image found "
        'in image index for architecture arm64, variant "v8", OS linux'),
        PROCESSOR,
        "",
        False,
    ),
    (
        f'{COPY}storing blob to file "/var/tmp/1": happened during read: unexpected EOF',
        BROKEN,
        "",
        True,
    ),
]  # fmt: skip


@pytest.mark.parametrize("words, why, remedy, elsewhere", DOCKERS)
def test_dockers_words_are_explained(words: str, why: str, remedy: str, elsewhere: bool) -> None:
    """The cause, Docker's own words, what to type; the mirror only where it helps."""
    error = errors.pull_failed(IMAGE, words, mirror=MIRROR)

    assert error.code is ErrorCode.IMAGE_NOT_FOUND
    assert why in error.message
    assert f"Docker says: {words}" in error.message
    assert remedy in error.remediation
    assert (MIRROR in error.remediation) is elsewhere


@pytest.mark.parametrize("words, why, remedy, elsewhere", PODMANS)
def test_podmans_words_are_explained(words: str, why: str, remedy: str, elsewhere: bool) -> None:
    """As Docker's, and every command is Podman's."""
    error = errors.pull_failed(IMAGE, words, whose=PODMAN, mirror=MIRROR)

    assert why in error.message
    assert f"Podman says: {words}" in error.message
    assert remedy in error.remediation
    assert (MIRROR in error.remediation) is elsewhere
    assert "docker pull" not in error.remediation
    assert "docker login" not in error.remediation


def test_the_registry_of_the_image_is_named() -> None:
    """What helps with Docker Hub does not help with another registry."""
    image = "registry.corp:5000/db/dynamodb:1"
    error = errors.pull_failed(image, "unauthorized: authentication required")

    assert "registry.corp:5000 does not let this machine pull it" in error.message
    assert "docker login registry.corp:5000" in error.remediation


def test_unknown_words_are_quoted() -> None:
    """They are shown as they are, with the command that shows more."""
    error = errors.pull_failed(IMAGE, "words of a later engine")

    assert error.message.endswith("cannot be pulled: words of a later engine")
    assert error.remediation.startswith(f"docker pull {IMAGE}   shows why")


def test_a_proxys_password_is_not_shown() -> None:
    """The engine quotes its proxy with the password."""
    words = "proxyconnect tcp: http://me:hunter2secret@proxy.corp:3128: connection refused"

    assert "hunter2secret" not in errors.pull_failed(IMAGE, words).message


def test_every_row_is_reached() -> None:
    """No row hides behind an earlier one: some wording above is explained by each."""
    whys = {explain(IMAGE, words, DOCKER).why for words, *_ in (*DOCKERS, *PODMANS)}
    filled = {
        DOCKER.fill(row.why).replace("{registry}", names.registry_of(IMAGE)) for row in CAUSES
    }

    assert whys == filled


@given(words=st.text(), image=st.sampled_from([IMAGE, "mine", "reg.example/a/b@sha256:00"]))
@examples(200)
def test_any_words_have_a_remedy(words: str, image: str) -> None:
    """Whatever an engine says, the error names the image, and no placeholder is left."""
    error = errors.pull_failed(image, words, whose=PODMAN)

    assert image in error.message
    assert "--image" in error.remediation
    assert not any(mark in error.remediation for mark in ("{cli}", "{name}", "{registry}"))
