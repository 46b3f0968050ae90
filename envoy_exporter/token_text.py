"""A token as users paste it: in quotes, after `Bearer`, inside the JSON of Enlighten, on several lines of an e-mail."""

import base64
import json
import re
from urllib.parse import unquote

_PAGE = "https://entrez.enphaseenergy.com"
_AROUND = r"[\s,;\"'`\u2018-\u201f\u2039\u203a\u00ab\u00bb\ufeff\u200b-\u200f\u2060]+"
_EDGE = re.compile(rf"^{_AROUND}|{_AROUND}$")
_BEFORE = re.compile(
    r"(?:authorization\s*[:=]|bearer(?:[\s:]|$)|(?:export\s+)?(?:envoy_|access_)?token[\"'\u2018-\u201f]?\s*[:=])",
    re.IGNORECASE,
)
_BREAK = re.compile(r"=?[\s\ufeff\u200b-\u200f\u2060\u00ad]+")
"""Between two lines of an e-mail. Quoted-printable ends a line with an equals sign, which a JWT never contains."""
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""The characters that RFC 6750 permits after `Bearer`: opaque texts too, but not HTML, JSON, spaces or non-ASCII."""
_SESSION = re.compile(r"session_?id[\"']?\s*[:=]|^[0-9A-Fa-f]{32}$", re.IGNORECASE)
_ES256 = 86
"""Characters of a signature of 64 bytes: a token that was joined from several lines must have them."""

_IS_PAGE = f"not a token but a web page or a placeholder: create a token at {_PAGE} and copy only the token"
_IS_SESSION = f"not a token but a session id: create a token for this gateway at {_PAGE}"
_IS_JSON = f"JSON without a readable token: create a token at {_PAGE} and copy the complete response"
_IS_TRUNCATED = "the token is truncated: copy it again, complete and on one line"
_IS_INVALID = "the token contains invalid characters: copy it again, on one line"


def token(text: str) -> str:
    """The token alone. Raises ValueError, whose message contains no part of the text.

    A text that is not a JSON Web Token is returned unchanged, as a gateway may accept it.
    """
    bare = _bare(text)
    if not bare:
        raise ValueError("the token is empty")
    if bare.startswith("<"):
        raise ValueError(_IS_PAGE)
    if _SESSION.search(bare):
        raise ValueError(_IS_SESSION)
    if bare.startswith("{"):
        return token(_in_json(bare))
    joined = _BREAK.sub("", bare)
    if not _BEARER.fullmatch(joined) or (joined != bare and not _is_complete(joined)):
        raise ValueError(_IS_INVALID)
    if ".." in joined:
        raise ValueError(_IS_TRUNCATED)
    return joined


def _bare(text: str) -> str:
    """The text without the quotes, prefixes and spaces around it, removed layer by layer."""
    while True:
        stripped = _EDGE.sub("", unquote(text))
        if match := _BEFORE.match(stripped):
            stripped = stripped[match.end() :]
        if stripped == text:
            return text
        text = stripped


def _in_json(text: str) -> str:
    """The token in the response of Enlighten: {"generation_time": ..., "token": ..., "expires_at": ...}."""
    try:
        response = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        response = None
    value = response.get("token") if isinstance(response, dict) else None
    if not isinstance(value, str) or value.lstrip().startswith("{"):
        raise ValueError(_IS_JSON)
    return value


def _is_complete(text: str) -> bool:
    """Whether the text is a complete JSON Web Token."""
    header, _, rest = text.partition(".")
    payload, _, signature = rest.partition(".")
    return _object(header).get("alg") == "ES256" and bool(_object(payload)) and len(signature) == _ES256


def _object(part: str) -> dict[str, object]:
    """The decoded JSON object of one part of a token; empty if it cannot be decoded."""
    try:
        decoded = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}
