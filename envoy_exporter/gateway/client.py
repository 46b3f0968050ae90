"""One GET under one deadline: the only place that speaks HTTP to a gateway.

One connection, no redirects, no cookies, no proxy or netrc from the environment (home-assistant's LAN traffic
must not go where HTTP_PROXY says), at most 4 MiB, and `Accept-Encoding: identity`, for a gateway that is
asked for nothing else and a gzip bomb that stays packed.
"""

import http.cookiejar
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import httpcore
import httpx

from .errors import GatewayError, NoAnswer, Unreachable, Unusable
from .network import Network

LARGEST_BODY = 4 * 1024 * 1024
"""The largest recorded answer has 43 kB."""
_LIBRARIES = (httpx.HTTPError, httpx.InvalidURL, UnicodeError, httpcore.ProtocolError, httpcore.NetworkError)
"""What they raise for an answer that is none; UnicodeError for the host of a Location (xn--)."""
_PLAIN = frozenset({b"", b"identity"})
_READ = httpx.ByteStream(b"")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, whatever its status; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """GETs from one address. `counted(path, status)` is called for every answer, a digest challenge included."""

    def __init__(
        self,
        network: Network,
        context: ssl.SSLContext,
        counted: Callable[[str, int], None],
        user_agent: str,
    ) -> None:
        self._network = network
        self._context = context
        self._counted = counted
        self._user_agent = user_agent
        self._client: httpx.Client | None = None
        self._kept_alive = False
        self._latest: Answer | None = None
        self._common: Answer | None = None

    def get(self, url: httpx.URL, auth: httpx.Auth | None, deadline: float, *, keep_alive: bool) -> Answer:
        """What is there by the deadline (of the network's clock). Raises GatewayError.

        A request that fails on a connection that was used before, ahead of any byte of an answer, is repeated
        once on a fresh one: gateways promise keep-alive and then close or reset (home-assistant/core#126162). So is one
        whose answer there may have been to something else.
        """
        if keep_alive != self._kept_alive:
            self.close()
        self._kept_alive = keep_alive
        network = self._network
        network.deadline, network.guarded = deadline, auth is not None
        connections, network.received = network.connections, 0
        doubted: Answer | None = None
        try:
            answer = self._get(url, auth)
            if network.connections != connections or not self._is_doubtful(answer):
                return self._taken(answer)
            doubted = answer
            self.close()
        except NoAnswer as error:
            self.close()
            reused = network.connections == connections
            if not reused or network.received or error.reason in {"timeout", "deadline"}:
                raise
        except BaseException:
            self.close()
            raise
        return self._once_more(url, auth, doubted)

    def _once_more(self, url: httpx.URL, auth: httpx.Auth | None, doubted: Answer | None) -> Answer:
        """On a fresh connection. A gateway that takes none has just answered on another: it is not gone."""
        self._network.received = 0
        try:
            answer = self._get(url, auth)
        except Unreachable as error:
            self.close()
            if doubted is None:
                raise
            raise NoAnswer("protocol", f"it said the same to two questions, and then: {error}") from None
        except BaseException:
            self.close()
            raise
        if doubted is not None and _say_the_same(doubted, answer):
            self._common = answer
        return self._taken(answer)

    def _taken(self, answer: Answer) -> Answer:
        """Refusals of a gateway (HTTP 404) are all alike: after one, the next question has a connection of its own."""
        if answer.status == httpx.codes.OK:
            self._latest = answer
        else:
            self.close()
        return answer

    def _is_doubtful(self, answer: Answer) -> bool:
        """Was it said on a kept connection before anything was asked: 408, or once more what the last question got.

        A second copy that comes late is taken for the answer to the next question, and each answer after it for that to
        the one after. What a fresh connection said again (an empty list) is not doubted a second time.
        """
        if answer.status == httpx.codes.REQUEST_TIMEOUT:
            return True
        if self._latest is None or (self._common is not None and _say_the_same(self._common, answer)):
            return False
        return _say_the_same(self._latest, answer)

    def close(self) -> None:
        """Drop the connection: after an error nobody knows what state it is in."""
        self._latest = self._common = None
        if self._client is not None:
            self._client.close()
            self._client = None

    def _get(self, url: httpx.URL, auth: httpx.Auth | None) -> Answer:
        client = self._client = self._client or self._open()
        response: httpx.Response | None = None
        try:
            with client.stream("GET", url, auth=auth, follow_redirects=False) as response:
                body = b"".join(response.iter_raw())
        except GatewayError:
            raise
        except _LIBRARIES as error:
            raise _no_answer(error, begun=self._network.received > 0) from None
        finally:
            for each in (response, *response.history) if response is not None else ():
                each.stream = _READ  # a circle of the library's: connection and all would wait for the collector
        return Answer(response.status_code, dict(response.headers.items()), body)

    def _open(self) -> httpx.Client:
        headers = {"User-Agent": self._user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        if not self._kept_alive:
            headers["Connection"] = "close"
        transport = _Transport(self._network, self._context, self._counted, keep_alive=self._kept_alive)
        client = httpx.Client(transport=transport, headers=headers, trust_env=False, timeout=None)  # noqa: S113  # Network bounds it
        client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        return client


class _Transport(httpx.BaseTransport):
    """httpx over our own network: the deadline and the size hold for challenges too, which httpx reads by itself."""

    def __init__(
        self,
        network: Network,
        context: ssl.SSLContext,
        counted: Callable[[str, int], None],
        *,
        keep_alive: bool,
    ) -> None:
        self._counted = counted
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=1,
            max_keepalive_connections=1 if keep_alive else 0,
            network_backend=network,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if _has_said_more(self._pool):
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
        self._counted(url.path, response.status)
        stream = response.stream
        assert isinstance(stream, Iterable)  # noqa: S101  # the pool is synchronous
        # httpx reads a challenge by itself, and unpacks what is announced as packed: 600 kB became 1.2 GB.
        headers = [(name, value) for name, value in response.headers if name.lower() != b"content-encoding"]
        if response.status == httpx.codes.OK and _is_packed(response.headers):
            response.close()
            raise NoAnswer("protocol", "it sent a packed answer that nobody asked for")
        return httpx.Response(response.status, headers=headers, stream=_Capped(stream, response.close))

    def close(self) -> None:
        self._pool.close()


def _say_the_same(one: Answer, other: Answer) -> bool:
    """Whatever their headers say: of two copies each may have its own date."""
    return (one.status, one.body) == (other.status, other.body)


def _has_said_more(pool: httpcore.ConnectionPool) -> bool:
    """Has the gateway said more than its answer: it would be taken for the answer to the next request.

    The library has no public word for it; a version without this one would cost the keep-alive, and no truth.
    """
    try:
        return any(each._connection._h11_state.trailing_data[0] for each in pool.connections)  # type: ignore[attr-defined]  # noqa: SLF001
    except AttributeError:
        return bool(pool.connections)


def _is_packed(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name.lower() == b"content-encoding" and value.strip().lower() not in _PLAIN for name, value in headers)


class _Capped(httpx.SyncByteStream):
    """A body that ends in an error once it is too large."""

    def __init__(self, stream: Iterable[bytes], close: Callable[[], None]) -> None:
        self._stream = stream
        self._close = close

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        try:
            for part in self._stream:
                size += len(part)
                if size > LARGEST_BODY:
                    raise Unusable("too_large", f"its answer is larger than {LARGEST_BODY} bytes")
                yield part
        except httpcore.RemoteProtocolError:
            raise NoAnswer("truncated", "its answer broke off before its end") from None

    def close(self) -> None:
        self._close()


def _no_answer(error: Exception, *, begun: bool) -> NoAnswer:
    """An error of the HTTP library in our words: its own may hold the header with the token (h11 shows its value)."""
    if isinstance(error, httpcore.RemoteProtocolError) and "without sending a response" in str(error):
        if begun:
            return NoAnswer("truncated", "its answer broke off before its end")
        return NoAnswer("reset", "it closed the connection without an answer")
    if isinstance(error, httpcore.NetworkError):
        return NoAnswer("reset", "it broke the connection")
    return NoAnswer("protocol", "its answer is not HTTP")
