"""Faults of who gets in: tokens, digest, sessions."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from envoy_simulator.faults.fault import Acts, Needs, Occasion, fault
from envoy_simulator.http_types import Request, Response
from envoy_simulator.pages import token_demanded

Answer = Callable[[Request], Response]
_CHECK = "/auth/check_jwt"


@fault(Acts.ACCESS, "endpoint", "credentials are not taken: 401 as this firmware says it, wherever it wants any")
def refused(_: Occasion, answer: Answer, request: Request) -> Response:
    return _as_a_stranger(answer, request)


@fault(Acts.ACCESS, "endpoint", "403, whoever asks", needs=[Needs.TOKENS])
def forbidden(_: Occasion, __: Answer, ___: Request) -> Response:
    return Response(403, (("Content-Type", "text/html"),), b"<html><body><h1>403 Forbidden</h1></body></html>")


@fault(Acts.ACCESS, "gateway", "a token is judged as if it were so many seconds later", needs=[Needs.TOKENS])
def token_expired(at: Occasion, answer: Answer, request: Request, *, later: int = 366 * 86400) -> Response:
    expiry = _claims(request).get("exp")
    if isinstance(expiry, int | float) and expiry <= at.now + later:
        return _as_a_stranger(answer, request)
    return answer(request)


@fault(
    Acts.ACCESS,
    "gateway",
    "a token issued before the fault began is refused, and a newer one taken",
    needs=[Needs.TOKENS],
)
def token_revoked(at: Occasion, answer: Answer, request: Request) -> Response:
    issued = _claims(request).get("iat")
    if isinstance(issued, int | float) and issued <= at.now - at.since:
        return _as_a_stranger(answer, request)
    return answer(request)


@fault(Acts.ACCESS, "gateway", "it takes tokens of that serial alone", needs=[Needs.TOKENS])
def wrong_audience(_: Occasion, answer: Answer, request: Request, *, serial: str = "122299999999") -> Response:
    return answer(request) if _claims(request).get("aud") == serial else _as_a_stranger(answer, request)


@fault(
    Acts.ACCESS,
    "nothing",
    "the check of a token leads to the login page, and all else takes it (8.3.5289)",
    needs=[Needs.TOKENS],
    endpoints=(_CHECK,),
)
def check_refused(at: Occasion, _: Answer, __: Request) -> Response:
    return token_demanded(at.site.firmware)


@fault(
    Acts.ACCESS,
    "gateway",
    "a token alone is not enough: it wants the cookie of its check, which lasts",
    needs=[Needs.TOKENS],
)
def sessions(
    at: Occasion,
    answer: Answer,
    request: Request,
    *,
    most: int = 3,
    minutes: float = 30.0,
    demanded: Literal["no", "yes"] = "yes",
) -> Response:
    """503 for the session that is one too many, as at `/err_toomanysess`."""
    open_now: dict[str, float] = at.memory.setdefault("open", {})
    for session in [name for name, until in open_now.items() if until <= at.now]:
        del open_now[session]
    if request.path == _CHECK:
        if len(open_now) >= most:
            return Response(503, (), b"Too many installer sessions active")
        session = f"{at.random.getrandbits(64):016x}"
        open_now[session] = at.now + 60 * minutes
        return Response(200, (("Set-Cookie", f"sessionId={session}; Path=/"),), b"<!DOCTYPE html><h2>Valid token.</h2>")
    if demanded == "no" or request.headers.get("cookie", "").rpartition("sessionId=")[2] in open_now:
        return answer(request)
    return _as_a_stranger(answer, request)


@fault(Acts.ACCESS, "endpoint", "the challenges of digest are odd", needs=[Needs.DIGEST])
def digest(
    at: Occasion,
    answer: Answer,
    request: Request,
    *,
    kind: Literal["endless", "stale", "changing", "no-qop"] = "endless",
) -> Response:
    """`stale`: every second nonce is said to be old at once. `changing`: each serves once."""
    authorization = request.headers.get("authorization", "")
    if kind == "endless":
        return _as_a_stranger(answer, request)
    if kind == "no-qop":
        response = _as_a_stranger(answer, request)
        return _challenged(response, lambda challenge: challenge.replace('qop="auth", ', ""))
    nonce = authorization.partition('nonce="')[2].partition('"')[0]
    if not nonce:
        return answer(request)
    uses: dict[str, int] = at.memory.setdefault("uses", {})
    uses[nonce] = uses.get(nonce, 0) + 1
    turns_old = list(uses).index(nonce) % 2 == 0 if kind == "stale" else uses[nonce] > 1
    if turns_old:
        return _challenged(_as_a_stranger(answer, request), lambda challenge: f"{challenge}, stale=true")
    return answer(request)


def _challenged(response: Response, change: Callable[[str], str]) -> Response:
    return replace(
        response,
        headers=tuple(
            (name, change(value) if name.lower() == "www-authenticate" else value) for name, value in response.headers
        ),
    )


def _as_a_stranger(answer: Answer, request: Request) -> Response:
    """What is said to one who brings no credentials."""
    bare = {name: value for name, value in request.headers.items() if name != "authorization"}
    return answer(replace(request, headers=bare))


def _claims(request: Request) -> dict[str, Any]:
    """Of the token that came with it; none, where none did."""
    token = request.headers.get("authorization", "").partition(" ")[2]
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
