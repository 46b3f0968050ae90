"""Rules with a memory: each value is compared with what the same object reported before.

All of them share one rule of time: a suspect value is rejected, and accepted once it has lasted for ten minutes. So a
wrong value is not exposed, and a true one is not held back indefinitely. An object that is missing from its document
for as long is forgotten. Times are those of the requests, so a document that is read twice is judged the same twice.
The memory belongs to one gateway; a meter and its configuration are part of the key. Another firmware does not make a
new register: an update ends with a restart, and that is when zeros come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from envoy_exporter import entries
from envoy_exporter.documents import Documents
from envoy_exporter.entries import Meter
from envoy_exporter.fields import MAX_DEVICES, FieldReader, Fields

ZERO_AFTER_VALUE, PHASE_LOST, FROZEN = RULES = ("zero_after_value", "phase_lost", "frozen")

HOLD = 600.0
"""Seconds after which a suspect value is accepted, and a missing object forgotten."""
MINIMUM_DOCUMENTS = 5
"""In at least as many documents: two, with a pause between them, are two restarts of the gateway."""
STALL_TOLERANCE = 1800.0
"""Seconds for which a register may stay the same: `/api/v1/production` of a metered gateway moves every 15 minutes."""
MOVING_WATTS = 50.0
"""Watts that must move a register. Inverters at night draw less than ten."""
LIVE_VOLTS = 50.0
"""Volts of a live phase: one that is not wired shows up to a dozen (7.3.466_with_cts_3phase)."""
MAX_REMEMBERED = 4 * MAX_DEVICES
"""Objects remembered for a collector; further ones are not."""

Key = tuple[str | int, ...]
"""The endpoint, and the name of the object in its document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A lifetime energy register among the fields of an object.

    `power` is the field that moves it; if `out`, its negative does. `derived` are fields that the gateway computes from
    it. `dated` is the field with the time of a report that is repeated until the next one. `step` is the resolution in
    Wh.
    """

    key: str
    power: str | None = None
    out: bool = False
    derived: tuple[str, ...] = ()
    dated: str | None = None
    step: float = 1.0


METER_REGISTERS = (
    Register(key="actEnergyDlvd", power="activePower"),
    Register(key="actEnergyRcvd", power="activePower", out=True),
    Register(key="apparentEnergy"),
    Register(key="reactEnergyLagg"),
    Register(key="reactEnergyLead"),
)
_UNSIGNED = tuple(Register(key=register.key) for register in METER_REGISTERS)
SIGNED = ("production", "net-consumption", "total-consumption", "storage")
"""Types of meter whose power is known to move a certain register; of backfeed, load, evse and pv3p it is not known."""
_PHASE_KEYS = {
    "channels": ("voltage", "current", "activePower", "actEnergyDlvd", "actEnergyRcvd"),
    "lines": ("rmsVoltage", "rmsCurrent", "wNow", "whLifetime"),
}
"""The fields that are zero in a lost phase, voltage first; the frequency is not (8.2.127_with_generator_running)."""


@dataclass(frozen=True, slots=True)
class Stall:
    """A register that stays the same while power flows.

    From when until when, the power at the end, and the Wh that flowed by then. `steady`: the power was the same, too.
    """

    since: float
    until: float
    watts: float
    watt_hours: float = 0.0
    steady: bool = True


@dataclass(frozen=True, slots=True)
class Suspicion:
    """From when until when a value has been suspect, and in how many documents."""

    since: float
    until: float
    documents: int = 1

    @property
    def is_over(self) -> bool:
        return self.until - self.since >= HOLD and self.documents >= MINIMUM_DOCUMENTS


@dataclass(frozen=True, slots=True)
class RegisterState:
    """The last accepted value of a register; a suspicion if it reports 0 instead; a stall if it has not moved."""

    value: float
    zero: Suspicion | None = None
    stall: Stall | None = None


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What is remembered of one object. `phases`: the places of those that were live; `lost`: one of them is not."""

    registers: Mapping[str, RegisterState] = field(default_factory=dict)
    phases: frozenset[int] = frozenset()
    lost: Suspicion | None = None
    missing_since: float | None = None


