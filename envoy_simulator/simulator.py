"""A gateway to run against: a simulated or a recorded one, behind real sockets and real locks."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self, TypedDict, Unpack

from envoy_simulator.access_control import FrontDoor
from envoy_simulator.capture import Capture
from envoy_simulator.certificate import can_certify, server_context
from envoy_simulator.documents.moment import QUARTER
from envoy_simulator.faults.hooks import Faults, Guise
from envoy_simulator.faults.injector import Bench, Switchboard
from envoy_simulator.gateway import SimulatedGateway
from envoy_simulator.http_types import Json, Request, Response, Site
from envoy_simulator.load import Load, LoadCount
from envoy_simulator.pages import is_slow
from envoy_simulator.prng import Purpose, chance
from envoy_simulator.profiles import PROFILES, Profile
from envoy_simulator.received_bytes import Received
from envoy_simulator.server import Server
from envoy_simulator.system_model import Plant
from envoy_simulator.weather import DAY, sun


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
        self._pace = _Pace(clock(), day, seed, report_interval, step)
        site: Site = profile if isinstance(profile, Capture) else self._pace.gateway(profile)
        if isinstance(site, SimulatedGateway):
            self.plant = site.plant
        self._site = site
        self.username = username
        self._clock = clock
        self._own = FrontDoor(site, clock, username, password)
        self._doors: dict[Guise, FrontDoor] = {Guise(): self._own}
        self.serial = site.serial
        self.password = self._own.password
        self._tls = tls
        self.scheme = "https" if self._wants_tls(self._own) else "http"
        self._host, self._port = host, port
        self._seed = seed
        self._latency = latency
        self._sleep = sleep
        self._ui_process = Lock()
        self._ui_requests = 0
        self._load = LoadCount()
        self._received = Received()
        self._faults = faults or Switchboard()
        self.token = self.make_token()
        self.authority: bytes | None = None
        self._contexts: dict[str, ssl.SSLContext] = {}
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
        return self._own.wants_token

    @property
    def faults(self) -> Switchboard:
        """Faults to switch on and off. Raises TypeError where it was given others in their place."""
        if not isinstance(self._faults, Switchboard):
            raise TypeError("this simulator was given faults of your own; switch those")
        return self._faults

    @property
    def load(self) -> Load:
        return self._load.snapshot()

    @property
    def received(self) -> bytes:
        """Every byte that it was sent so far (of TLS, what was inside), up to the last 8 MiB."""
        return self._received.all()

    def reset_load(self) -> None:
        self._load.reset()
        self._received.clear()

    def make_token(self, **claims: Json) -> str:
        """Another token, with these claims instead of the usual ones; None leaves a claim out."""
        return self._own.tokens.make(**claims)

    def revoke(self) -> None:
        """From now on refuse the password, and every token there is so far."""
        self._own.tokens.revoke()
        self._own.digest.revoke()

    def restore(self) -> None:
        """Take them again."""
        self._own.tokens.restore()
        self._own.digest.restore()

    def start(self) -> None:
        if self.scheme == "https":
            self._contexts[self.serial], self.authority = server_context(self.serial, self._host)
        self._server = Server(
            self._answer,
            load=self._load,
            received=self._received,
            faults=self._faults,
            keep_alive=lambda: self._door().wants_token,
            context=self._context_now,
        )
        if isinstance(self._faults, Switchboard):
            bench = Bench(
                self._site, self._host, self._door, self._clock, self._load.snapshot, self._server.follow_faults
            )
            self._faults.attach(bench)
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
        response = self._door().respond(request, self._clock())
        if response.status == 200 and is_slow(request.path):  # noqa: PLR2004  # refusals come from the front door
            self._wait()
        return response

    def respond(self, request: Request, now: float) -> Response:
        """What the gateway in good health says to a request at an instant."""
        return self._own.respond(request, now)

    def _door(self) -> FrontDoor:
        """Ours, or that of the gateway in whose guise we are."""
        guise = self._faults.guise()
        if guise not in self._doors:
            self._doors[guise] = self._door_of(guise)
        return self._doors[guise]

    def _door_of(self, guise: Guise) -> FrontDoor:
        """A capture has but the one."""
        if not isinstance(self._site, SimulatedGateway):
            return self._own
        profile = self._site.profile if guise.profile is None else PROFILES[guise.profile]
        profile = replace(profile, serial=guise.serial or self.serial)
        password = self.password if profile.serial == self.serial else None
        return FrontDoor(self._pace.gateway(profile), self._clock, self.username, password)

    def _wants_tls(self, door: FrontDoor) -> bool:
        return bool(self._tls or (self._tls is None and door.wants_token and can_certify()))

    def _context_now(self) -> ssl.SSLContext | None:
        door = self._door()
        if not self._wants_tls(door):
            return None
        serial = door.site.serial
        if serial not in self._contexts:
            self._contexts[serial], authority = server_context(serial, self._host)
            self.authority = self.authority or authority
        return self._contexts[serial]

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


@dataclass(frozen=True, slots=True)
class _Pace:
    """When a plant begins, and how its time passes: the same for each gateway that stands in for another."""

    begin: float
    day: float
    seed: int
    report_interval: int | None
    step: float | None

    def gateway(self, profile: Profile) -> SimulatedGateway:
        interval = self.report_interval or max(10, round(profile.report_interval * self.day / DAY))
        start = _start(profile, self.begin, self.day, interval)
        plant = Plant(profile.design, seed=self.seed, start=start, day=self.day, step=self.step)
        return SimulatedGateway(profile, plant, interval)


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
