"""Faults of access control: tokens, digest, sessions."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from envoy_simulator.faults.fault import FaultContext, Layer, Needs, fault
from envoy_simulator.http_types import Request, Response
from envoy_simulator.pages import token_required

Respond = Callable[[Request], Response]
_CHECK = "/auth/check_jwt"


@fault(
    Layer.ACCESS,
    "endpoint",
    "Credentials are rejected: 401 in the form of the firmware, on all paths that require credentials.",
)
def refused(_: FaultContext, respond: Respond, request: Request) -> Response:
    return _without_credentials(respond, request)


@fault(Layer.ACCESS, "endpoint", "The status is 403 for every client.", needs=[Needs.TOKENS])
def forbidden(_: FaultContext, __: Respond, ___: Request) -> Response:
    return Response(403, (("Content-Type", "text/html"),), b"<html><body><h1>403 Forbidden</h1></body></html>")


@fault(
    Layer.ACCESS, "gateway", "A token is rejected if it expires within the next `later` seconds.", needs=[Needs.TOKENS]
)
def token_expired(context: FaultContext, respond: Respond, request: Request, *, later: int = 366 * 86400) -> Response:
    expiry = _claims(request).get("exp")
    if isinstance(expiry, int | float) and expiry <= context.now + later:
        return _without_credentials(respond, request)
    return respond(request)


@fault(
    Layer.ACCESS,
    "gateway",
    "A token issued before the fault began is rejected; a newer one is accepted.",
    needs=[Needs.TOKENS],
)
def token_revoked(context: FaultContext, respond: Respond, request: Request) -> Response:
    issued = _claims(request).get("iat")
    if isinstance(issued, int | float) and issued <= context.now - context.since:
        return _without_credentials(respond, request)
    return respond(request)


@fault(Layer.ACCESS, "gateway", "Only tokens for the serial number `serial` are accepted.", needs=[Needs.TOKENS])
def wrong_audience(_: FaultContext, respond: Respond, request: Request, *, serial: str = "122299999999") -> Response:
    return respond(request) if _claims(request).get("aud") == serial else _without_credentials(respond, request)


@fault(
    Layer.ACCESS,
    "nothing",
    "`/auth/check_jwt` responds with the login page, but all other paths accept the token (8.3.5289).",
    needs=[Needs.TOKENS],
    endpoints=(_CHECK,),
)
def check_refused(context: FaultContext, _: Respond, __: Request) -> Response:
    return token_required(context.site.firmware)


@fault(
    Layer.ACCESS,
    "gateway",
    "`/auth/check_jwt` sets a session cookie, which may be required besides the token.",
    needs=[Needs.TOKENS],
)
def sessions(
    context: FaultContext,
    respond: Respond,
    request: Request,
    *,
    most: int = 3,
    minutes: float = 30.0,
    demanded: Literal["no", "yes"] = "yes",
) -> Response:
    """At most `most` sessions are open at once, each for `minutes`; a further one gets 503, as at `/err_toomanysess`.

    `demanded`: whether the gateway requires the cookie of a session besides the token.
    """
    sessions_open: dict[str, float] = context.memory.setdefault("open", {})
    for session in [name for name, until in sessions_open.items() if until <= context.now]:
        del sessions_open[session]
    if request.path == _CHECK:
        if len(sessions_open) >= most:
            return Response(503, (), b"Too many installer sessions active")
        session = f"{context.random.getrandbits(64):016x}"
        sessions_open[session] = context.now + 60 * minutes
        return Response(200, (("Set-Cookie", f"sessionId={session}; Path=/"),), b"<!DOCTYPE html><h2>Valid token.</h2>")
    if demanded == "no" or request.headers.get("cookie", "").rpartition("sessionId=")[2] in sessions_open:
        return respond(request)
    return _without_credentials(respond, request)


@fault(
    Layer.ACCESS,
    "endpoint",
    "The digest challenges never end, are stale, change after each use, or lack qop.",
    needs=[Needs.DIGEST],
)
def digest(
    context: FaultContext,
    respond: Respond,
    request: Request,
    *,
    kind: Literal["endless", "stale", "changing", "no-qop"] = "endless",
) -> Response:
    """`stale`: every second nonce is stale at once. `changing`: a nonce is valid once."""
    authorization = request.headers.get("authorization", "")
    if kind == "endless":
        return _without_credentials(respond, request)
    if kind == "no-qop":
        response = _without_credentials(respond, request)
        return _with_challenge(response, lambda challenge: challenge.replace('qop="auth", ', ""))
    nonce = authorization.partition('nonce="')[2].partition('"')[0]
    if not nonce:
        return respond(request)
    uses: dict[str, int] = context.memory.setdefault("uses", {})
    uses[nonce] = uses.get(nonce, 0) + 1
    is_stale = list(uses).index(nonce) % 2 == 0 if kind == "stale" else uses[nonce] > 1
    if is_stale:
        return _with_challenge(_without_credentials(respond, request), lambda challenge: f"{challenge}, stale=true")
    return respond(request)


def _with_challenge(response: Response, change: Callable[[str], str]) -> Response:
    return replace(
        response,
        headers=tuple(
            (name, change(value) if name.lower() == "www-authenticate" else value) for name, value in response.headers
        ),
    )


def _without_credentials(respond: Respond, request: Request) -> Response:
    """The response to a request without credentials."""
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    return respond(replace(request, headers=headers))


def _claims(request: Request) -> dict[str, Any]:
    """The claims of the request's token; empty without a valid token."""
    token = request.headers.get("authorization", "").partition(" ")[2]
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