_NEW = DeviceState()


@dataclass(frozen=True, slots=True)
class PlausibilityState:
    """What a collector remembers of a gateway from one reading to the next."""

    serial: str | None = None
    devices: Mapping[Key, DeviceState] = field(default_factory=dict)


class PlausibilityFilter:
    """Compares one set of documents with the state before it. Another gateway starts without a state."""

    def __init__(self, documents: Documents, before: PlausibilityState) -> None:
        serial = entries.device(documents, "sn")
        same = None in (serial, before.serial) or serial == before.serial
        self._serial = serial or before.serial
        self._seen = documents
        self._before = before.devices if same else {}
        self._now: dict[Key, DeviceState] = {}

    def accepted(self, name: Key, fields: FieldReader, registers: Sequence[Register]) -> FieldReader:
        """The fields of an object without those that are rejected, which so are missing for their readers.

        If every register of the object that ever had a value is zero, the zeros beside them are rejected too.
        """
        device = self._device(fields.endpoint, name)
        requested_at = self._requested_at(fields.endpoint)
        states, stalled, fallen = dict(device.registers), set[str](), set[str]()
        for register in registers:
            value = fields.raw_number(register.key)
            if value is None:
                continue
            before = device.registers.get(register.key)
            state = states[register.key] = _next_state(before, value, fields, register, requested_at)
            if state.zero is not None:
                fields.reject(ZERO_AFTER_VALUE, register.key)
                fallen.add(register.key)
            elif is_frozen(state.stall, register.step):
                stalled |= {register.key, *register.derived, *_steady(state.stall, register)}
        for key in sorted(stalled & fields.fields.keys()):
            fields.reject(FROZEN, key)
        self._now[fields.endpoint, *name] = replace(device, registers=states)
        kept = {key: value for key, value in fields.fields.items() if key not in stalled | fallen}
        restarted = fallen and all(key in fallen for key, state in states.items() if state.value != 0 and key in fields)
        return fields.of(_without_zeros(kept) if restarted else kept)

    def phase_lost(self, name: Key, fields: FieldReader, phases: str, count: int) -> bool:
        """Whether a phase that was live is zero in all its fields while another is live: then their sum is wrong too.

        8.3.6086 did so to one half of a split-phase storage CT, for one poll (pyenphase#478). A phase that was never
        live is not lost (8.3.1598_collar's backfeed), and one that stays away is accepted as gone. `phases` is the key
        of their list: "channels" of a meter, or "lines" of the site.
        """
        keys = _PHASE_KEYS[phases]
        device = self._device(fields.endpoint, name)
        requested_at = self._requested_at(fields.endpoint)
        uncounted = FieldReader(fields.fields, fields.endpoint)
        sent = {place: phase for place, phase in uncounted.numbered(fields.fields.get(phases)) if place < count}
        live = {place for place, phase in sent.items() if (phase.raw_number(keys[0]) or 0) > LIVE_VOLTS}
        dead = {place for place, phase in sent.items() if keys[0] in phase and _is_zero(phase, keys)}
        lost = device.phases & dead if live else frozenset[int]()
        suspicion = _suspected(device.lost, requested_at) if lost else None
        suspect = suspicion is not None and not suspicion.is_over
        known = device.phases - (sent.keys() - dead) if suspect or not lost else frozenset[int]()
        self._now[fields.endpoint, *name] = replace(device, phases=known | live, lost=suspicion if suspect else None)
        if suspect:
            fields.reject(PHASE_LOST, phases)
        return suspect

    def meter(self, meter: Meter, fields: FieldReader) -> FieldReader | None:
        """The accepted fields of a CT's reading; None if it has lost a phase."""
        name = meter_name(meter)
        if self.phase_lost(name, fields, "channels", meter.phases):
            return None
        return self.accepted(name, fields, _registers(meter))

    def channel(self, meter: Meter, phase: str, fields: FieldReader) -> FieldReader:
        """The accepted fields of one phase of a CT's reading."""
        return self.accepted((*meter_name(meter), phase), fields, _registers(meter))

    def state(self) -> PlausibilityState:
        """What to remember: the objects of these documents, and for ten minutes those that their document lacks."""
        missing = ((key, self._missing(key, device)) for key, device in self._before.items() if key not in self._now)
        kept = ((key, device) for key, device in missing if device is not None)
        old = self._now.keys() & self._before.keys()
        first = ((key, self._now[key]) for key in self._now if key in old)
        new = ((key, device) for key, device in self._now.items() if key not in old)
        return PlausibilityState(self._serial, dict(islice(chain(first, kept, new), MAX_REMEMBERED)))

    def _missing(self, key: Key, device: DeviceState) -> DeviceState | None:
        endpoint = str(key[0])
        if endpoint not in self._seen.available:
            return device  # without the document, it is not known whether the object is missing
        requested_at = self._requested_at(endpoint)
        since = _since(device.missing_since, requested_at)
        return replace(device, missing_since=since) if requested_at - since < HOLD else None

    def _device(self, endpoint: str, name: Key) -> DeviceState:
        device = self._now.get((endpoint, *name)) or self._before.get((endpoint, *name), _NEW)
        if device.missing_since is None:
            return device
        long_gone = self._requested_at(endpoint) - device.missing_since >= HOLD
        return _NEW if long_gone else replace(device, missing_since=None)

    def _requested_at(self, endpoint: str) -> float:
        document = self._seen.available.get(endpoint)
        return document.requested_at if document else 0.0


