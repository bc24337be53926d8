"""Converts boto3's failures to OsemError; no other module reads botocore's exceptions."""

from __future__ import annotations

import contextlib
import re
import traceback
from typing import TYPE_CHECKING, Any

from osem_tasks.aws.error_templates import (
    LIMITED,
    LIMITS,
    NO_DYNAMODB,
    NO_ENGINE,
    OTHER_REFUSAL,
    OTHER_SDK_ERROR,
    PROTECTED,
    PROTECTION,
    REFUSALS,
    SDK_ERRORS,
    SERVER_FAULT,
    TOO_SOON,
    TRUNCATED,
    TTL_TOO_SOON,
    UNREADABLE,
    ErrorTemplate,
)
from osem_tasks.config import secrets
from osem_tasks.config.commands import command
from osem_tasks.config.variables import is_option
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import limits
from osem_tasks.waiting.policy import AMBIGUOUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import BotoCoreError, ClientError

    from osem_tasks.config.target import Target


# After these words, the message of a signature error quotes the request as AWS read it.
_SIGNED = re.compile("The Canonical String|The String-to-Sign|The canonical request")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
# What a gateway before DynamoDB answers passes (429, 5xx), but not that it cannot do a POST.
_FOREIGN = re.compile("(?!429)[1-4]..|501|505")


def error_code(error: ClientError) -> str:
    """Return DynamoDB's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextlib.contextmanager
def translated(doing: str, target: Target, table: str | None = None) -> Iterator[None]:
    """Convert any botocore error of the body to an OsemError; ``doing`` names the step."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ResponseParserError:
        # The text is the whole answer, which contains keys in the case of AssumeRole.
        raise truncated_response(doing, target, table) from None
    except ClientError as error:
        raise _refusal(error, doing, target, table) from error
    except BotoCoreError as error:
        raise _error(_sdk_template(error, target), str(error), doing, target, table) from error
    # Built-in errors that botocore does not wrap: OSError for a missing web identity token
    # file, ValueError for an endpoint without a scheme.
    except OSError as error:
        raise _error(UNREADABLE, str(error), doing, target, table) from error
    except ValueError as error:
        raise _error(OTHER_SDK_ERROR, str(error), doing, target, table) from error
    except (AttributeError, TypeError, KeyError) as error:
        if not _is_from_parser(error):
            raise
        raise truncated_response(doing, target, table) from error


def _is_from_parser(error: Exception) -> bool:
    """Return whether botocore's parser failed on a member of an unexpected type."""
    frames = [
        str(frame.f_globals["__name__"]) for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    return frames[-1] == "botocore.parsers"


def quotable(text: str) -> str:
    """Return a library's message on one line, without secrets.

    The signed request is removed: it fills pages, and its headers contain the session token.
    """
    words = _SIGNED.split(text, maxsplit=1)[0]
    return secrets.redact(" ".join(words.split()))


def truncated_response(doing: str, target: Target, table: str | None) -> OsemError:
    """Return the error for an answer without content, for which botocore raises nothing."""
    return _error(TRUNCATED, "", doing, target, table)


def for_credentials(message: str, remedy: str, target: Target) -> tuple[str, str]:
    """Return an error's texts that also say which environment needs the credentials, and why.

    Somebody whose NODE_ENV chose AWS may want the local engine, and no credentials.
    """
    if not target.chosen_by:
        return message, remedy
    if not is_option(target.chosen_by):
        remedy += "   or, for the local engine: --env local"
    return f"{message.rstrip('.')}. The task is for {target.described}.", remedy


def may_be_done(error: OsemError) -> bool:
    """Return whether the request that failed with ``error`` may have been carried out.

    This is unknown after a lost answer, but not if the connection was never made.
    """
    from botocore.exceptions import (
        ConnectTimeoutError,
        EndpointConnectionError,
        ProxyConnectionError,
        SSLError,
    )

    never_sent = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError)
    return error.code in AMBIGUOUS and not isinstance(error.__cause__, never_sent)


def _refusal(error: ClientError, doing: str, target: Target, table: str | None) -> OsemError:
    code = error_code(error)
    text = str(error.response.get("Error", {}).get("Message") or "no reason given")
    details: dict[str, Any] = {"awsCode": code}
    metadata = error.response.get("ResponseMetadata", {})
    if code.isdigit():
        text = _without_page(text, str(metadata.get("HTTPHeaders", {}).get("server", "")))
    if request := metadata.get("RequestId"):
        details["requestId"] = request
    return _error(_template(code, text), text, doing, target, table, details)


def _template(code: str, text: str) -> ErrorTemplate:
    """Return the texts for a refusal, by its message if its code is ambiguous."""
    if TTL_TOO_SOON in text:
        return TOO_SOON
    if PROTECTION.search(text):
        return PROTECTED
    if code in LIMITED:
        return LIMITS[limits.limit_in(text)]
    # An answer that is not DynamoDB's has the HTTP status as its code: a page of a proxy, of
    # another server, or of moto when it fails.
    if code.isdigit():
        return NO_DYNAMODB if _FOREIGN.fullmatch(code) else SERVER_FAULT
    return next((template for codes, template in REFUSALS if code in codes), OTHER_REFUSAL)


def _without_page(text: str, server: str) -> str:
    """Return what an HTTP error says without its page: the title, and the server's name."""
    if "<" in text:
        title = _TITLE.search(text)
        text = title[1] if title else "an error page"
    return ", ".join(filter(None, (text.strip(), server)))


def _sdk_template(error: BotoCoreError, target: Target) -> ErrorTemplate:
    names = {cls.__name__ for cls in type(error).__mro__}
    if target.local and "EndpointConnectionError" in names:
        return NO_ENGINE
    return next((template for known, template in SDK_ERRORS if names & {*known}), OTHER_SDK_ERROR)


def _error(  # noqa: PLR0917  the parts of one sentence
    template: ErrorTemplate,
    text: str,
    doing: str,
    target: Target,
    table: str | None,
    details: dict[str, Any] | None = None,
) -> OsemError:
    profile = f" --profile {target.profile}" if target.profile else ""
    fields = {
        "subject": f"{doing} {table}" if table else doing,
        "words": quotable(text),
        "place": f"The engine at {target.endpoint}" if target.local else "AWS",
        "login": f"aws sso login{profile}",
        "profile": profile,
        "up": command("local.up"),
        "setup": target.command("db.setup"),
        "policy": target.command("db.policy"),
        "endpoint": target.endpoint,
        "awscode": (details or {}).get("awsCode", ""),
        "when": limits.when(quotable(text)),
        "of_table": f" of {table}" if table else "",
        "newer": f" {_newer_engine()}" if target.local else "",
    }
    message, remedy = template.message.format_map(fields), template.remedy.format_map(fields)
    if template.code is ErrorCode.AWS_CREDENTIALS_INVALID:
        message, remedy = for_credentials(message, remedy, target)
    return OsemError(
        message,
        code=template.code,
        remediation=remedy,
        table=table,
        details=details,
        reason=text,
    )


def _newer_engine() -> str:
    image = command("local.up", "--fresh", "--image", "amazon/dynamodb-local:latest")
    return (
        "If it is right, this engine does not know it: use another one (local.up --engine), or a "
        f"newer image (data in memory is lost): {image}"
    )
