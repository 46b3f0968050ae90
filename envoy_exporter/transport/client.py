"""One GET under one deadline: the only place that sends HTTP to a gateway.

One connection, no redirects, no cookies, no proxy or netrc from the environment (LAN traffic must not go to the
HTTP_PROXY of the environment), at most 4 MiB, and `Accept-Encoding: identity`; a gzip bomb is not decompressed.
"""

import http.cookiejar
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import httpcore
import httpx

from .errors import InvalidResponse, NoResponse, Unreachable, bare
from .network import Network

LARGEST_BODY = 4 * 1024 * 1024
"""The largest recorded response has 43 kB."""
_LIBRARY_ERRORS = (httpx.HTTPError, httpx.InvalidURL, UnicodeError, httpcore.ProtocolError, httpcore.NetworkError)
"""Exceptions that the libraries raise for an invalid response; UnicodeError for the host of a Location (xn--)."""
_NOT_COMPRESSED = frozenset({b"", b"identity"})
_EMPTY = httpx.ByteStream(b"")


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response, whatever its status; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """GET requests to one address.

    `count_response(path, status)` is called for every response, a digest challenge included. A bearer token is sent
    over TLS only, unless `token_over_http`.
    """

    def __init__(
        self,
        network: Network,
        context: ssl.SSLContext,
        count_response: Callable[[str, int], None],
        user_agent: str,
        *,
        token_over_http: bool = False,
    ) -> None:
        self._network = network
        self._context = context
        self._count_response = count_response
        self._user_agent = user_agent
        self._token_over_http = token_over_http
        self._client: httpx.Client | None = None
        self._kept_alive = False

    def get(self, url: httpx.URL, auth: httpx.Auth | None, deadline: float, *, keep_alive: bool) -> Response:
        """The response that arrives by the deadline (of the network's clock). Raises RequestError.

        A request on a reused connection is repeated once on a fresh one if the connection breaks before any byte of a
        response: gateways announce keep-alive and then close or reset (home-assistant/core#126162). A 408 on a reused
        connection is about the idle connection and not about the request, so that request is repeated too.
        """
        if keep_alive != self._kept_alive:
            self.close()
        self._kept_alive = keep_alive
        network = self._network
        network.deadline, network.sends_credentials = deadline, auth is not None
        connections, network.received = network.connections, 0
        try:
            response = self._get(url, auth)
            if response.status != httpx.codes.REQUEST_TIMEOUT or network.connections != connections:
                return response
        except NoResponse as error:
            reused = network.connections == connections
            if not reused or network.received or error.reason in {"timeout", "deadline"}:
                raise
        self.close()
        network.received = 0
        return self._get(url, auth)

    def close(self) -> None:
        """Drop the connection: after an error its state is unknown."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _get(self, url: httpx.URL, auth: httpx.Auth | None) -> Response:
        client = self._client = self._client or self._open()
        response: httpx.Response | None = None
        try:
            with client.stream("GET", url, auth=auth, follow_redirects=False) as response:
                body = b"".join(response.iter_raw())
        except _LIBRARY_ERRORS as error:
            self.close()
            raise _no_response(error, self._network) from None
        except BaseException:
            self.close()
            raise
        finally:
            for finished in (response, *response.history) if response is not None else ():
                finished.stream = _EMPTY  # else a reference cycle keeps the connection until garbage collection
        return Response(response.status_code, dict(response.headers.items()), body)

    def _open(self) -> httpx.Client:
        headers = {"User-Agent": self._user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        if not self._kept_alive:
            headers["Connection"] = "close"
        transport = _Transport(
            self._network,
            self._context,
            self._count_response,
            keep_alive=self._kept_alive,
            token_over_http=self._token_over_http,
        )
        client = httpx.Client(transport=transport, headers=headers, trust_env=False, timeout=None)  # noqa: S113  # Network bounds it
        client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        return client


class _Transport(httpx.BaseTransport):
    """httpx over a `Network`: deadline and size limit also apply to challenges, which httpx reads by itself."""

    def __init__(
        self,
        network: Network,
        context: ssl.SSLContext,
        count_response: Callable[[str, int], None],
        *,
        keep_alive: bool,
        token_over_http: bool,
    ) -> None:
        self._count_response = count_response
        self._token_over_http = token_over_http
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=1,
            max_keepalive_connections=1 if keep_alive else 0,
            network_backend=network,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # The last place before the socket, so this applies to every token, however the scheme was chosen.
        if request.url.scheme == "http" and not self._token_over_http and _has_token(request):
            message = "token not sent: the gateway responds over plain HTTP only, and tokens require TLS"
            raise Unreachable("tls", f"{message}; check port 443, or set scheme: http to send it unencrypted")
        if _has_extra_bytes(self._pool):
            self._pool.close()
        url = request.url
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        self._count_response(url.path, response.status)
        stream = response.stream
        assert isinstance(stream, Iterable)  # noqa: S101  # the pool is synchronous
        # httpx reads the body of a challenge and decompresses what is announced as compressed: 600 kB became 1.2 GB.
        headers = [(name, value) for name, value in response.headers if name.lower() != b"content-encoding"]
        if response.status == httpx.codes.OK and _is_compressed(response.headers):
            response.close()
            raise NoResponse("protocol", "unexpected compressed response")
        return httpx.Response(response.status, headers=headers, stream=_LimitedBody(stream, response.close))

    def close(self) -> None:
        self._pool.close()


def _has_token(request: httpx.Request) -> bool:
    return str(request.headers.get("Authorization", "")).lower().startswith("bearer ")


def _has_extra_bytes(pool: httpcore.ConnectionPool) -> bool:
    """Whether the gateway sent more than its response, which would be read as the next response.

    The library has no public name for this. Without this attribute, connections are not reused; nothing else changes.
    """
    try:
        return any(connection._connection._h11_state.trailing_data[0] for connection in pool.connections)  # type: ignore[attr-defined]  # noqa: SLF001
    except AttributeError:
        return bool(pool.connections)


def _is_compressed(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        name.lower() == b"content-encoding" and value.strip().lower() not in _NOT_COMPRESSED for name, value in headers
    )


class _LimitedBody(httpx.SyncByteStream):
    """A body that raises an error once it is too large."""

    def __init__(self, stream: Iterable[bytes], close: Callable[[], None]) -> None:
        self._stream = stream
        self._close = close

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        try:
            for part in self._stream:
                size += len(part)
                if size > LARGEST_BODY:
                    raise InvalidResponse("too_large", f"the response is larger than {LARGEST_BODY} bytes")
                yield part
        except httpcore.RemoteProtocolError as error:
            bare(error)
            raise NoResponse("truncated", "the response is incomplete") from None

    def close(self) -> None:
        self._close()


def _no_response(error: Exception, network: Network) -> NoResponse:
    """The error for an exception of the HTTP library, whose message may contain the header with the token (h11).

    A response that is not HTTP is repeated, unless the request had credentials that it could contain.
    """
    if network.beginning and not network.beginning.startswith(b"HTTP/") and not network.sends_credentials:
        beginning = network.beginning.decode("ascii", "replace")
        text = "".join(letter if letter.isprintable() else " " for letter in beginning).strip()
        return NoResponse("protocol", f"{network.address} sent {text!r} instead of HTTP; check host and port")
    begun = network.received > 0
    if isinstance(error, httpcore.RemoteProtocolError) and "without sending a response" in str(error):
        if begun:
            return NoResponse("truncated", "the response is incomplete")
        return NoResponse("reset", "connection closed without a response")
    if isinstance(error, httpcore.NetworkError):
        return NoResponse("reset", "connection broken")
    return NoResponse("protocol", "the response is not valid HTTP")
