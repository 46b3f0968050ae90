"""The faults that are on: which of them strikes when, and in which order their effects are applied."""

import json
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from random import Random
from threading import RLock
from typing import Any
from zoneinfo import ZoneInfo

from envoy_simulator.access_control import FrontDoor
from envoy_simulator.faults.fault import COUNTED, OF_A_REQUEST, Acts, Fault, Occasion, Value
from envoy_simulator.faults.hooks import Guise, Listening
from envoy_simulator.faults.table import FAULTS, named
from envoy_simulator.faults.when import When
from envoy_simulator.http_types import Request, Response, Site
from envoy_simulator.load import Load
from envoy_simulator.steps import Steps


@dataclass(frozen=True, slots=True)
class Bench:
    """The simulator, as far as faults go: what it is, who answers, the time, the load, and word that they changed."""

    site: Site
    host: str
    door: Callable[[], FrontDoor]
    clock: Callable[[], float]
    load: Callable[[], Load]
    changed: Callable[[], None]


@dataclass(eq=False, slots=True)
class Switched:
    """A fault that is on. `began`: by the gateway's clock; None until there is one. `seen`: how much it has seen."""

    fault: Fault
    options: dict[str, Value]
    when: When
    began: float | None = None
    seen: int = 0
    memory: dict[str, Any] = field(default_factory=dict)
    parts: "dict[str, Switched]" = field(default_factory=dict)


class Switchboard:
    """Switches faults on and off while the gateway runs, from any thread."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._on: tuple[Switched, ...] = ()
        self._bench: Bench | None = None

    def attach(self, bench: Bench) -> None:
        with self._lock:
            self._bench = bench
            for each in self._on:
                each.began = bench.clock()

    def on(self, name: str, when: When | None = None, **options: Value) -> Switched:
        """Switch a fault on, in addition to what is; where the gateway listens has changed when this returns.

        Raises FaultError.
        """
        fault = named(name)
        when = when or When()
        fault.check(endpoints=when.endpoints != (), counts=when.counts)
        switched = Switched(fault, fault.options(options), when, self._bench.clock() if self._bench else None)
        with self._lock:
            self._on = (*self._on, switched)
        self._changed()
        return switched

    def off(self, switched: Switched) -> None:
        """What it had in its hands ends: those connections are closed."""
        with self._lock:
            self._on = tuple(each for each in self._on if each is not switched)
        self._changed()

    def heal(self) -> None:
        """All off."""
        with self._lock:
            self._on = ()
        self._changed()

    @contextmanager
    def during(self, name: str, when: When | None = None, **options: Value) -> Iterator[Switched]:
        """On for the length of a `with`."""
        switched = self.on(name, when, **options)
        try:
            yield switched
        finally:
            self.off(switched)

    def _changed(self) -> None:
        if self._bench is not None:
            self._bench.changed()

    # What the server asks.

    def listening(self, usual: Listening) -> Listening | None:
        here: Listening | None = replace(usual, guise=self.guise())
        for effect in self._effects((Acts.LISTENING,)):
            if here is not None:
                here = effect(here)
        return here

    def guise(self) -> Guise:
        guise = Guise()
        for effect in self._effects((Acts.GUISE,)):
            other: Guise = effect()
            guise = Guise(other.profile or guise.profile, other.serial or guise.serial)
        return guise

    def connection(self) -> Steps:
        for effect in self._effects((Acts.CONNECTION,)):
            yield from effect()

    def context(self, usual: ssl.SSLContext | None) -> ssl.SSLContext | None:
        for effect in self._effects((Acts.TLS,)):
            usual = effect(usual)
        return usual

    def request(
        self,
        request: Request,
        connection: socket.socket,  # noqa: ARG002  # the server writes, what the delivery makes of the answer
        answer: Callable[[Request], Response],
    ) -> Response | None:
        effects = {acts: self._effects((acts,), request) for acts in OF_A_REQUEST}
        for effect in effects[Acts.ACCESS]:
            answer = partial(_answered, effect, answer)
        response = answer(request)
        response = replace(response, body=_changed_body(response, effects[Acts.DOCUMENT]))
        for effect in effects[Acts.BODY]:
            response = replace(response, body=effect(response.body))
        for effect in effects[Acts.RESPONSE]:
            response = effect(response)
        if wires := [*effects[Acts.MESSAGE], *effects[Acts.WIRE]]:
            return replace(response, delivery=partial(_through, wires, response.delivery))
        return response

    def _effects(self, acts: Sequence[Acts], request: Request | None = None) -> list[Callable[..., Any]]:
        """Those that strike now, in the order in which they were switched on, with their occasion and parameters."""
        if not self._on or self._bench is None:
            return []
        with self._lock:
            return [
                partial(each.fault.effect, occasion, **each.options)
                for switched in self._on
                for each in self._unfolded(switched)
                if each.fault.acts in acts and (occasion := self._occasion(each, request)) is not None
            ]

    def _unfolded(self, switched: Switched) -> list[Switched]:
        """Itself, or what a sequence consists of at this moment."""
        if switched.fault.acts is not Acts.SEQUENCE:
            return [switched]
        occasion = self._occasion(switched, None)
        if occasion is None:
            return []
        parts = list(switched.fault.effect(occasion, **switched.options))
        for name, options in parts:
            if name not in switched.parts:
                fault = FAULTS[name]
                switched.parts[name] = Switched(fault, fault.options(options), When(), occasion.now)
        return [switched.parts[name] for name, _ in parts]

    def _occasion(self, switched: Switched, request: Request | None) -> Occasion | None:
        """None if it does not strike."""
        bench = self._bench
        if bench is None or (request is not None and not _is_meant(switched, request)):
            return None
        now = bench.clock()
        since = now - (now if switched.began is None else switched.began)
        if switched.fault.acts in COUNTED:
            switched.seen += 1
        if not switched.when.strikes(switched.seen, since):
            return None
        # Who answers depends on the faults that act on no request, so those are not asked about it in turn.
        site = bench.door().site if request is not None else bench.site
        return Occasion(
            now=now,
            since=since,
            local=datetime.fromtimestamp(now, ZoneInfo(site.timezone)),
            site=site,
            load=bench.load(),
            host=bench.host,
            random=Random(f"{switched.when.seed} {switched.fault.name} {switched.seen}"),  # noqa: S311  # no secret
            number=switched.seen,
            request=request or Request("", ""),
            memory=switched.memory,
        )


def _is_meant(switched: Switched, request: Request) -> bool:
    own = switched.fault.endpoints
    return switched.when.is_meant(request.path) and (not own or request.path in own)


def _answered(effect: Callable[..., Response], answer: Callable[[Request], Response], request: Request) -> Response:
    """`effect` with the answerer bound, so that it can stand where an answerer stands."""
    return effect(answer, request)


def _changed_body(response: Response, effects: Sequence[Callable[..., Any]]) -> bytes:
    """Whatever is no JSON stays as it is."""
    if not effects or response.status != 200:  # noqa: PLR2004
        return response.body
    try:
        document = json.loads(response.body)
    except ValueError:
        return response.body
    for effect in effects:
        document = effect(document)
    return json.dumps(document).encode()


def _through(wires: Sequence[Callable[[Steps], Steps]], first: Callable[[Steps], Steps] | None, steps: Steps) -> Steps:
    if first is not None:
        steps = first(steps)
    for wire in wires:
        steps = wire(steps)
    return steps
