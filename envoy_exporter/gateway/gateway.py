"""One gateway: the thread that asks it, one request at a time, and the scrapes that wait for what it says.

Nothing is asked without a scrape. A scrape wakes the worker; the worker asks for the most important due
endpoint, then again, until none is due. However many scrapes come meanwhile, they share what it brings.
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

from .client import GatewayClient
from .endpoint_cache import EndpointStatus
from .poller import Poller
from .settings import Settings
from .token_source import TokenSource

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that there is to say of a gateway at one moment.

    `documents` are empty unless it answers as itself; `wanted` says how each endpoint stands that it should have.
    `requests` by (endpoint, status code), `failures` by (endpoint, reason). `version` rises with each change, and
    without one the snapshot holds `until` then, of the monotonic clock. `renewals` of the token by their result.
    """

    answering: bool
    authenticated: bool | None
    token: Token | None
    documents: Documents
    wanted: Mapping[str, EndpointStatus]
    requests: Mapping[tuple[str, int], int]
    failures: Mapping[tuple[str, str], int]
    trouble: str | None
    version: int
    until: float
    renewals: Mapping[str, int] = field(default_factory=dict)


class Gateway:
    """Asks and remembers. `scrape()` and `snapshot()` may be called from any thread, and do not block."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        random: Random,
        telemetry: Telemetry,
        learn: Callable[[Secret], None],
        user_agent: str,
        token_source: TokenSource | None = None,
    ) -> None:
        self.settings = settings
        self.token_source = token_source
        self._clock = clock
        self._telemetry = telemetry
        self._change = threading.Condition()
        self._user_agent = user_agent
        link = GatewayClient(settings, clock, self._counted, user_agent)
        self._worker = Poller(settings, link, clock=clock, random=random, learn=learn, source=token_source)
        self._waiting: list[tuple[float, Future[None]]] = []
        self._woken = self._closed = False
        self._thread: threading.Thread | None = None
        self._version = 0

    # --- for the scrapes

    def scrape(self) -> Future[None]:
        """Wake the worker if anything is due; done once all is there that is worth waiting for."""
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()  # so that whoever gives up waiting cannot cancel it
        with self._change:
            now = self._clock.monotonic()
            self.scraped()
            if self._waiting:
                self._telemetry.scrapes_shared.inc()
            self._waiting.append((now, done))
            self._release()
            if not self._closed and self._worker.has_work(now):
                self._woken = True
                if self._thread is None or not self._thread.is_alive():
                    name = f"gateway {self.settings.name}"
                    self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                    self._thread.start()
                self._change.notify_all()
        return done

    def scraped(self) -> None:
        """A scrape came, without waiting for it."""
        with self._change:
            cache = self._worker.cache
            self._worker.cache = cache.scraped(self._clock.monotonic())
            if self._worker.cache.least_grace < cache.least_grace:
                self._version += 1  # what was rendered may show what is too old now

    def snapshot(self) -> Snapshot:
        with self._change:
            now = self._clock.monotonic()
            worker, cache, credentials = self._worker, self._worker.cache, self._worker.credentials
            return Snapshot(
                answering=worker.answering,
                authenticated=credentials.accepted,
                token=credentials.token,
                documents=cache.readable(now) if worker.answering else Documents(absent=cache.seen.absent),
                wanted=cache.statuses(now),
                requests=dict(worker.requests),
                failures=dict(worker.failures),
                trouble=str(worker.trouble) if worker.trouble else credentials.trouble,
                version=self._version,
                until=cache.until(now),
                renewals=dict(self.token_source.status.results) if self.token_source else {},
            )

    def holds(self, snapshot: Snapshot) -> bool:
        """Would a snapshot taken now say the same."""
        return snapshot.version == self._version and self._clock.monotonic() < snapshot.until

    def change(self, settings: Settings, token_source: TokenSource | None = None) -> None:
        """Other settings for the same gateway: its documents and counters stay, a request under way is not heard."""
        with self._change:
            self.settings, self.token_source = settings, token_source
            client = GatewayClient(settings, self._clock, self._counted, self._user_agent)
            self._worker.change(settings, client, token_source)
            self._changed()

    def forget_absent(self) -> None:
        """After a reload: what the gateway said it had not is asked for again."""
        with self._change:
            self._worker.cache = self._worker.cache.retry_absent()
            self._version += 1

    def close(self) -> None:
        """Let every waiting scrape go with what there is. The thread ends with its request, or with the process."""
        with self._change:
            self._closed = True
            self._release()
            self._change.notify_all()
            if self._thread is None:
                self._worker.link.close()

    def _release(self) -> None:
        """Let go the scrapes that have nothing more to wait for."""
        now = self._clock.monotonic()
        waiting, self._waiting = self._waiting, []
        for since, done in waiting:
            if not self._closed and self._worker.cache.pending(since, now):
                self._waiting.append((since, done))
            else:
                done.set_result(None)

    # --- in the thread

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._woken or self._closed)
                if self._closed:
                    break
                self._woken = False
            try:
                self.poll()
            except Exception:  # a bug must not leave a dead thread behind, and old values
                log.exception("gateway %s: a bug of the exporter, please report it", self.settings.name)
                with self._change:
                    self._worker.failures["", "internal"] += 1
                    self._changed()
                self._clock.sleep(1)
        self._worker.link.close()

    def poll(self) -> None:
        """Ask for what is due until nothing is. For one thread at a time: its own, a verb's or a test's."""
        worker = self._worker
        with self._change:
            worker.begin_poll()
        while not self._closed:
            self._renew_token(idle=False)
            with self._change:
                chosen = worker.choose()
            if chosen is None:
                break
            endpoint, hold = chosen
            if hold > 0:
                self._clock.sleep(hold)
                continue
            with self._change:
                asking = worker.begin(endpoint)
            outcome = worker.ask(asking)
            self._telemetry.request_seconds.labels(endpoint.name).observe(outcome.took)
            with self._change:
                worker.conclude(outcome)
                self._changed()
        with self._change:
            worker.end_poll()
            self._changed()
        self._renew_token(idle=True)

    def _renew_token(self, *, idle: bool) -> None:
        """Fetch a token if there is no usable one, or when idle if the old one is due for renewal."""
        source, poller = self.token_source, self._worker
        if source is None or self._closed:
            return
        with self._change:
            credentials, seen = poller.credentials, poller.cache.seen
            urgent = poller.answering and credentials.needs_token(seen)
            renew = urgent or (idle and poller.answering and credentials.may_renew(seen))
            old = credentials.token
        if not renew:
            return
        before = source.status
        token = source.fetch(old, urgent=urgent)
        with self._change:
            if token is not None and source is self.token_source:
                poller.credentials.offer(token)
            if token is not None or source.status != before:
                self._changed()

    def _counted(self, path: str, status: int) -> None:
        with self._change:
            self._worker.requests[path, status] += 1
            self._changed()

    def _changed(self) -> None:
        self._version += 1
        self._release()
