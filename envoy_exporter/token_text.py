"""A token as people paste it: in quotes, after `Bearer`, inside Enlighten's JSON, broken over the lines of a mail."""

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
"""Between two lines of a mail. Quoted-printable ends a line with an equals sign, which a JWT never contains."""
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What RFC 6750 permits after `Bearer`: opaque texts too, but no HTML, JSON, blanks or non-ASCII letters."""
_SESSION = re.compile(r"session_?id[\"']?\s*[:=]|^[0-9A-Fa-f]{32}$", re.IGNORECASE)
_ES256 = 86
"""Letters of a signature of 64 bytes: with them, a token that was joined from several lines is complete."""

_IS_PAGE = f"it is a web page or a placeholder and no token: make a token at {_PAGE} and copy it alone"
_IS_SESSION = f"it is a session id, which is no token: make a token for this gateway at {_PAGE}"
_IS_JSON = f"it is JSON without a token that can be read: make a token at {_PAGE} and copy all of the answer"
_IS_CUT = "the token breaks off: copy it again, whole and in one line"
_IS_ODD = "the token has blanks or letters inside that no token has: copy it again, in one line"


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
    whole = _BREAK.sub("", bare)
    if not _BEARER.fullmatch(whole) or (whole != bare and not _is_whole(whole)):
        raise ValueError(_IS_ODD)
    if ".." in whole:
        raise ValueError(_IS_CUT)
    return whole


def _bare(text: str) -> str:
    """The text without quotes, prefixes and blanks around it, removed layer by layer."""
    while True:
        less = _EDGE.sub("", unquote(text))
        if match := _BEFORE.match(less):
            less = less[match.end() :]
        if less == text:
            return text
        text = less


def _in_json(text: str) -> str:
    """The token in Enlighten's response: {"generation_time": ..., "token": ..., "expires_at": ...}."""
    try:
        answer = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        answer = None
    found = answer.get("token") if isinstance(answer, dict) else None
    if not isinstance(found, str) or found.lstrip().startswith("{"):
        raise ValueError(_IS_JSON)
    return found


def _is_whole(text: str) -> bool:
    """Whether the text is a complete JSON Web Token."""
    header, _, rest = text.partition(".")
    payload, _, signature = rest.partition(".")
    return _object(header).get("alg") == "ES256" and bool(_object(payload)) and len(signature) == _ES256


def _object(part: str) -> dict[str, object]:
    """The decoded part of a token; empty if it is not one."""
    try:
        read = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
