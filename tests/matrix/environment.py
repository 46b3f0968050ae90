"""What one run needs: a simulated gateway, optionally Enlighten, and the complete exporter, on one clock."""

import io
import logging
import os
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from support.clock import RunningClock
from support.exposition import Exposition, parsed, parsed_openmetrics
from support.served_exporter import ServedExporter

from envoy_exporter import logs
from envoy_exporter.enlighten.renewal import Renewal
from envoy_exporter.enlighten.token_store import TokenStore
from envoy_exporter.gateway.endpoint_state import EndpointState
from envoy_exporter.gateway.state import Rejected
from envoy_exporter.token import parse
from envoy_exporter.transport.timeouts import Timeouts
from envoy_simulator import PROFILES, Simulator
from envoy_simulator.cloud import Cloud
from envoy_simulator.profiles import Profile
from matrix.reference import STEP

MAIL, PASSWORD, LOCAL = "canary.of.norwich@example.com", "canary-sings-at-enlighten", "canary-sings-at-home"
PAGES = ("/metrics", "/probe?target=home", "/telemetry", "/sd", "/config", "/")
CLIENT_TIMEOUT, SHORT_TIMEOUT = 15.0, 1.0
"""Seconds that a scrape allows the exporter, which subtracts half of one; and where no response will come."""
SHORT_LOGIN_TIMEOUT = 2.0
"""Seconds for a complete login, on a busy machine too."""
RESPONSE_TIMEOUT = 60.0
"""Seconds after which no response will come. How soon it comes on a busy machine is not tested."""
MAX_EXTRA = 64
"""Threads or file descriptors that a run may open, including those of the simulator."""
_SESSION = re.compile(r"session_?id[\"']?\s*[:=]\s*[\"']?(?!<secret>)\w", re.IGNORECASE)
_JUNE = 1_780_963_200.0
_OPENMETRICS = "application/openmetrics-text;version=1.0.0"
_LIBRARY_LOGGERS = ("httpx", "httpcore", "uvicorn", "asyncio")
_YEAR = 365 * 86400


def with_few_inverters(name: str) -> Profile:
    """The profile with three inverters, otherwise unchanged."""
    profile = PROFILES[name]
    return replace(profile, design=replace(profile.design, inverters=profile.design.inverters[:3]))


def late_morning(profile: Profile) -> float:
    """11 o'clock on a day in June, solar time of the system."""
    return _JUNE + (11 - profile.design.longitude / 15) // 0.25 * 900


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # only the count matters


@dataclass
class ScrapeResult:
    """A scrape and its time in seconds since 1970."""

    at: float
    exposition: Exposition

    @property
    def up(self) -> bool:
        return self.exposition.value("enphase_up") == 1

    @property
    def failing(self) -> list[str]:
        """The collectors that lack a document."""
        graded = self.exposition.of("enphase_scrape_collector_success")
        return sorted(name for (name,), success in graded.items() if success != 1)


