"""The access token of gateways with firmware 7 and later: its text, and the claims that it contains."""

from collections.abc import Mapping
from dataclasses import dataclass

import jwt

from envoy_exporter import token_text
from envoy_exporter.secret import Secret

_EARLIEST, _LATEST = 1_577_836_800, 4_102_444_800
"""2020 to 2100: dates outside of this range are not plausible in a token."""
_PART = 12
"""A token is renewed when a twelfth of its lifetime is left: 30 days of a year, one hour of twelve."""
_SPREAD = 0.1
"""Renewals are up to this fraction of that time earlier, so that tokens of the same day are not renewed together."""
_DEFAULT_LIFETIME = 43200.0
"""Twelve hours, the lifetime of an installer's token: assumed for a token without the time of issue."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its claims; None for a claim that is missing or not plausible.

    Nothing is verified: the gateway does that. A text that is not a JSON Web Token is tried too, as a gateway may
    accept it.
    """

    secret: Secret
    serial: str | None = None
    issued: float | None = None
    expires: float | None = None
    user: str | None = None


def parse(text: str) -> Token:
    """The token in a text that the user copied. Raises ValueError, whose message does not contain the text."""
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


def due(token: Token, random_fraction: float) -> float:
    """When to renew the token, in seconds since 1970; infinity for a token without an expiry.

    `random_fraction`: a random number from 0 to 1.
    """
    if token.expires is None:
        return float("inf")
    lifetime = token.expires - token.issued if token.issued is not None else _DEFAULT_LIFETIME
    return token.expires - max(lifetime, 0.0) / _PART * (1 + _SPREAD * random_fraction)


def has_expired(token: Token, now: float) -> bool:
    """Whether the token has expired by this clock, which may be wrong: the gateway decides."""
    return token.expires is not None and token.expires <= now
