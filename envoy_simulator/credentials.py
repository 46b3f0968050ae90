"""The authentication of a gateway: tokens from firmware 7 on, HTTP digest on older firmware. A test can revoke both."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from secrets import token_bytes

from envoy_simulator.http_types import Json, Request

_YEAR, _TWELVE_HOURS = 365 * 86400, 43200
_CLOUD_KEY = b"the key of the simulated cloud, the same in every run, so that every simulated gateway can verify tokens"
REALM = "enphaseenergy.com"


class TokenVerifier:
    """Makes and verifies tokens of one gateway: claims and format as real ones, signed with a key of all simulators."""

    def __init__(self, serial: str, clock: Callable[[], float]) -> None:
        self._serial = serial
        self._clock = clock
        self._known: set[str] = set()
        self._revoked: frozenset[str] = frozenset()

    def make(self, **claims: Json) -> str:
        """A token; a claim given as None is omitted."""
        now = int(self._clock())
        life = _TWELVE_HOURS if claims.get("enphaseUser") == "installer" else _YEAR
        payload: dict[str, Json] = {
            "aud": self._serial,
            "iss": "Entrez",
            "enphaseUser": "owner",
            "exp": now + life,
            "iat": now,
            "jti": token_bytes(16).hex(),
            "username": "owner@example.com",
            **claims,
        }
        header = {"kid": "simulated", "typ": "JWT", "alg": "ES256"}
        present = {name: value for name, value in payload.items() if value is not None}
        signed = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(present).encode())}"
        token = f"{signed}.{_base64(_signature(signed))}"
        self._known.add(token)
        return token

    def accepts(self, request: Request, now: float, *, installer: bool = False) -> bool:
        """Whether the token is valid. `installer`: whether the path requires an installer's token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or token in self._revoked or not self._is_valid(token, now, installer=installer):
            return False
        self._known.add(token)
        return True

    def _is_valid(self, token: str, now: float, *, installer: bool) -> bool:
        """Whether it is signed by the cloud, for this gateway, not expired, and of the role."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), _base64(_signature(signed)).encode()):
            return False
        claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
        expiry = claims.get("exp")
        if installer and claims.get("enphaseUser") != "installer":
            return False
        return claims.get("aud") == self._serial and isinstance(expiry, int | float) and now < expiry

    def revoke(self) -> None:
        """Reject the tokens that were made or accepted so far; tokens made later are valid."""
        self._revoked |= self._known

    def restore(self) -> None:
        self._revoked = frozenset()


class DigestVerifier:
    """Verifies HTTP digest with MD5 and qop auth: one user, one password, and the nonces of this gateway."""

    def __init__(self, username: str, password: str, *, dated_nonces: bool) -> None:
        self._username = username
        self._password = password
        self._dated_nonces = dated_nonces
        self._nonces: set[str] = set()
        self._revoked = False

    def challenge(self, now: float) -> str:
        """The WWW-Authenticate header; on 3.x the nonce is just the time (3.8.10)."""
        nonce = str(int(now)) if self._dated_nonces else base64.b64encode(token_bytes(20)).decode()
        self._nonces.add(nonce)
        return f'Digest qop="auth", realm="{REALM}", nonce="{nonce}"'

    def accepts(self, request: Request) -> bool:
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "digest" or self._revoked:
            return False
        text = rest.encode("latin-1", "replace").decode("utf-8", "replace")  # http.client has read bytes as Latin-1
        fields = {name.lower(): quoted or plain for name, quoted, plain in _FIELD.findall(text)}
        matches = (
            fields.get("username") == self._username
            and fields.get("realm") == REALM
            and fields.get("nonce") in self._nonces
            and fields.get("qop") == "auth"
        )
        response = fields.get("response", "")
        return matches and hmac.compare_digest(response.encode(), self._expected(request, fields).encode())

    def _expected(self, request: Request, fields: dict[str, str]) -> str:
        """The response of RFC 2617, section 3.2.2.1."""
        secret = _md5(f"{self._username}:{REALM}:{self._password}")
        target = _md5(f"{request.method}:{request.target}")
        return _md5(f"{secret}:{fields['nonce']}:{fields.get('nc')}:{fields.get('cnonce')}:auth:{target}")

    def revoke(self) -> None:
        self._revoked = True

    def restore(self) -> None:
        self._revoked = False


_FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _signature(signed: str) -> bytes:
    """64 bytes, as many as an ES256 signature has."""
    return hmac.new(_CLOUD_KEY, signed.encode(), hashlib.sha512).digest()


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