@dataclass
class Environment:
    """`expiring_token`: the state directory has a token that must be renewed soon. Without it and without Enlighten the
    config has a token.
    """

    folder: Path
    profile: Profile
    with_enlighten: bool = False
    expiring_token: bool = False
    http_client_logs: bool = True
    violations: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    maxima: Counter[str] = field(default_factory=Counter)
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=4))
    scrape_timeout: float = CLIENT_TIMEOUT
    timeouts: Timeouts = field(default_factory=Timeouts)

    def __enter__(self) -> Self:
        self._threads, self._files = threading.active_count(), open_files()
        self._stack = ExitStack()
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        until = time.monotonic() + 10
        while (self._extra_resources() != (0, 0)) and time.monotonic() < until:
            time.sleep(0.01)
        if error is None and self._extra_resources() != (0, 0):
            threads, files = self._extra_resources()
            names = [thread.name for thread in threading.enumerate()]
            self.violations.append(f"left behind: {threads} threads and {files} file descriptors; {names}")

    def _extra_resources(self) -> tuple[int, int]:
        return max(threading.active_count() - self._threads, 0), max(open_files() - self._files, 0)

    def _start(self) -> None:
        self.start = late_morning(self.profile)
        self.clock = RunningClock(self.start)
        self._stream = io.StringIO()
        self._stack.enter_context(self._captured_log())
        self.gateway = self._stack.enter_context(Simulator(self.profile, clock=self.clock.time, password=LOCAL))
        lines = [f"gateways:\n  - host: {self.gateway.address}\n    name: home\n    serial: '{self.gateway.serial}'"]
        lines.append(f"    local: {{username: {self.gateway.username}, password: {LOCAL}}}")
        self.secrets = [PASSWORD, MAIL, LOCAL]
        if self.expiring_token:
            age = {"iat": int(self.start) - _YEAR, "exp": int(self.start) + 86400}
            token = self.gateway.make_token(username=MAIL, **age)
            TokenStore(self.folder).save(self.gateway.serial, parse(token))
            self.secrets.append(token)
        elif not self.with_enlighten:
            token = self.gateway.make_token(username=MAIL)
            lines.append(f"    token: {token}")
            self.secrets.append(token)
        if self.with_enlighten:
            lines += self._start_enlighten()
        path = self.folder / "exporter.yml"
        path.write_text("\n".join([*lines, ""]))
        self.served = self._stack.enter_context(ServedExporter(path, clock=self.clock, timeouts=self.timeouts))
        (exposition,) = self.served.exporter.served.gateways.values()
        self.exporter_gateway = exposition.collector.gateway
        logging.getLogger().handlers[0].addFilter(self.served.redaction)
        self._client = self._stack.enter_context(
            httpx.Client(base_url=self.served.url, timeout=RESPONSE_TIMEOUT, trust_env=False)
        )

    def _start_enlighten(self) -> list[str]:
        serial = self.gateway.serial
        self.enlighten = self._stack.enter_context(
            Cloud(serial, username=MAIL, password=PASSWORD, clock=self.clock.time)
        )
        ca = self.folder / "cloud.pem"
        ca.write_bytes(self.enlighten.authority)
        urls = f"login_url: '{self.enlighten.login_url}', token_url: '{self.enlighten.token_url}', ca_file: {ca}"
        return [
            f"enlighten: {{username: {MAIL}, password: {PASSWORD}, {urls}}}",
            f"state_directory: {self.folder}",
        ]

    @contextmanager
    def _captured_log(self) -> Iterator[None]:
        """All loggers at debug, those of libraries too, in the format of the command."""
        root = logging.getLogger()
        before = root.handlers, root.level, {name: logging.getLogger(name).level for name in _LIBRARY_LOGGERS}
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(logs.Logfmt())
        root.handlers = [handler]
        root.setLevel(logging.DEBUG)
        for name in _LIBRARY_LOGGERS:
            logging.getLogger(name).setLevel(logging.DEBUG if self.http_client_logs else logging.WARNING)
        try:
            yield
        finally:
            root.handlers, root.level = before[0], before[1]
            for name, level in before[2].items():
                logging.getLogger(name).setLevel(level)

    @contextmanager
    def short_timeouts(self) -> Iterator[None]:
        """For the exporter and its client, while a response is not certain."""
        self.scrape_timeout = SHORT_TIMEOUT
        with self._with_timeouts(request=0.3, first_request=0.2, connect=0.2, handshake=0.2, login=0.3):
            yield
        self.scrape_timeout = CLIENT_TIMEOUT

    @contextmanager
    def short_login_timeout(self) -> Iterator[None]:
        """For the exporter's logins, while Enlighten may not respond. Requests to the gateway keep their timeouts."""
        with self._with_timeouts(login=SHORT_LOGIN_TIMEOUT):
            yield

    @contextmanager
    def _with_timeouts(self, **seconds: float) -> Iterator[None]:
        """Shorter timeouts, for requests without a response. The running exporter has this frozen value."""
        timeouts = Timeouts()
        for name, value in seconds.items():
            object.__setattr__(self.timeouts, name, value)
        yield
        for name in seconds:
            object.__setattr__(self.timeouts, name, getattr(timeouts, name))

    @property
    def gap(self) -> float:
        """The longest recent time between two scrapes, of as many as the exporter remembers."""
        return max(self.gaps, default=0.0)

    # --- scrapes

    def scrape(self, after: float = STEP) -> ScrapeResult:
        """A scrape some seconds after the last one. Returns when the exporter has finished its requests."""
        self.clock.advance(after)
        self.gaps.append(after)
        self.counted["scrapes"] += 1
        text = self._get("/metrics", "text/plain")
        self.wait_until_idle()
        exposition = self._parsed(parsed, text)
        self._check_resources()
        return ScrapeResult(self.clock.time(), exposition)

    def fetch_openmetrics(self) -> Exposition:
        """The current exposition, parsed by the OpenMetrics parser."""
        return self._parsed(parsed_openmetrics, self._get("/metrics", _OPENMETRICS))

    def _parsed(self, parse: object, text: str) -> Exposition:
        try:
            found: Exposition = parse(text)  # type: ignore[operator]
        except (AssertionError, ValueError) as problem:
            self.violations.append(f"not valid: {problem}")
            return Exposition({("enphase_up", frozenset()): 0.0}, {})
        return found

    def fetch_every_page(self) -> None:
        for page in PAGES:
            self._get(page, "*/*")
        self.fetch_openmetrics()

    def wait_until_idle(self) -> None:
        """Until the gateway's thread is idle."""
        until = time.monotonic() + RESPONSE_TIMEOUT
        while time.monotonic() < until:
            if self.exporter_gateway.is_idle:
                return
            time.sleep(0.002)
        self.violations.append("the gateway thread never becomes idle")

    def _get(self, page: str, accept: str) -> str:
        headers = {"Accept": accept, "X-Prometheus-Scrape-Timeout-Seconds": str(self.scrape_timeout)}
        try:
            response = self._client.get(page, headers=headers)
        except httpx.HTTPError as error:
            self.violations.append(f"no response for {page}: {error!r}")
            return "enphase_up 0\n# EOF\n"
        if response.status_code != 200:
            self.violations.append(f"{page} has status {response.status_code}")
        self._check_secrets(page, response.text)
        return response.text

    def _check_resources(self) -> None:
        threads, files = self._extra_resources()
        self.maxima["extra threads"] = max(self.maxima["extra threads"], threads)
        self.maxima["extra file descriptors"] = max(self.maxima["extra file descriptors"], files)
        if threads > MAX_EXTRA or files > MAX_EXTRA:
            self.violations.append(f"{threads} extra threads and {files} extra file descriptors")

    # --- secrets

    def _check_secrets(self, where: str, text: str) -> None:
        fetched = [self.exporter_gateway.snapshot().token] if where == "the log" else []
        for secret in (*self.secrets, *(token.secret.reveal() for token in fetched if token)):
            if secret in text:
                self.violations.append(f"{where} contains a secret: {secret[:12]}...")
        if _SESSION.search(text):
            self.violations.append(f"{where} contains a session id")

    def check_log(self) -> str:
        text = self._stream.getvalue()
        self._check_secrets("the log", text)
        if "please report it" in text:
            self.violations.append("the log reports a bug: " + next(x for x in text.splitlines() if "please" in x))
        return text

    # --- recovery

    def back_off(self) -> float:
        """Seconds until everything that failed is requested again: the gateway, endpoints, absent documents."""
        state, endpoints = self.exporter_gateway.state, self._endpoints()
        ends = [state.cache.paused_until, *(endpoint.due for endpoint in endpoints if endpoint.error is not None)]
        if isinstance(state.login.state, Rejected):
            ends.append(state.login.state.retry_at)
        if any(endpoint.absent is not None for endpoint in endpoints) and state.retry_absent_at < float("inf"):
            ends.append(state.retry_absent_at)
        return max(max(ends) - self.clock.monotonic(), 0.0)

    def seconds_until_absent_documents_are_due(self, available: Collection[str]) -> float:
        """Seconds until the documents that were reported absent since the start are requested again: ten minutes."""
        states = self.exporter_gateway.state.cache.states
        ends = [
            states[name].due for name in available if states[name].absent is not None and not states[name].was_available
        ]
        return max(max(ends, default=0.0) - self.clock.monotonic(), 0.0)

    def enlighten_back_off(self) -> float:
        """Seconds until the next request to Enlighten."""
        source = self.exporter_gateway.token_source
        assert isinstance(source, Renewal)
        return max(source.status.retry_at - self.clock.monotonic(), 0.0)

    def seconds_until_all_documents_are_due(self) -> float:
        """Seconds until every document has been requested again."""
        due = max(endpoint.due for endpoint in self._endpoints() if endpoint.absent is None)
        return max(due - self.clock.monotonic(), 0.0)

    def _endpoints(self) -> list[EndpointState]:
        cache = self.exporter_gateway.state.cache
        return [cache.states[endpoint.name] for endpoint in cache.required]
