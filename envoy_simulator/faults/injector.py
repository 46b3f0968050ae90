"""The active faults: when each of them applies, and the order in which their effects are applied."""

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

from envoy_simulator.access_control import AccessControl
from envoy_simulator.faults.fault import COUNTED, OF_A_REQUEST, Fault, FaultContext, Layer, Value
from envoy_simulator.faults.hooks import Identity, Listening
from envoy_simulator.faults.table import FAULTS, find_fault
from envoy_simulator.faults.when import When
from envoy_simulator.http_types import Request, Response, Site
from envoy_simulator.load import Load
from envoy_simulator.steps import Steps


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of the simulator that the injector uses. `changed` is called when the active faults have changed."""

    site: Site
    host: str
    access: Callable[[], AccessControl]
    clock: Callable[[], float]
    load: Callable[[], Load]
    changed: Callable[[], None]


@dataclass(eq=False, slots=True)
class ActiveFault:
    """A fault that is on.

    `began`: when it was switched on, by the gateway's clock; None before the injector is attached to a simulator.
    `count`: the number of requests or connections so far that it could act on. `parts`: the faults of a sequence.
    """

    fault: Fault
    options: dict[str, Value]
    when: When
    began: float | None = None
    count: int = 0
    memory: dict[str, Any] = field(default_factory=dict)
    parts: "dict[str, ActiveFault]" = field(default_factory=dict)


class FaultInjector:
    """Switches faults on and off while the gateway runs. Thread-safe."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._active: tuple[ActiveFault, ...] = ()
        self._target: Target | None = None

    def attach(self, target: Target) -> None:
        with self._lock:
            self._target = target
            for active in self._active:
                active.began = target.clock()

    def on(self, name: str, when: When | None = None, **options: Value) -> ActiveFault:
        """Switch a fault on, in addition to the active ones. The listener has moved when this returns.

        Raises FaultError.
        """
        fault = find_fault(name)
        when = when or When()
        fault.check(endpoints=when.endpoints != (), counts=when.counts)
        active = ActiveFault(fault, fault.options(options), when, self._target.clock() if self._target else None)
        with self._lock:
            self._active = (*self._active, active)
        self._changed()
        return active

    def off(self, fault: ActiveFault) -> None:
        """Switch a fault off. The connections that it acts on are closed."""
        with self._lock:
            self._active = tuple(active for active in self._active if active is not fault)
        self._changed()

    def heal(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._active = ()
        self._changed()

    @contextmanager
    def during(self, name: str, when: When | None = None, **options: Value) -> Iterator[ActiveFault]:
        """Switch a fault on for the length of a `with`."""
        active = self.on(name, when, **options)
        try:
            yield active
        finally:
            self.off(active)

    def _changed(self) -> None:
        if self._target is not None:
            self._target.changed()

    # The hooks.

    def listening(self, usual: Listening) -> Listening | None:
        listening: Listening | None = replace(usual, identity=self.identity())
        for effect in self._effects(Layer.LISTENING):
            if listening is not None:
                listening = effect(listening)
        return listening

    def identity(self) -> Identity:
        identity = Identity()
        for effect in self._effects(Layer.IDENTITY):
            other: Identity = effect()
            identity = Identity(other.profile or identity.profile, other.serial or identity.serial)
        return identity

    def connection(self) -> Steps:
        for effect in self._effects(Layer.CONNECTION):
            yield from effect()

    def context(self, usual: ssl.SSLContext | None) -> ssl.SSLContext | None:
        for effect in self._effects(Layer.TLS):
            usual = effect(usual)
        return usual

    def request(
        self,
        request: Request,
        connection: socket.socket,  # noqa: ARG002  # the server sends the response, through its delivery
        respond: Callable[[Request], Response],
    ) -> Response | None:
        effects = {layer: self._effects(layer, request) for layer in OF_A_REQUEST}
        for effect in effects[Layer.ACCESS]:
            respond = partial(_with_access, effect, respond)
        response = respond(request)
        response = replace(response, body=_with_document(response, effects[Layer.DOCUMENT]))
        for effect in effects[Layer.BODY]:
            response = replace(response, body=effect(response.body))
        for effect in effects[Layer.RESPONSE]:
            response = effect(response)
        if deliveries := [*effects[Layer.MESSAGE], *effects[Layer.WIRE]]:
            return replace(response, delivery=partial(_apply_deliveries, deliveries, response.delivery))
        return response

    def _effects(self, layer: Layer, request: Request | None = None) -> list[Callable[..., Any]]:
        """The effects that apply now, in the order in which they were switched on, with context and parameters."""
        if not self._active or self._target is None:
            return []
        with self._lock:
            return [
                partial(part.fault.effect, context, **part.options)
                for active in self._active
                for part in self._parts(active)
                if part.fault.layer is layer and (context := self._context(part, request)) is not None
            ]

    def _parts(self, active: ActiveFault) -> list[ActiveFault]:
        """The fault itself, or the faults of a sequence at this moment."""
        if active.fault.layer is not Layer.SEQUENCE:
            return [active]
        context = self._context(active, None)
        if context is None:
            return []
        parts = list(active.fault.effect(context, **active.options))
        for name, options in parts:
            if name not in active.parts:
                fault = FAULTS[name]
                active.parts[name] = ActiveFault(fault, fault.options(options), When(), context.now)
        return [active.parts[name] for name, _ in parts]

    def _context(self, active: ActiveFault, request: Request | None) -> FaultContext | None:
        """The context of an effect; None if the fault does not apply."""
        target = self._target
        if target is None or (request is not None and not _concerns(active, request)):
            return None
        now = target.clock()
        since = now - (now if active.began is None else active.began)
        if active.fault.layer in COUNTED:
            active.count += 1
        if not active.when.applies(active.count, since):
            return None
        # Faults that do not act on a request decide which gateway responds, so they cannot depend on that gateway.
        site = target.access().site if request is not None else target.site
        return FaultContext(
            now=now,
            since=since,
            local=datetime.fromtimestamp(now, ZoneInfo(site.timezone)),
            site=site,
            load=target.load(),
            host=target.host,
            random=Random(f"{active.when.seed} {active.fault.name} {active.count}"),  # noqa: S311  # no secret
            number=active.count,
            request=request or Request("", ""),
            memory=active.memory,
        )


def _concerns(active: ActiveFault, request: Request) -> bool:
    own = active.fault.endpoints
    return active.when.concerns(request.path) and (not own or request.path in own)


def _with_access(effect: Callable[..., Response], respond: Callable[[Request], Response], request: Request) -> Response:
    """The effect as a function of the request alone, to be used in place of `respond`."""
    return effect(respond, request)


def _with_document(response: Response, effects: Sequence[Callable[..., Any]]) -> bytes:
    """The body with its document changed; a body that is not JSON is unchanged."""
    if not effects or response.status != 200:  # noqa: PLR2004
        return response.body
    try:
        document = json.loads(response.body)
    except ValueError:
        return response.body
    for effect in effects:
        document = effect(document)
    return json.dumps(document).encode()


def _apply_deliveries(
    deliveries: Sequence[Callable[[Steps], Steps]], first: Callable[[Steps], Steps] | None, steps: Steps
) -> Steps:
    if first is not None:
        steps = first(steps)
    for delivery in deliveries:
        steps = delivery(steps)
    return steps
