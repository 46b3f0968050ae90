"""Requests to one gateway: which scheme it uses, and which certificate may get credentials."""

from collections.abc import Callable

import httpx

from envoy_exporter import entries, system
from envoy_exporter.clock import Clock
from envoy_exporter.documents import INFO, Document, Documents, Json
from envoy_exporter.transport.client import Client, Response
from envoy_exporter.transport.errors import CertificateChanged, RequestError, Unreachable, bare
from envoy_exporter.transport.network import Network, tls_context
from envoy_exporter.transport.timeouts import Timeouts

from . import responses
from .endpoints import TOKENS_FROM, Endpoint
from .errors import HTTPStatusError, NotAvailable
from .settings import Settings


class GatewayClient:
    """Requests one endpoint at a time. `/info` goes first, without credentials, and finds the scheme."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        count_response: Callable[[str, int], None],
        user_agent: str,
        timeouts: Timeouts,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self.network = Network(settings.host, settings.port, clock.monotonic, timeouts, settings.fingerprint)
        self._client = Client(
            self.network,
            tls_context(settings.ca_certificates),
            count_response,
            user_agent,
            token_over_http=settings.scheme == "http",
        )
        self.scheme = ""
        self.began = 0.0
        """When the latest request began, of the monotonic clock: another scheme may have been tried before."""

    def request(self, endpoint: Endpoint, auth: httpx.Auth | None, documents: Documents, seconds: float) -> Json:
        """The content of a document, if it comes within `seconds`. Raises RequestError or NotAvailable."""
        self.began = self._clock.monotonic()
        deadline = self.began + seconds
        if endpoint.name == INFO:
            response = self._information(endpoint.target, deadline, documents)
        else:
            response = self._get_with_credentials(endpoint.target, auth, deadline, documents)
        content = responses.content(endpoint.name, response, documents, self._clock.time())
        if endpoint.name == INFO:
            self._check_scheme(content)
        return content

    def follow(self, before: "GatewayClient") -> bool:
        """Take over the scheme and the known certificate; False if other schemes are permitted now: `/info` goes first.

        Without the certificate, the next token would go to any gateway that has the address by now.
        """
        if before.settings.schemes == self.settings.schemes:
            self.scheme, self.network.confirmed_certificate = before.scheme, before.network.confirmed_certificate
        return bool(self.scheme)

    def forget(self) -> None:
        """Find the scheme again: the gateway may return with other firmware, or another device may have its address."""
        self.scheme, self.network.confirmed_certificate = "", None
        self.close()

    def close(self) -> None:
        self._client.close()

    def _get_with_credentials(
        self, target: str, auth: httpx.Auth | None, deadline: float, documents: Documents
    ) -> Response:
        """With credentials: to another certificate than before only if its `/info` has the same serial."""
        try:
            return self._get(self.scheme, target, auth, deadline, documents)
        except CertificateChanged as error:
            if self._serial(deadline, documents) != entries.device(documents, "sn"):
                raise error from None
            return self._get(self.scheme, target, auth, deadline, documents)

    def _serial(self, deadline: float, documents: Documents) -> str | None:
        """The serial of the gateway that responds now; None if it is not available."""
        try:
            response = self._information(INFO, deadline, documents)
            content = responses.content(INFO, response, documents, self._clock.time())
        except (RequestError, NotAvailable):
            return None
        return entries.device(Documents({INFO: Document(content)}), "sn")

    def _information(self, target: str, deadline: float, documents: Documents) -> Response:
        """`/info` with the scheme that worked last, or with the first that works.

        Firmware below 7 has nothing on port 443; later firmware redirects from port 80 or has closed it.
        """
        failed: list[RequestError] = []
        for scheme in sorted(self.settings.schemes, key=lambda scheme: scheme != self.scheme):
            try:
                response = self._get(scheme, target, None, deadline, documents)
            except Unreachable as error:
                failed.append(bare(error))
                if error.reason == "dns":
                    break
                continue
            if not 300 <= response.status < 400:  # noqa: PLR2004
                self.scheme, self.network.confirmed_certificate = (
                    scheme,
                    self.network.certificate if scheme == "https" else None,
                )
                return response
            location = responses.printable(response.headers.get("location", ""))
            failed.append(HTTPStatusError(response.status, f"redirect from {scheme} to {location}"))
        raise next((error for error in failed if error.reason != "connect"), failed[0])

    def _check_scheme(self, content: Json) -> None:
        """A token is sent over TLS only: blocking port 443 must not reveal it. Firmware 7 has TLS, not port 80."""
        identity = Documents({INFO: Document(content)})
        needs_token = not system.firmware_below(identity, TOKENS_FROM)
        if needs_token and self.scheme == "http" and self.settings.scheme == "auto":
            self.scheme = ""
            message = "the gateway responds over plain HTTP only, but its firmware requires a token, which requires TLS"
            raise Unreachable("tls", f"{message}; check port 443, or set scheme: http to send it unencrypted")

    def _get(
        self, scheme: str, target: str, auth: httpx.Auth | None, deadline: float, documents: Documents
    ) -> Response:
        self.began = self._clock.monotonic()
        settings = self.settings
        host = settings.host.partition("%")[0]  # the zone of a link-local address is for the socket only
        url = httpx.URL(scheme=scheme, host=host, port=settings.port, raw_path=target.encode())
        keep_alive = settings.keep_alive
        if keep_alive is None:
            # Firmware below 7 resets connections that it announced to keep (home-assistant/core#126162).
            is_recent = documents.has_responded(INFO) and not system.firmware_below(documents, TOKENS_FROM)
            keep_alive = scheme == "https" or is_recent
        return self._client.get(url, auth, deadline, keep_alive=keep_alive)
