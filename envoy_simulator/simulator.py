"""A gateway to run against, simulated or recorded, with real sockets and real authentication."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self, TypedDict, Unpack

from envoy_simulator.access_control import AccessControl
from envoy_simulator.capture import Capture
from envoy_simulator.certificate import can_certify, server_context
from envoy_simulator.documents.moment import QUARTER
from envoy_simulator.faults.hooks import Hooks, Identity
from envoy_simulator.faults.injector import FaultInjector, Target
from envoy_simulator.gateway import SimulatedGateway
from envoy_simulator.http_types import Json, Request, Response, Site
from envoy_simulator.load import Load, LoadCount
from envoy_simulator.pages import is_slow
from envoy_simulator.prng import Purpose, uniform
from envoy_simulator.profiles import PROFILES, Profile
from envoy_simulator.received_bytes import ReceivedBytes
from envoy_simulator.server import Server
from envoy_simulator.system_model import SystemModel
from envoy_simulator.weather import DAY, sun


class Options(TypedDict, total=False):
    """The options that a simulator and a replay have in common."""

    clock: Callable[[], float]
    tls: bool | None
    host: str
    port: int
    username: str
    password: str | None
    latency: float
    sleep: Callable[[float], object] | None
    seed: int
    faults: Hooks


class Simulator:
    """A gateway that listens from `start` to `close`, or for the length of a `with`.

    `gateway`: a profile's name, a profile, or a capture. `clock`: seconds since 1970. `tls`: None is TLS from
    firmware 7 on if trustme is installed. `password`: None is the last six digits of the serial number. `latency`: a
    factor on the seconds that the UI process of a real gateway takes, 0 for none. `day`: seconds from one sunrise to
    the next. `report_interval`: seconds between two reports of an inverter. `step`: seconds for which powers are
    constant.
    """

    def __init__(  # noqa: PLR0913  # every option is given by name
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
        faults: Hooks | None = None,
    ) -> None:
        profile = PROFILES[gateway] if isinstance(gateway, str) else gateway
        self.system: SystemModel | None = None
        self._pace = _Pace(clock(), day, seed, report_interval, step)
        site: Site = profile if isinstance(profile, Capture) else self._pace.gateway(profile)
        if isinstance(site, SimulatedGateway):
            self.system = site.system
        self.site = site
        self.username = username
        self.clock = clock
        self._access = AccessControl(site, clock, username, password)
        self._by_identity: dict[Identity, AccessControl] = {Identity(): self._access}
        self.serial = site.serial
        self.password = self._access.password
        self._tls = tls
        self.scheme = "https" if self._uses_tls(self._access) else "http"
        self._host, self._port = host, port
        self._seed = seed
        self._latency = latency
        self._sleep = sleep
        self._ui_process = Lock()
        self._ui_requests = 0
        self._load = LoadCount()
        self._received = ReceivedBytes()
        self._faults = faults or FaultInjector()
        self.token = self.make_token()
        self.authority: bytes | None = None
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.server: Server | None = None

    @classmethod
    def of_capture(cls, folder: Path, *, at_present: bool = False, **options: Unpack[Options]) -> Self:
        """A replay of the responses in a folder. `at_present`: with all dates moved to now instead of unchanged."""
        return cls(Capture.read(folder, at_present=at_present), **options)

    @property
    def address(self) -> str:
        """`host:port`, after `start`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    @property
    def requires_token(self) -> bool:
        """True from firmware 7 on; on older firmware, some paths require `username` and `password`."""
        return self._access.requires_token

    @property
    def faults(self) -> FaultInjector:
        """The faults to switch on and off. Raises TypeError if the simulator was given other hooks."""
        if not isinstance(self._faults, FaultInjector):
            raise TypeError("this simulator was given other hooks instead of a FaultInjector")
        return self._faults

    @property
    def load(self) -> Load:
        return self._load.snapshot()

    @property
    def received_bytes(self) -> bytes:
        """All bytes that the gateway has received (with TLS, after decryption), up to the last 8 MiB."""
        return self._received.all()

    def reset_load(self) -> None:
        self._load.reset()
        self._received.clear()

    def make_token(self, **claims: Json) -> str:
        """Another token, with these claims instead of the usual ones; None omits a claim."""
        return self._access.tokens.make(**claims)

    def revoke(self) -> None:
        """Reject the password and all existing tokens from now on."""
        self._access.tokens.revoke()
        self._access.digest.revoke()

    def restore(self) -> None:
        """Accept them again."""
        self._access.tokens.restore()
        self._access.digest.restore()

    def start(self) -> None:
        if self.scheme == "https":
            self._contexts[self.serial], self.authority = server_context(self.serial, self._host)
        self.server = Server(
            self.serve,
            load=self._load,
            received=self._received,
            faults=self._faults,
            keep_alive=lambda: self._access_now().requires_token,
            context=self._context_now,
        )
        if isinstance(self._faults, FaultInjector):
            target = Target(
                self.site, self._host, self._access_now, self.clock, self._load.snapshot, self.server.follow_faults
            )
            self._faults.attach(target)
        self._host, self._port = self.server.start(self._host, self._port)

    def close(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def serve(self, request: Request) -> Response:
        """The response, after the latency. Even then a document describes the time of the request."""
        response = self._access_now().respond(request, self.clock())
        if response.status == 200 and is_slow(request.path):  # noqa: PLR2004  # access control rejects at once
            self._wait()
        return response

    def respond(self, request: Request, now: float) -> Response:
        """The response of the gateway at a time, without faults."""
        return self._access.respond(request, now)

    def _access_now(self) -> AccessControl:
        """The access control of the gateway that responds now; a fault may have replaced the gateway."""
        identity = self._faults.identity()
        if identity not in self._by_identity:
            self._by_identity[identity] = self._make_access(identity)
        return self._by_identity[identity]

    def _make_access(self, identity: Identity) -> AccessControl:
        """The access control of another gateway; a capture has only its own."""
        if not isinstance(self.site, SimulatedGateway):
            return self._access
        profile = self.site.profile if identity.profile is None else PROFILES[identity.profile]
        profile = replace(profile, serial=identity.serial or self.serial)
        password = self.password if profile.serial == self.serial else None
        return AccessControl(self._pace.gateway(profile), self.clock, self.username, password)

    def _uses_tls(self, access: AccessControl) -> bool:
        return bool(self._tls or (self._tls is None and access.requires_token and can_certify()))

    def _context_now(self) -> ssl.SSLContext | None:
        access = self._access_now()
        if not self._uses_tls(access):
            return None
        serial = access.site.serial
        if serial not in self._contexts:
            self._contexts[serial], authority = server_context(serial, self._host)
            self.authority = self.authority or authority
        return self._contexts[serial]

    def _wait(self) -> None:
        """Wait as long as the UI process takes: 1 to 6 s, one request at a time."""
        if self._latency <= 0:
            return
        with self._ui_process:
            self._ui_requests += 1
            seconds = self._latency * (1 + 5 * uniform(self._seed, Purpose.LATENCY, self._ui_requests))
            if self._sleep is not None:
                self._sleep(seconds)
            elif self.server is not None:
                self.server.closing.wait(seconds)


@dataclass(frozen=True, slots=True)
class _Pace:
    """When a system begins and how its time passes; the same for a gateway that replaces another."""

    begin: float
    day: float
    seed: int
    report_interval: int | None
    step: float | None

    def gateway(self, profile: Profile) -> SimulatedGateway:
        interval = self.report_interval or max(10, round(profile.report_interval * self.day / DAY))
        start = _start(profile, self.begin, self.day, interval)
        system = SystemModel(profile.design, seed=self.seed, start=start, day=self.day, step=self.step)
        return SimulatedGateway(profile, system, interval)


def _start(profile: Profile, now: float, day: float, interval: int) -> float:
    """When the simulation begins: early enough that every inverter has a whole interval to report.

    With the real sun this is before it last set, because at night the last reports are those of dusk.
    """
    if day != DAY:
        return now - max(3 * interval, day / 24)
    began = now
    while sun(profile.design.latitude, profile.design.longitude, began).up <= 0 and now - began < DAY:
        began -= interval
    return began - max(3 * interval, 2 * QUARTER)
