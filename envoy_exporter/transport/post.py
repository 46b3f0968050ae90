"""One POST under one deadline, over TLS that verifies certificate and name. It is never sent to a gateway."""

import ssl
from collections.abc import Callable, Iterable, Mapping

import httpcore
import httpx

from .client import Response
from .errors import InvalidResponse, NoResponse
from .network import Network

_HEADERS = (("Accept", "*/*"), ("Accept-Encoding", "identity"), ("Connection", "close"))


def verifying_context(ca_file: str | None) -> ssl.SSLContext:
    """TLS that verifies certificate and name, with the CAs of the certifi package or those of the file.

    Raises OSError if the file is missing or contains no certificate.
    """
    if ca_file is not None:
        return ssl.create_default_context(cafile=ca_file)
    return httpx.create_ssl_context(trust_env=False)


def https_host(url: str) -> tuple[str, int | None] | None:
    """Host and port of an https URL; None for any other URL. Raises ValueError if it cannot be parsed."""
    parsed = httpcore.URL(url)
    if parsed.scheme != b"https" or not parsed.host:
        return None
    return parsed.host.decode(), parsed.port


def post(
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    *,
    context: ssl.SSLContext,
    network: Network,
    count_response: Callable[[int], None],
    largest: int,
) -> Response:
    """The response, whatever its status. `count_response` gets the status; `largest` limits the bytes of the body.

    Nothing is redirected, kept or read from the environment. Raises RequestError: with the reason `protocol` if the
    response is incomplete or not HTTP, and `too_large` if its body is.
    """
    sent = [*headers.items(), *_HEADERS]
    try:
        with (
            httpcore.ConnectionPool(ssl_context=context, network_backend=network) as pool,
            pool.stream("POST", url, headers=sent, content=content) as response,
        ):
            count_response(response.status)
            assert isinstance(response.stream, Iterable)  # noqa: S101  # the pool is synchronous
            body = _body(response.stream, largest)
            received = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            return Response(response.status, received, body)
    except (httpcore.ProtocolError, httpcore.NetworkError):
        raise NoResponse("protocol", "the response is incomplete") from None


def _body(stream: Iterable[bytes], largest: int) -> bytes:
    body = b""
    for part in stream:
        body += part
        if len(body) > largest:
            raise InvalidResponse("too_large", f"the response is larger than {largest} bytes")
    return body
