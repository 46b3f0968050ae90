"""One run: a simulated gateway, and if wanted a cloud, with the complete exporter before them, on one clock."""

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
from support.clock import TurnedClock
from support.exposition import Exposition, parsed, parsed_openmetrics
from support.served import Served

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
from matrix.truth import STEP

MAIL, PASSWORD, LOCAL = "canary.of.norwich@example.com", "canary-sings-at-enlighten", "canary-sings-at-home"
PAGES = ("/metrics", "/probe?target=home", "/telemetry", "/sd", "/config", "/")
CLIENT_TIMEOUT, HURRY = 15.0, 1.0
"""Seconds that a scrape gives the exporter, which takes off half of one; and where it would wait in vain."""
CLOUD_HURRY = 2.0
"""In which a login must have come in whole, however much else the machine has to do."""
LATE = 60.0
"""After so many the answer is not coming; how soon it comes on a busy machine is no test's business."""
MOST_MORE = 64
"""Threads or file descriptors that a run may have open more than there were, the simulator's own among them."""
_SESSION = re.compile(r"session_?id[\"']?\s*[:=]\s*[\"']?(?!<secret>)\w", re.IGNORECASE)
_JUNE = 1_780_963_200.0
_OPENMETRICS = "application/openmetrics-text;version=1.0.0"
_LOUD = ("httpx", "httpcore", "uvicorn", "asyncio")
_YEAR = 365 * 86400


def small(name: str) -> Profile:
    """A profile with fewer inverters, all else as it is."""
    profile = PROFILES[name]
    return replace(profile, design=replace(profile.design, inverters=profile.design.inverters[:3]))


def eleven(profile: Profile) -> float:
    """In the morning of a day in June, by the sun over the plant."""
    return _JUNE + (11 - profile.design.longitude / 15) // 0.25 * 900


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # the count is all


@dataclass
class Scraped:
    """A scrape and when it was, seconds since 1970."""

    at: float
    exposition: Exposition

    @property
    def up(self) -> bool:
        return self.exposition.value("enphase_up") == 1

    @property
    def failing(self) -> list[str]:
        """The collectors that have not all they want."""
        graded = self.exposition.of("enphase_scrape_collector_success")
        return sorted(name for (name,), success in graded.items() if success != 1)


