"""The access token of gateways with firmware 7 and later: its text, and the claims that it contains."""

from collections.abc import Mapping
from dataclasses import dataclass

import jwt

from envoy_exporter import token_text
from envoy_exporter.secret import Secret

_EARLIEST, _LATEST = 1_577_836_800, 4_102_444_800
"""2020 to 2100: a date outside is none that Enphase would put into a token."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and what it says of itself; None for what it does not say in a way that can be relied on.

    Nothing is verified: that is the gateway's business. A text that is no JSON Web Token may still be one that
    the gateway takes, and is tried.
    """

    secret: Secret
    serial: str | None = None
    issued: float | None = None
    expires: float | None = None
    user: str | None = None


def parse(text: str) -> Token:
    """The token in what a person copied. Raises ValueError, in words without the text."""
    bare = token_text.token(text)
    try:
        claims = jwt.decode(bare, options={"verify_signature": False})
    except (jwt.InvalidTokenError, RecursionError):
        claims = {}
    user = claims.get("enphaseUser")
    audience = claims.get("aud")
    return Token(
        Secret(bare),
        serial=audience if isinstance(audience, str) and audience else None,
        issued=_instant(claims, "iat"),
        expires=_instant(claims, "exp"),
        user=user if isinstance(user, str) and user in {"owner", "installer"} else None,
    )


def _instant(claims: Mapping[str, object], claim: str) -> float | None:
    value = claims.get(claim)
    if isinstance(value, int) and not isinstance(value, bool) and _EARLIEST <= value <= _LATEST:
        return float(value)
    return None
