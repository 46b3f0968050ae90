"""The token of firmware 7 and later: as given, or from a file that is read again when it changes.

How one is fetched from Enlighten is told in `renewal`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jwt

from envoy_exporter import pasted
from envoy_exporter.secret import Secret, from_file, named

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
    bare = pasted.token(text)
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


class TokenFile:
    """A token in a file that somebody else renews."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._token: Token | None = None

    def token(self) -> Token | None:
        """The newest that could be read; a file that is gone or broken for a moment leaves the one before.

        Raises ValueError, without the content, where there is none at all.
        """
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                self._token, self._stamp = parse(from_file(self._path)), stamp
        except (OSError, ValueError) as error:
            if self._token is None:
                words = error.strerror if isinstance(error, OSError) else error
                raise ValueError(f"the token file {named(self._path)} cannot be used: {words}") from None
        return self._token
