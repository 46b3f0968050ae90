"""Where clients reach the exporter: the prefix of its paths, and its URL behind a reverse proxy."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

HOST = re.compile(r"[0-9A-Za-z._-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_PATH = re.compile(r"(?:/[\w.~%!$&'()*+,;=:@-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Location:
    """The prefixes are empty, or start with a slash and do not end with one.

    `prefix` is that of the paths the exporter serves, `public_prefix` that of the paths its clients request. `scheme`
    and `address` are None if clients use those of their request.
    """

    prefix: str = ""
    public_prefix: str = ""
    scheme: str | None = None
    address: str | None = None


def external_url(text: str) -> SplitResult:
    """The value of --web.external-url. Raises ValueError."""
    message = "use http:// or https://, a host and a path, such as https://example.org/solar/"
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        raise ValueError(f"invalid URL; {message}") from None
    if url.scheme not in {"http", "https"} or not HOST.fullmatch(url.netloc) or url.query or url.fragment:
        raise ValueError(f"invalid URL; {message}")
    route_prefix(url.path)
    return url


def route_prefix(text: str) -> str:
    """The value of --web.route-prefix, as a prefix of paths: `/` is the empty one. Raises ValueError."""
    stripped = text.strip("/")
    prefix = f"/{stripped}" if stripped else ""
    if not _PATH.fullmatch(prefix):
        raise ValueError("invalid path; use one such as /solar, without spaces, braces, ? and #")
    return prefix


def location(url: SplitResult | None, prefix: str | None) -> Location:
    """The route prefix defaults to the path of the external URL, as in Prometheus."""
    if url is None:
        return Location(prefix or "", prefix or "")
    public = route_prefix(url.path)
    return Location(public if prefix is None else prefix, public, url.scheme, url.netloc)