def _registers(meter: Meter) -> Sequence[Register]:
    return METER_REGISTERS if meter.type in SIGNED else _UNSIGNED


def meter_name(meter: Meter) -> Key:
    """A meter that is configured as another type, or with other phases, is another meter."""
    return (meter.eid, meter.type, meter.phases)


def is_frozen(stall: Stall | None, step: float) -> bool:
    """Whether a register did not move in half an hour of power that clearly exceeds its step."""
    return stall is not None and stall.until - stall.since >= STALL_TOLERANCE and stall.watt_hours > 2 * step


def _next_state(
    before: RegisterState | None, value: float, fields: FieldReader, register: Register, requested_at: float
) -> RegisterState:
    if value == 0 and before is not None and before.value != 0:
        suspicion = _suspected(before.zero, requested_at)
        return RegisterState(value) if suspicion.is_over else RegisterState(before.value, zero=suspicion)
    watts = (fields.raw_number(register.power) or 0.0) * (-1 if register.out else 1) if register.power else 0.0
    at = fields.raw_number(register.dated) if register.dated else requested_at
    if watts <= MOVING_WATTS or not at:
        return RegisterState(value)
    stall = before.stall if before is not None and before.value == value else None
    # After a pause the gateway may have been off; between two reports of a device it was not.
    if stall is None or at < stall.until or (at - stall.until > HOLD and not register.dated):
        return RegisterState(value, stall=Stall(at, at, watts))
    flowed = min(watts, stall.watts) * (at - stall.until) / 3600
    steady = stall.steady and watts == stall.watts
    return RegisterState(value, stall=Stall(stall.since, at, watts, stall.watt_hours + flowed, steady))


def _steady(stall: Stall | None, register: Register) -> set[str]:
    """The power too, if in all that time it was the same to the last digit."""
    return {register.power} if stall is not None and stall.steady and register.power else set()


def _suspected(before: Suspicion | None, requested_at: float) -> Suspicion:
    """The suspicion with one more document, which was requested then."""
    if before is None or before.since > requested_at:
        return Suspicion(requested_at, requested_at)
    return Suspicion(before.since, requested_at, before.documents + (requested_at != before.until))


def _is_zero(phase: FieldReader, keys: Sequence[str]) -> bool:
    return all(phase.raw_number(key) == 0 for key in keys if key in phase)


def _since(since: float | None, requested_at: float) -> float:
    """The earlier of the two times, unless the clock has been set back."""
    return requested_at if since is None or since > requested_at else since


def _without_zeros(fields: Fields) -> dict[str, object]:
    kept = {key: _without_zeros(value) if isinstance(value, dict) else value for key, value in fields.items()}
    return {key: value for key, value in kept.items() if isinstance(value, bool) or value != 0}
