"""One gateway: the thread that polls it, one request at a time, and the scrapes that wait for the documents.

Nothing is requested without a scrape. A scrape wakes the thread, which requests the most important due endpoint, then
the next, until none is due. However many scrapes come meanwhile, they share the result.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from random import Random

from envoy_exporter.clock import Clock
from envoy_exporter.documents import Documents
from envoy_exporter.secret import Secret
from envoy_exporter.telemetry import Telemetry
from envoy_exporter.token import Token
from envoy_exporter.transport.timeouts import Timeouts

from .client import GatewayClient
from .endpoint_cache import EndpointStatus
from .poller import Poller
from .settings import Settings
from .state import GatewayState
from .token_source import TokenSource

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The public state of a gateway at one moment.

    `documents` are empty unless the gateway is up; `endpoints` has the status of each endpoint that is required.
    `requests` by (endpoint, status code), `failures` by (endpoint, reason). `version` rises with each change; without
    one the snapshot holds `until` a moment of the monotonic clock. `renewals` of the token by their result.
    """

    reachable: bool
    authenticated: bool | None
    token: Token | None
    documents: Documents
    endpoints: Mapping[str, EndpointStatus]
    requests: Mapping[tuple[str, int], int]
    failures: Mapping[tuple[str, str], int]
    error: str | None
    version: int
    until: float
    renewals: Mapping[str, int] = field(default_factory=dict)


class Gateway:
    """Polls and remembers. `scrape()` and `snapshot()` may be called from any thread, and do not block."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        random: Random,
        telemetry: Telemetry,
        register_secret: Callable[[Secret], None],
        user_agent: str,
        token_source: TokenSource | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.settings = settings
        self.token_source = token_source
        self._clock = clock
        self._telemetry = telemetry
        self.lock = threading.Condition()
        self._user_agent = user_agent
        self._timeouts = timeouts or Timeouts()
        self._poller = Poller(
            settings,
            self._client(settings),
            clock=clock,
            random=random,
            register_secret=register_secret,
            timeouts=self._timeouts,
            source=token_source,
        )
        self._waiting: list[tuple[float, Future[None]]] = []
        self._woken = self._closed = self._thread_waits = False
        self._thread: threading.Thread | None = None
        self._version = 0

    # --- for the scrapes

    def scrape(self) -> Future[None]:
        """Wake the thread if an endpoint is due. The future is done when no awaited endpoint is pending."""
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()  # so that a scrape which stops waiting cannot cancel it
        with self.lock:
            self.scraped()
            if self._waiting:
                self._telemetry.scrapes_shared.inc()
            self._waiting.append((self._clock.monotonic(), done))
            self._release()
            if not self._closed and self._poller.has_work():
                self._woken = True
                if self._thread is None or not self._thread.is_alive():
                    name = f"gateway {self.settings.name}"
                    self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                    self._thread.start()
                self.lock.notify_all()
        return done

    def scraped(self) -> None:
        """A scrape came: endpoints that are due may be requested."""
        with self.lock:
            if self._poller.scraped():
                self._version += 1  # a rendered document may have expired

    @property
    def is_idle(self) -> bool:
        """Whether the thread requests nothing now, and will not before the next scrape."""
        with self.lock:
            runs = self._thread is not None and self._thread.is_alive()
            return not runs or (self._thread_waits and not self._woken)

    @property
    def state(self) -> GatewayState:
        """The current state, an immutable value."""
        with self.lock:
            return self._poller.state

    def snapshot(self) -> Snapshot:
        with self.lock:
            now = self._clock.monotonic()
            poller, state, cache = self._poller, self._poller.state, self._poller.state.cache
            return Snapshot(
                reachable=state.is_up,
                authenticated=state.login.accepted,
                token=state.login.token,
                documents=cache.readable(now) if state.is_up else Documents(absent=cache.documents.absent),
                endpoints=cache.statuses(now),
                requests=dict(poller.requests),
                failures=dict(poller.failures),
                error=poller.error,
                version=self._version,
                until=cache.until(now),
                renewals=dict(self.token_source.status.results) if self.token_source else {},
            )

    def is_current(self, snapshot: Snapshot) -> bool:
        """Whether a snapshot taken now would be the same."""
        return snapshot.version == self._version and self._clock.monotonic() < snapshot.until

    def change(self, settings: Settings, token_source: TokenSource | None = None) -> None:
        """Use other settings for the same gateway. Documents and counters are kept; a pending request is discarded."""
        with self.lock:
            self.settings, self.token_source = settings, token_source
            self._poller.change(settings, self._client(settings), token_source)
            self._changed()

    def retry_absent(self) -> None:
        """After a reload: request again what the gateway reported as missing."""
        with self.lock:
            self._poller.retry_absent()
            self._version += 1

    def close(self) -> None:
        """Release every waiting scrape. The thread ends with its request, or with the process."""
        with self.lock:
            self._closed = True
            self._release()
            self.lock.notify_all()
            if self._thread is None:
                self._poller.client.close()

    def _release(self) -> None:
        """Release the scrapes for which no endpoint is pending."""
        now = self._clock.monotonic()
        waiting, self._waiting = self._waiting, []
        for since, done in waiting:
            if not self._closed and self._poller.is_pending(since, now):
                self._waiting.append((since, done))
            else:
                done.set_result(None)

    # --- in the thread

    def _run(self) -> None:
        while True:
            with self.lock:
                self._thread_waits = True
                self.lock.wait_for(lambda: self._woken or self._closed)
                self._thread_waits = False
                if self._closed:
                    break
                self._woken = False
            try:
                self.poll()
            except Exception:  # a bug must not end the thread, which would leave old values
                log.exception("unhandled exception; please report this bug", extra={"gateway": self.settings.name})
                with self.lock:
                    self._poller.failures["", "internal"] += 1
                    self._changed()
                self._clock.sleep(1)
        self._poller.client.close()

    def poll(self) -> None:
        """Request endpoints until none is due. For one thread at a time: its own, that of a command or of a test."""
        poller = self._poller
        with self.lock:
            poller.begin_poll()
        while not self._closed:
            self._renew_token(idle=False)
            with self.lock:
                chosen = poller.next_request()
            if chosen is None:
                break
            endpoint, wait = chosen
            if wait > 0:
                self._clock.sleep(wait)
                continue
            with self.lock:
                request = poller.begin(endpoint)
            result = poller.send(request)
            self._telemetry.request_seconds.labels(endpoint.name).observe(result.duration)
            with self.lock:
                poller.conclude(request, result)
                self._changed()
        with self.lock:
            poller.end_poll()
            self._changed()
        self._renew_token(idle=True)

    def _renew_token(self, *, idle: bool) -> None:
        """Fetch a token if there is no usable one, or after a poll (`idle`) if the old one is due for renewal."""
        source, poller = self.token_source, self._poller
        if source is None or self._closed:
            return
        with self.lock:
            renew, urgent = poller.token_need(idle=idle)
            old = poller.state.login.token
        if idle:
            source.persist()
        if not renew:
            return
        before = source.status
        token = source.fetch(old, urgent=urgent, wait=not idle)
        with self.lock:
            if token is not None and source is self.token_source:
                poller.offer(token)
            if token is not None or source.status != before:
                self._changed()

    def _client(self, settings: Settings) -> GatewayClient:
        return GatewayClient(settings, self._clock, self.count_response, self._user_agent, self._timeouts)

    def count_response(self, path: str, status: int) -> None:
        with self.lock:
            self._poller.requests[path, status] += 1
            self._changed()

    def _changed(self) -> None:
        self._version += 1
        self._release()
