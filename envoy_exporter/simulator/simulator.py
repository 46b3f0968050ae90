"""A gateway to run against: a simulated or a recorded one, behind real sockets and real locks."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self, TypedDict, Unpack

from envoy_exporter.simulator.answering import TOKENS_SINCE, Json, Request, Response, Site
from envoy_exporter.simulator.answers.moment import QUARTER
from envoy_exporter.simulator.capture import Capture
from envoy_exporter.simulator.certificate import can_certify, server_context
from envoy_exporter.simulator.chance import Purpose, chance
from envoy_exporter.simulator.credentials import DigestLock, TokenLock
from envoy_exporter.simulator.faults import Faults, NoFaults
from envoy_exporter.simulator.gateway import SimulatedGateway
from envoy_exporter.simulator.load import Load, LoadCount
from envoy_exporter.simulator.pages import KNOWN_PATHS, is_slow, not_allowed
from envoy_exporter.simulator.plant import Plant
from envoy_exporter.simulator.profiles import PROFILES, Profile
from envoy_exporter.simulator.server import Server
from envoy_exporter.simulator.weather import DAY, sun


class Options(TypedDict, total=False):
    """What every simulator can be told, a replay too."""

    clock: Callable[[], float]
    tls: bool | None
    host: str
    port: int
    username: str
    password: str | None
    latency: float
    sleep: Callable[[float], object] | None
    seed: int
    faults: Faults


class Simulator:
    """A gateway that listens from `start` to `close`, or for the length of a `with`.

    `gateway`: a profile's name, a profile, or a capture. `clock`: seconds since 1970. `tls`: None is TLS from
    firmware 7 on if trustme is there. `password`: None is the serial's last six digits. `latency`: a factor on the
    seconds that a real gateway's UI process takes, 0 for none. `day`: seconds in which one day of the sun passes.
    `report_interval`: seconds between an inverter's reports, `step` for which powers stay constant.
    """

    def __init__(  # noqa: PLR0913  # each is a switch of the bench, all by name
        self,
        gateway: str | Profile | Capture = "8.3",
        *,
        clock: Callable[[], float] = time.time,
        tls: bool | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        username: str = "envoy",
        password: str | None = None,
        latency: float = 0.0,
        sleep: Callable[[float], object] | None = None,
        day: float = DAY,
        seed: int = 0,
        report_interval: int | None = None,
        step: float | None = None,
        faults: Faults | None = None,
    ) -> None:
        profile = PROFILES[gateway] if isinstance(gateway, str) else gateway
        self.plant: Plant | None = None
        self._site: Site
        if isinstance(profile, Capture):
            self._site = profile
        else:
            interval = report_interval or max(10, round(profile.report_interval * day / DAY))
            start = _start(profile, clock(), day, interval)
            self.plant = Plant(profile.design, seed=seed, start=start, day=day, step=step)
            self._site = SimulatedGateway(profile, self.plant, interval)
        self.serial = self._site.serial
        self.username = username
        self.password = self.serial[-6:] if password is None else password
        self._wants_token = self._site.firmware >= TOKENS_SINCE
        self.scheme = "https" if tls or (tls is None and self._wants_token and can_certify()) else "http"
        self._clock = clock
        self._host, self._port = host, port
        self._seed = seed
        self._latency = latency
        self._sleep = sleep
        self._ui_process = Lock()
        self._ui_requests = 0
        self._load = LoadCount()
        self._faults = faults or NoFaults()
        self._tokens = TokenLock(self.serial, clock)
        self._digest = DigestLock(username, self.password, dated_nonces=self._site.firmware < (4,))
        self.token = self._tokens.make()
        self.authority: bytes | None = None
        self._server: Server | None = None

    @classmethod
    def of_capture(cls, folder: Path, *, at_present: bool = False, **options: Unpack[Options]) -> Self:
        """A replay of the answers in a folder. `at_present`: its clock moved to ours, else every byte as it was."""
        return cls(Capture.read(folder, at_present=at_present), **options)

    @property
    def address(self) -> str:
        """`host:port`, once it listens."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    @property
    def wants_token(self) -> bool:
        """True from firmware 7 on; below, some paths want `username` and `password`."""
        return self._wants_token

    @property
    def load(self) -> Load:
        return self._load.snapshot()

    def reset_load(self) -> None:
        self._load.reset()

    def make_token(self, **claims: Json) -> str:
        """Another token, with these claims instead of the usual ones; None leaves a claim out."""
        return self._tokens.make(**claims)

    def revoke(self) -> None:
        """From now on refuse the password, and every token there is so far."""
        self._tokens.revoke()
        self._digest.revoke()

    def restore(self) -> None:
        """Take them again."""
        self._tokens.restore()
        self._digest.restore()

    def start(self) -> None:
        context = None
        if self.scheme == "https":
            context, self.authority = server_context(self.serial, self._host)
        self._server = Server(
            self._answer, load=self._load, faults=self._faults, keep_alive=self._wants_token, context=context
        )
        self._host, self._port = self._server.start(self._host, self._port)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, request: Request) -> Response:
        """The gateway at work: the instant of a document is that of its asking, however long the answer takes."""
        now = self._clock()
        if request.method != "GET" or request.path not in KNOWN_PATHS:
            self._load.refuse(request.method, request.path)
        response = self.respond(request, now)
        if response.status == 200 and is_slow(request.path):  # noqa: PLR2004  # refusals come from the front door
            self._wait()
        return response

    def respond(self, request: Request, now: float) -> Response:
        """What the gateway says to a request at an instant; nothing of it depends on any earlier one but nonces."""
        if request.method != "GET":
            return not_allowed(self._site.firmware)
        denial = self._site.denial(request.path)
        response = denial if denial and not self._opens(request, now) else self._site.document(request, now)
        headers = list(response.headers)
        if response is denial and not self._wants_token:
            headers.append(("WWW-Authenticate", self._digest.challenge(now)))
        if not any(name.lower() == "date" for name, _ in headers):
            headers.append(("Date", format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True)))
        return Response(response.status, tuple(headers), response.body, response.chunked)

    def _opens(self, request: Request, now: float) -> bool:
        if not self._wants_token:
            return self._digest.opens(request)
        for_installers = self._site.is_for_installers(request.path)
        return self._tokens.opens(request, now, installer=for_installers)

    def _wait(self) -> None:
        """The UI process takes its one to six seconds, and one request at a time."""
        if self._latency <= 0:
            return
        with self._ui_process:
            self._ui_requests += 1
            seconds = self._latency * (1 + 5 * chance(self._seed, Purpose.LATENCY, self._ui_requests))
            if self._sleep is not None:
                self._sleep(seconds)
            elif self._server is not None:
                self._server.closing.wait(seconds)


def _start(profile: Profile, now: float, day: float, interval: int) -> float:
    """When the plant's simulation begins: early enough for every inverter to have a whole interval to report.

    By the real sun: as far back as it last shone, for by night the last reports are those of dusk.
    """
    if day != DAY:
        return now - max(3 * interval, day / 24)
    began = now
    while sun(profile.design.latitude, profile.design.longitude, began).up <= 0 and now - began < DAY:
        began -= interval
    return began - max(3 * interval, 2 * QUARTER)