@dataclass
class House:
    """`token`: the one the config names; "" for none. `aging`: one in the state directory, to be renewed soon."""

    folder: Path
    profile: Profile
    cloud: bool = False
    aging: bool = False
    loud: bool = True
    breaches: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=4))
    patience: float = CLIENT_TIMEOUT
    timeouts: Timeouts = field(default_factory=Timeouts)

    def __enter__(self) -> Self:
        self._threads, self._files = threading.active_count(), open_files()
        self._stack = ExitStack()
        try:
            self._begin()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        until = time.monotonic() + 10
        while (self._leftover() != (0, 0)) and time.monotonic() < until:
            time.sleep(0.01)
        if error is None and self._leftover() != (0, 0):
            threads, files = self._leftover()
            names = [each.name for each in threading.enumerate()]
            self.breaches.append(f"left behind: {threads} threads and {files} file descriptors; {names}")

    def _leftover(self) -> tuple[int, int]:
        return max(threading.active_count() - self._threads, 0), max(open_files() - self._files, 0)

    def _begin(self) -> None:
        self.start = eleven(self.profile)
        self.clock = TurnedClock(self.start)
        self._stream = io.StringIO()
        self._stack.enter_context(self._listening_to_the_log())
        self.gateway = self._stack.enter_context(Simulator(self.profile, clock=self.clock.time, password=LOCAL))
        lines = [f"gateways:\n  - host: {self.gateway.address}\n    name: home\n    serial: '{self.gateway.serial}'"]
        lines.append(f"    local: {{username: {self.gateway.username}, password: {LOCAL}}}")
        self.secrets = [PASSWORD, MAIL, LOCAL]
        if self.aging:
            age = {"iat": int(self.start) - _YEAR, "exp": int(self.start) + 86400}
            token = self.gateway.make_token(username=MAIL, **age)
            TokenStore(self.folder).save(self.gateway.serial, parse(token))
            self.secrets.append(token)
        elif not self.cloud:
            token = self.gateway.make_token(username=MAIL)
            lines.append(f"    token: {token}")
            self.secrets.append(token)
        if self.cloud:
            lines += self._with_cloud()
        path = self.folder / "exporter.yml"
        path.write_text("\n".join([*lines, ""]))
        self.served = self._stack.enter_context(Served(path, clock=self.clock, timeouts=self.timeouts))
        (exposition,) = self.served.exporter.served.gateways.values()
        self.asker = exposition.collector.gateway
        logging.getLogger().handlers[0].addFilter(self.served.redaction)
        self._client = self._stack.enter_context(httpx.Client(base_url=self.served.url, timeout=LATE, trust_env=False))

    def _with_cloud(self) -> list[str]:
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
    def _listening_to_the_log(self) -> Iterator[None]:
        """All loggers at debug, libraries' too, as the command would write them."""
        root = logging.getLogger()
        before = root.handlers, root.level, {name: logging.getLogger(name).level for name in _LOUD}
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(logs.Logfmt())
        root.handlers = [handler]
        root.setLevel(logging.DEBUG)
        for name in _LOUD:
            logging.getLogger(name).setLevel(logging.DEBUG if self.loud else logging.WARNING)
        try:
            yield
        finally:
            root.handlers, root.level = before[0], before[1]
            for name, level in before[2].items():
                logging.getLogger(name).setLevel(level)

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """The exporter and who scrapes it, while nobody can be sure of an answer."""
        self.patience = HURRY
        with self._with_timeouts(request=0.3, first_request=0.2, connect=0.2, handshake=0.2, login=0.3):
            yield
        self.patience = CLIENT_TIMEOUT

    @contextmanager
    def impatient_with_the_cloud(self) -> Iterator[None]:
        """The exporter alone, while Enlighten may say nothing; what the gateway says may take its time."""
        with self._with_timeouts(login=CLOUD_HURRY):
            yield

    @contextmanager
    def _with_timeouts(self, **seconds: float) -> Iterator[None]:
        """The exporter that runs has this value, so it is changed although it is frozen."""
        usual = Timeouts()
        for name, value in seconds.items():
            object.__setattr__(self.timeouts, name, value)
        yield
        for name in seconds:
            object.__setattr__(self.timeouts, name, getattr(usual, name))

    @property
    def gap(self) -> float:
        """The longest of late between two scrapes, for as long as the exporter remembers any."""
        return max(self.gaps, default=0.0)

    # --- what a Prometheus server does

    def scrape(self, after: float = STEP) -> Scraped:
        """So many seconds after the last one; and wait for what it does not wait for."""
        self.clock.turn(after)
        self.gaps.append(after)
        self.counted["scrapes"] += 1
        text = self._get("/metrics", "text/plain")
        self.settle()
        letter = self._parsed(parsed, text)
        self._look_around()
        return Scraped(self.clock.time(), letter)

    def strict(self) -> Exposition:
        """What stands there now, also by the other parser."""
        return self._parsed(parsed_openmetrics, self._get("/metrics", _OPENMETRICS))

    def _parsed(self, parse: object, text: str) -> Exposition:
        try:
            found: Exposition = parse(text)  # type: ignore[operator]
        except (AssertionError, ValueError) as problem:
            self.breaches.append(f"not valid: {problem}")
            return Exposition({("enphase_up", frozenset()): 0.0}, {})
        return found

    def look_at_every_page(self) -> None:
        for page in PAGES:
            self._get(page, "*/*")
        self.strict()

    def settle(self) -> None:
        """Until the gateway's thread has nothing to do."""
        until = time.monotonic() + LATE
        while time.monotonic() < until:
            if self.asker.is_idle:
                return
            time.sleep(0.002)
        self.breaches.append("it goes on asking without end")

    def _get(self, page: str, accept: str) -> str:
        headers = {"Accept": accept, "X-Prometheus-Scrape-Timeout-Seconds": str(self.patience)}
        try:
            response = self._client.get(page, headers=headers)
        except httpx.HTTPError as error:
            self.breaches.append(f"{page} was not answered: {error!r}")
            return "enphase_up 0\n# EOF\n"
        if response.status_code != 200:
            self.breaches.append(f"{page} is {response.status_code}")
        self._check_secrets(page, response.text)
        return response.text

    def _look_around(self) -> None:
        threads, files = self._leftover()
        self.most["threads more"] = max(self.most["threads more"], threads)
        self.most["file descriptors more"] = max(self.most["file descriptors more"], files)
        if threads > MOST_MORE or files > MOST_MORE:
            self.breaches.append(f"{threads} threads and {files} file descriptors more")

    # --- secrets

    def _check_secrets(self, where: str, text: str) -> None:
        fetched = [self.asker.snapshot().token] if where == "the log" else []
        for secret in (*self.secrets, *(each.secret.reveal() for each in fetched if each)):
            if secret in text:
                self.breaches.append(f"{where} tells a secret: {secret[:12]}...")
        if _SESSION.search(text):
            self.breaches.append(f"{where} tells a session")

    def read_the_log(self) -> str:
        text = self._stream.getvalue()
        self._check_secrets("the log", text)
        if "please report it" in text:
            self.breaches.append("the log tells of a bug: " + next(x for x in text.splitlines() if "please" in x))
        return text

    # --- back again

    def back_off(self) -> float:
        """Seconds until all is asked for again that was given up: the gateway, endpoints, what was not there."""
        state, endpoints = self.asker.state, self._endpoints()
        ends = [state.cache.quiet_until, *(endpoint.due for endpoint in endpoints if endpoint.error is not None)]
        if isinstance(state.login.state, Rejected):
            ends.append(state.login.state.retry_at)
        if any(endpoint.absent is not None for endpoint in endpoints) and state.second_look_at < float("inf"):
            ends.append(state.second_look_at)
        return max(max(ends) - self.clock.monotonic(), 0.0)

    def believed(self, there: Collection[str]) -> float:
        """Seconds until those are asked again that were said not to be there, from the start and for ten minutes."""
        states = self.asker.state.cache.states
        ends = [states[name].due for name in there if states[name].absent is not None and not states[name].has_answered]
        return max(max(ends, default=0.0) - self.clock.monotonic(), 0.0)

    def cloud_back_off(self) -> float:
        """Seconds until Enlighten is asked again."""
        source = self.asker.token_source
        assert isinstance(source, Renewal)
        return max(source.status.retry_at - self.clock.monotonic(), 0.0)

    def stands(self) -> float:
        """Seconds until every document is asked for anew."""
        return max(max(each.due for each in self._endpoints() if each.absent is None) - self.clock.monotonic(), 0.0)

    def _endpoints(self) -> list[EndpointState]:
        cache = self.asker.state.cache
        return [cache.states[each.name] for each in cache.required]
